import { likeOneOf } from '../../randomness.ts'
import type { Check } from '../check.ts'
import type { Exchange } from '../visitor.ts'

/** Where the id is to be found beside the cookie. */
export const leaks: readonly Check[] = [
  {
    id: 'id-in-url',
    severity: 'high',
    title: 'The session id is taken from the address',
    fix: 'Take it from the cookie alone: addresses are kept in histories and logs, and passed on.',
    sources: ['ASVS 5.0 14.2.1', 'OWASP WSTG-SESS-04', 'CWE-598'],
    async look(site) {
      const visitor = await site.signedIn()
      const { me } = site.options
      const value = visitor.cookie(site.cookieName) ?? ''
      const forged = likeOneOf(site.issuedValues())
      const [path = '', query] = me.split('?')
      const addresses = (id: string): string[] => {
        const pair = `${site.cookieName}=${id}`
        return [`${path}?${query ? `${query}&` : ''}${pair}`, `${path};${pair}${query ? `?${query}` : ''}`]
      }
      for (const [index, address] of addresses(value).entries()) {
        if (!site.page.shows(await site.newVisitor().ask(address))) continue
        // Another page may be at that address, for everybody.
        if (site.page.shows(await site.newVisitor().ask(addresses(forged)[index]!))) continue
        return { seen: `GET ${address.replace(value, '…')} without a cookie is signed in` }
      }
      return undefined
    },
  },
  {
    id: 'id-echoed',
    severity: 'medium',
    title: 'The session id is written where scripts can read it',
    fix: 'Let it leave the server in Set-Cookie only; HttpOnly is in vain otherwise.',
    sources: ['ASVS 5.0 3.3.4, 14.2.1', 'OWASP WSTG-SESS-04'],
    look(site) {
      for (const exchange of site.exchanges) {
        for (const name of site.cookieNames) {
          const place = placeOf(exchange.cookies.get(name), exchange)
          if (!place) continue
          const severity = place === 'Location' ? 'high' : 'medium'
          return { seen: `${exchange.method} ${exchange.path.split('?')[0]} has it in ${place}`, severity }
        }
      }
      return undefined
    },
  },
]

function placeOf(value: string | undefined, { response }: Exchange): string | undefined {
  if (value === undefined || value.length < 8) return undefined
  for (const secret of new Set([value, decoded(value), idOfSigned(value)])) {
    if (response.text.includes(secret)) return 'its body'
    const header = response.headers.find(([name, text]) => !/^set-cookie$/i.test(name) && text.includes(secret))
    if (header) return header[0]
  }
  return undefined
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** Of `s:id.signature` and `id.signature` the id, if it is long enough to be one. */
function idOfSigned(value: string): string {
  const id = /^(?:s:)?([\w-]{16,})\.[\w+/=-]{16,}$/.exec(decoded(value))?.[1]
  return id ?? value
}
