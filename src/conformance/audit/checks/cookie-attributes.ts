import { deviationsOf } from '../../http/set-cookie-grammar.ts'
import { type Check, NotAskable } from '../check.ts'
import { attributeOf, type Site } from '../site.ts'

const overHttps = (site: Site): void => {
  if (!site.isHttps) throw new NotAskable('over plain http no cookie can have it')
}

/** The names of the session cookies that some line sets in this way. */
function namesWhere(site: Site, isSo: (has: (name: string) => string | undefined, name: string) => boolean): string[] {
  const lines = site.sessionCookieLines()
  const found = lines.filter(({ cookie }) => isSo((attribute) => attributeOf(cookie, attribute), cookie.name))
  return [...new Set(found.map(({ cookie }) => cookie.name))]
}

export const cookieAttributes: readonly Check[] = [
  {
    id: 'cookie-prefix',
    severity: 'medium',
    title: 'Another host of this domain can set the session cookie',
    fix: 'Name it `__Host-…`, with Secure, Path=/ and no Domain: browsers then take it from this host alone.',
    sources: ['ASVS 5.0 3.3.1, 3.3.3', 'RFC 6265bis §4.1.3.2', 'NIST SP 800-63B-4 §5.1.1'],
    look(site) {
      overHttps(site)
      const names = site.cookieNames.filter((name) => !/^__Host-/i.test(name))
      if (names.length === 0) return undefined
      const hasSecure = names.every((name) => /^__(Secure|Http)-/i.test(name))
      return { seen: `it is called ${names.join(', ')}`, severity: hasSecure ? 'low' : 'medium' }
    },
  },
  {
    id: 'cookie-secure',
    severity: 'high',
    title: 'The session cookie is sent over plain http too',
    fix: 'Set it with Secure. Behind a proxy that ends https, tell the application so.',
    sources: ['ASVS 5.0 3.3.1', 'RFC 6265bis §4.1.2.5', 'OWASP Session Management Cheat Sheet, Secure Attribute'],
    look(site) {
      overHttps(site)
      const names = namesWhere(site, (has) => has('Secure') === undefined)
      return names.length > 0 ? { seen: `${names.join(', ')} is set without Secure` } : undefined
    },
  },
  {
    id: 'cookie-httponly',
    severity: 'high',
    title: 'Scripts can read the session cookie',
    fix: 'Set it with HttpOnly: a script that was smuggled in can then not carry it away.',
    sources: ['ASVS 5.0 3.3.4', 'RFC 6265bis §4.1.2.6', 'NIST SP 800-63B-4 §5.1.1'],
    look(site) {
      const names = namesWhere(site, (has) => has('HttpOnly') === undefined)
      return names.length > 0 ? { seen: `${names.join(', ')} is set without HttpOnly` } : undefined
    },
  },
  {
    id: 'cookie-samesite',
    severity: 'medium',
    title: 'Other sites’ requests may carry the session cookie',
    fix: 'Set it with SameSite=Lax or Strict: without it only Chromium takes Lax, and not in the first two minutes.',
    sources: ['ASVS 5.0 3.3.2', 'RFC 6265bis §4.1.2.7', 'OWASP CSRF Prevention Cheat Sheet'],
    look(site) {
      const names = namesWhere(site, (has) => !/^(lax|strict)$/i.test(has('SameSite') ?? ''))
      if (names.length === 0) return undefined
      const isNone = namesWhere(site, (has) => /^none$/i.test(has('SameSite') ?? '')).length > 0
      return { seen: `${names.join(', ')} is set ${isNone ? 'with SameSite=None' : 'without SameSite'}` }
    },
  },
  {
    id: 'cookie-domain',
    severity: 'medium',
    title: 'Every host below the domain gets the session cookie',
    fix: 'Leave Domain out: the cookie then goes to this host alone.',
    sources: ['ASVS 5.0 3.3.3', 'RFC 6265bis §4.1.2.3', 'NIST SP 800-63B-4 §5.1.1'],
    look(site) {
      const domains = new Set(site.sessionCookieLines().flatMap(({ cookie }) => attributeOf(cookie, 'Domain') || []))
      return domains.size > 0 ? { seen: `it is set with Domain=${[...domains].join(', ')}` } : undefined
    },
  },
  {
    id: 'cookie-lifetime',
    severity: 'low',
    title: 'The session cookie outlives the browser',
    fix: 'Leave out Max-Age and Expires, but for visitors who ask to be remembered; limit the session on the server.',
    sources: ['NIST SP 800-63B-4 §5.1', 'OWASP Session Management Cheat Sheet, Expire and Max-Age Attributes'],
    look(site) {
      for (const { cookie } of site.sessionCookieLines()) {
        const maxAge = attributeOf(cookie, 'Max-Age')
        const expires = attributeOf(cookie, 'Expires')
        if (maxAge !== undefined || expires !== undefined) {
          const given = maxAge !== undefined ? `Max-Age=${maxAge}` : `Expires=${expires}`
          return { seen: `${cookie.name} is set with ${given}` }
        }
      }
      return undefined
    },
  },
  {
    id: 'cookie-name',
    severity: 'low',
    title: 'The cookie’s name tells which software makes it',
    fix: 'Give it a name that says nothing, such as `__Host-id`.',
    sources: ['OWASP Session Management Cheat Sheet, Session ID Name Fingerprinting'],
    look(site) {
      const telling = site.cookieNames.flatMap((name) => {
        const software = madeBy.get(name.replace(/^__(Host-Http|Host|Secure|Http)-/i, ''))
        return software ? [`${name} is what ${software} calls it`] : []
      })
      return telling.length > 0 ? { seen: telling.join('; ') } : undefined
    },
  },
  {
    id: 'cookie-grammar',
    severity: 'low',
    title: 'The session cookie is not written by the rules',
    fix: 'Write it as RFC 6265bis §4.1.1 says: browsers and proxies differ in what they make of the rest.',
    sources: ['RFC 6265bis §4.1.1'],
    look(site) {
      const faults = site.exchanges
        .flatMap(({ response }) => deviationsOf(response.setCookies))
        .filter(({ cookie }) => site.cookieNames.includes(cookie))
        // Max-Age=0 is not in the grammar, and deletes in every browser (§5.6.2).
        .filter(({ code }) => code !== 'max-age' && code !== 'same-name-twice')
      return faults.length > 0 ? { seen: [...new Set(faults.map(({ message }) => message))].join('; ') } : undefined
    },
  },
  {
    id: 'cookie-twice',
    severity: 'low',
    title: 'One response sets the session cookie twice',
    fix: 'Set it once for each response: which of two a browser keeps depends on their attributes.',
    sources: ['RFC 6265bis §4.1.1'],
    look(site) {
      const found = site.exchanges.find(({ response }) =>
        deviationsOf(response.setCookies).some(
          ({ code, cookie }) => code === 'same-name-twice' && site.cookieNames.includes(cookie),
        ),
      )
      return found && { seen: `the response to ${found.method} ${found.path} does` }
    },
  },
  {
    id: 'cookie-refused',
    severity: 'low',
    title: 'No browser keeps one of the cookies',
    fix: 'Give the cookie what its name and attributes promise, or don’t set it.',
    sources: ['RFC 6265bis §5.7'],
    look(site) {
      const [refused] = site.visitors.flatMap(({ browser }) => browser.refused)
      return refused && { seen: `${refused.line.slice(0, refused.line.indexOf('='))}: ${refused.reason}` }
    },
  },
  {
    id: 'cookie-size',
    severity: 'low',
    title: 'The cookies are too large for some servers',
    fix: 'Keep the data on the server, and an id in the cookie.',
    sources: ['ASVS 5.0 3.3.5', 'RFC 6265bis §6.1'],
    async look(site) {
      const header = (await site.signedIn()).browser.jar.header(new URL(site.options.me, site.options.url)) ?? ''
      return header.length > 8190 ? { seen: `the Cookie header has ${header.length} bytes, more than 8 KB` } : undefined
    },
  },
]

const madeBy: ReadonlyMap<string, string> = new Map([
  ['PHPSESSID', 'PHP'],
  ['JSESSIONID', 'a Java servlet container'],
  ['ASP.NET_SessionId', 'ASP.NET'],
  ['.AspNetCore.Session', 'ASP.NET Core'],
  ['.AspNetCore.Cookies', 'ASP.NET Core'],
  ['CFID', 'ColdFusion'],
  ['CFTOKEN', 'ColdFusion'],
  ['connect.sid', 'express-session'],
  ['sessionId', '@fastify/session'],
  ['koa.sess', 'koa-session'],
  ['koa:sess', 'koa-session'],
  ['express:sess', 'cookie-session'],
  ['adonis-session', 'AdonisJS'],
  ['next-auth.session-token', 'NextAuth.js'],
  ['authjs.session-token', 'Auth.js'],
  ['better-auth.session_token', 'better-auth'],
  ['laravel_session', 'Laravel'],
  ['ci_session', 'CodeIgniter'],
  ['CAKEPHP', 'CakePHP'],
  ['sessionid', 'Django'],
  ['rack.session', 'Rack'],
  ['_session_id', 'Rails'],
  ['PLAY_SESSION', 'Play'],
])
