import { likeOneOf } from '../../randomness.ts'
import type { Check } from '../check.ts'

/** How the server reads the Cookie header. */
export const cookieHeader: readonly Check[] = [
  {
    id: 'doubled-cookie',
    severity: 'low',
    title: 'Of two session cookies the server silently takes one',
    fix: 'Refuse a request with two of them, or name the cookie `__Host-…`, so that no other host can add one.',
    sources: ['RFC 6265bis §4.2.2, §8.6'],
    async look(site) {
      const name = site.cookieName
      if (/^__Host-/i.test(name)) return undefined
      const valid = site.cookieLine(await site.signedIn())
      const foreign = `${name}=${likeOneOf(site.issuedValues())}`
      const isFirst = await site.admits(`${valid}; ${foreign}`)
      const isSecond = await site.admits(`${foreign}; ${valid}`)
      if (!isFirst && !isSecond) return undefined
      return { seen: `the ${isFirst && isSecond ? 'valid' : isFirst ? 'first' : 'last'} one counts` }
    },
  },
  {
    id: 'cookie-name-variants',
    severity: 'low',
    title: 'The session cookie is taken under other names too',
    fix: 'Compare names byte by byte, undecoded: another name has no `__Host-` that protects it.',
    sources: ['RFC 6265bis §5.7', 'CVE-2020-7070', 'CVE-2022-31629'],
    async look(site) {
      const { cookieName } = site
      const line = site.cookieLine(await site.signedIn())
      const value = line.slice(0, line.includes(';') ? line.indexOf(';') : undefined).slice(cookieName.length)
      const others = line.includes(';') ? line.slice(line.indexOf(';')) : ''
      for (const name of variantsOf(cookieName)) {
        if (!(await site.admits(name + value + others))) continue
        const severity = /^__Host-|^__Secure-/i.test(cookieName) ? 'medium' : 'low'
        return { seen: `${JSON.stringify(name)} opens the session that ${cookieName} opens`, severity }
      }
      return undefined
    },
  },
]

function variantsOf(name: string): string[] {
  const encoded = `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`
  const variants = [encoded, name.toUpperCase(), name.toLowerCase(), `.${name.slice(1)}`, `..${name.slice(2)}`]
  return [...new Set([...variants, name.replaceAll('_', '.'), `\xa0${name}`])].filter((variant) => variant !== name)
}
