import { setTimeout as sleep } from 'node:timers/promises'
import { browserHeaders } from '../../http/browser.ts'
import { Connection } from '../../http/connection.ts'
import { requestBytes } from '../../http/request-bytes.ts'
import { type Check, NotAskable } from '../check.ts'
import type { Site } from '../site.ts'

/** Milliseconds in which a server surely has read a session. */
const longEnough = 200

/**
 * Sends the heads of some requests with the session's cookie, and their bodies only after the logout: a server that has read
 * the session with the head and writes it at the end of the request brings it back.
 */
export const logoutUndone: Check = {
  id: 'logout-undone',
  severity: 'high',
  title: 'A request that is under way during the logout brings the session back',
  fix: 'Let saving a session change only one that is still there: a store needs an update beside its insert.',
  sources: ['ASVS 5.0 7.4.1', 'CVE-2025-46336', 'CWE-613'],
  async look(site) {
    const { logout, me, login, start, connection } = site.options
    if (logout === undefined) throw new NotAskable('--logout is not given')
    const visitor = await site.newSignedIn()
    const cookie = site.cookieLine(visitor)
    const paths = [...new Set([me, login, start])]
    const held = await Promise.all(paths.map(() => Connection.open(site.options.url, connection)))
    try {
      for (const [index, path] of paths.entries()) held[index]!.begin(headOf(site, path, cookie))
      await sleep(longEnough)
      await visitor.logout()
      if (await site.admits(cookie)) throw new NotAskable('logging out ends nothing')
      for (const [index, path] of paths.entries()) {
        // What comes of the request itself does not matter; a server may have given it up.
        await held[index]!.exchange('a=1').catch(() => {})
        if (!(await site.admits(cookie))) continue
        return { seen: `after a POST ${path}, begun before the logout and ended after it, the old cookie is signed in` }
      }
      return undefined
    } finally {
      for (const each of held) each.close()
    }
  },
}

function headOf(site: Site, path: string, cookie: string): Uint8Array {
  const { origin, host } = new URL(site.options.url)
  const headers = {
    Host: host,
    Connection: 'close',
    Cookie: cookie,
    'Content-Type': 'application/x-www-form-urlencoded',
    'Content-Length': '3',
    ...browserHeaders(origin, 'POST', 'same-origin', true),
  }
  return requestBytes({ method: 'POST', target: path, headers: Object.entries(headers) })
}
