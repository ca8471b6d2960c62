import { type Check, NotAskable } from '../check.ts'
import type { Site } from '../site.ts'

/** What logging out does, and who can do it. */
export const logout: readonly Check[] = [
  {
    id: 'logout-leaves-session',
    severity: 'high',
    title: 'After logging out the old cookie still opens the session',
    fix: 'End the session on the server: a copy of the cookie may be elsewhere.',
    sources: ['ASVS 5.0 7.4.1', 'OWASP WSTG-SESS-06', 'CWE-613'],
    async look(site) {
      pathOf(site)
      const visitor = await site.newSignedIn()
      const cookie = site.cookieLine(visitor)
      await visitor.logout()
      if (site.page.shows(await visitor.me())) return { seen: 'after the logout the visitor is still signed in' }
      return (await site.admits(cookie)) ? { seen: 'the cookie from before the logout is signed in' } : undefined
    },
  },
  {
    id: 'logout-leaves-cookie',
    severity: 'low',
    title: 'Logging out leaves the cookie in the browser',
    fix: 'Send it once more with Max-Age=0 and the same Path, Domain and Secure: browsers ignore it otherwise.',
    sources: ['OWASP Session Management Cheat Sheet, Manual Session Expiration', 'RFC 6265bis §5.7'],
    async look(site) {
      pathOf(site)
      const visitor = await site.newSignedIn()
      const before = site.cookieNames.map((name) => visitor.cookie(name))
      await visitor.logout()
      const kept = site.cookieNames.filter((name, index) => visitor.cookie(name) === before[index])
      return kept.length > 0 ? { seen: `${kept.join(', ')} is what it was before` } : undefined
    },
  },
  {
    id: 'logout-by-get',
    severity: 'low',
    title: 'A link is enough to log a visitor out',
    fix: 'Let only POST change anything.',
    sources: ['ASVS 5.0 3.5.3', 'RFC 9110 §9.2.1'],
    async look(site) {
      const path = pathOf(site)
      const visitor = await site.newSignedIn()
      const cookie = site.cookieLine(visitor)
      await visitor.ask(path, { from: 'cross-site' })
      return (await site.admits(cookie)) ? undefined : { seen: `GET ${path} from another site’s page does` }
    },
  },
]

/** Requests that other sites' pages cause. */
export const crossSite: readonly Check[] = [
  {
    id: 'cross-site-login',
    severity: 'medium',
    title: 'Another site’s page can log a visitor in, as somebody else',
    fix: 'Refuse the login where Sec-Fetch-Site or Origin names another site, or ask for a token that the visitor’s cookie knows.',
    sources: ['ASVS 5.0 3.5.1', 'OWASP CSRF Prevention Cheat Sheet, Login CSRF and Fetch Metadata'],
    async look(site) {
      const foreignForm = await site.newVisitor().loginForm()
      for (const hidden of foreignForm ? (['none', foreignForm] as const) : (['none'] as const)) {
        const visitor = site.newVisitor()
        await visitor.login({ from: 'cross-site', hidden })
        if (!site.page.shows(await visitor.me())) continue
        const token = hidden === 'none' ? '' : ', with the token of the attacker’s own form'
        const path = foreignForm?.action ?? site.options.login
        return { seen: `POST ${path} with Sec-Fetch-Site: cross-site signs in${token}` }
      }
      return undefined
    },
  },
  {
    id: 'cross-site-logout',
    severity: 'low',
    title: 'Another host’s page can post in a visitor’s name',
    fix: 'Refuse POST where Sec-Fetch-Site says cross-site or same-site, or Origin names another: SameSite does not keep out hosts of the same domain.',
    sources: ['ASVS 5.0 3.5.1', 'OWASP CSRF Prevention Cheat Sheet, Fetch Metadata'],
    async look(site) {
      const path = pathOf(site)
      for (const from of ['cross-site', 'same-site'] as const) {
        const visitor = await site.newSignedIn()
        const cookie = site.cookieLine(visitor)
        await visitor.ask(path, { method: 'POST', from, form: {} })
        if (!(await site.admits(cookie))) return { seen: `POST ${path} with Sec-Fetch-Site: ${from} logs out` }
      }
      return undefined
    },
  },
]

function pathOf({ options: { logout } }: Site): string {
  if (logout === undefined) throw new NotAskable('--logout is not given')
  return logout
}
