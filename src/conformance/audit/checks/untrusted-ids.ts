import { ExchangeError } from '../../http/connection.ts'
import type { HttpResponse } from '../../http/http-response.ts'
import { likeOneOf } from '../../randomness.ts'
import type { Check } from '../check.ts'
import { masked, type Site } from '../site.ts'

/** What is no id, and what some servers made of it. */
const malformed: readonly (readonly [what: string, value: string])[] = [
  ['an empty value', ''],
  ['one letter', 'x'],
  ['5,000 letters', 'x'.repeat(5000)],
  ['a path', '../../../../etc/passwd'],
  ['an encoded path', '..%2f..%2f..%2fetc%2fpasswd'],
  ['a percent sign alone', '%'],
  ['broken UTF-8', '%E0%A4%A'],
  ['an encoded NUL', 'abc%00def'],
  ['an encoded line end', 'abc%0d%0aX-Audit:%201'],
  ['bytes above 0x7F', '\xff\xfe\xe2\x84\xaa'],
  ['a quote', "' OR '1'='1"],
  ['__proto__', '__proto__'],
  ['a signature without an id', 's%3A.'],
  ['JSON', '{"a":1}'],
  ['an object, to PHP and qs', 'a[]=1'],
]

/** Ids that the server did not make. */
export const untrustedIds: readonly Check[] = [
  {
    id: 'made-up-id',
    severity: 'high',
    title: 'An id that a visitor has made up becomes their session',
    fix: 'Take only ids that the server has made (PHP: session.use_strict_mode): an attacker can plant one and wait for the login.',
    sources: ['OWASP Session Management Cheat Sheet, Strict Session Management', 'OWASP WSTG-SESS-03', 'CWE-384'],
    async look(site) {
      const { first, cookieName } = site
      const forged = likeOneOf(site.issuedValues())
      const giving = first.visitor.exchanges.find(({ cookies }) => cookies.has(cookieName))
      const { path } = giving ?? first.visitor.exchanges[0]!
      const response = await site.newVisitor().meWith(`${cookieName}=${forged}`, path)
      if (setBy(response, cookieName).includes(forged)) return { seen: `${masked(forged)} comes back as the cookie` }
      if (giving?.method === 'GET' && first.anonymous.has(cookieName) && setBy(response, cookieName).length === 0) {
        return { seen: `GET ${path} gives an id to those who have none, and leaves a made-up one` }
      }

      const visitor = site.newVisitor()
      visitor.browser.jar.accept(site.options.url, `${cookieName}=${forged}; Path=/${site.isHttps ? '; Secure' : ''}`)
      await visitor.login()
      if (!(await site.admits(site.cookieLine(visitor, forged)))) return undefined
      return { seen: `${masked(forged)}, planted before a login, is signed in after it` }
    },
  },
  {
    id: 'malformed-id',
    severity: 'medium',
    title: 'A malformed cookie makes the server fail',
    fix: 'Take a cookie that is no id for no cookie: it is input from anybody.',
    sources: ['ASVS 5.0 16.5.3', 'OWASP Session Management Cheat Sheet, Manage Session ID as Any Other User Input'],
    async look(site) {
      for (const [what, value] of malformed) {
        const seen = await failureOf(site, `${site.cookieName}=${value}`)
        if (seen) return { seen: `${what}: ${seen}` }
      }
      return undefined
    },
  },
  {
    id: 'id-reflected',
    severity: 'medium',
    title: 'The page shows whatever the cookie holds',
    fix: 'Write no cookie’s value into a page or a header.',
    sources: ['OWASP Session Management Cheat Sheet, Manage Session ID as Any Other User Input', 'CWE-79'],
    async look(site) {
      const marker = "zq9coat<i>'"
      for (const path of new Set([site.options.me, site.options.start, site.options.login])) {
        const response = await site.newVisitor().meWith(`${site.cookieName}=${marker}`, path)
        if (response.text.includes(marker))
          return { seen: `GET ${path} writes it into the page, unescaped`, severity: 'high' }
        if (response.text.includes('zq9coat')) return { seen: `GET ${path} writes it into the page` }
        const header = response.headerLines.find((line) => line.includes('zq9coat'))
        if (header) return { seen: `GET ${path} writes it into ${header.slice(0, header.indexOf(':'))}` }
      }
      return undefined
    },
  },
]

async function failureOf(site: Site, cookie: string): Promise<string | undefined> {
  for (const path of new Set([site.options.me, site.options.login])) {
    try {
      const { status } = await site.newVisitor().meWith(cookie, path)
      if (status >= 500) return `GET ${path} is answered with ${status}`
    } catch (error) {
      if (error instanceof ExchangeError) return `GET ${path}: ${error.message}`
      throw error
    }
  }
  return undefined
}

function setBy(response: HttpResponse, name: string): string[] {
  return response.setCookies.flatMap((line) =>
    line.startsWith(`${name}=`) ? [line.slice(name.length + 1).split(';')[0]!] : [],
  )
}
