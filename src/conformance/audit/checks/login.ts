import { type Check, NotAskable } from '../check.ts'
import { formsOf } from '../html.ts'
import { masked } from '../site.ts'

/** What logging in does to the session. */
export const login: readonly Check[] = [
  {
    id: 'early-session',
    severity: 'low',
    title: 'A session is made for visitors of whom nothing is stored',
    fix: 'Make it with the first thing that is stored in it: else every robot costs a record.',
    sources: ['CWE-770', 'Django CVE-2015-5143, CVE-2015-5963'],
    look({ first, cookieNames }) {
      const page = first.visitor.exchanges[0]!
      const names = cookieNames.filter((name) => page.cookies.has(name))
      if (names.length === 0) return undefined
      const { text } = page.response
      const hasToken = formsOf(text).some(({ fields }) => fields.some(([, value]) => value.length >= 16))
      if (hasToken || /csrf[-_]?token/i.test(text)) {
        throw new NotAskable('the first page has a token for forms, which may need the session')
      }
      return { seen: `GET ${page.path} sets ${names.join(', ')}` }
    },
  },
  {
    id: 'login-by-get',
    severity: 'high',
    title: 'The login form puts the password into the address',
    fix: 'Give the form method="post": addresses are kept in histories and logs.',
    sources: ['ASVS 5.0 14.2.1', 'CWE-598'],
    look({ options: { knownForm, login } }) {
      if (!knownForm?.hasPassword || knownForm.method === 'POST') return undefined
      return { seen: `the form of ${login} has method GET` }
    },
  },
  {
    id: 'id-kept-at-login',
    severity: 'high',
    title: 'Logging in keeps the session id',
    fix: 'Make a new id with every login: whoever knew, or planted, the old one is signed in with it (session fixation).',
    sources: ['ASVS 5.0 7.2.4', 'OWASP WSTG-SESS-03', 'OWASP Session Management Cheat Sheet, Renew the Session ID'],
    async look(site) {
      const { first, cookieName } = site
      const before = first.anonymous.get(cookieName)
      if (before !== undefined && before === first.signedIn.get(cookieName)) {
        return { seen: `${cookieName} is ${masked(before)} before the login and after it` }
      }
      const again = await site.secondLogin()
      if (again && again.before === again.after) {
        return { seen: 'logging in once more, in the same browser, leaves the id as it is', severity: 'medium' }
      }
      if (before === undefined && !again) throw new NotAskable('nobody has a session before the login')
      return undefined
    },
  },
  {
    id: 'old-id-alive',
    severity: 'high',
    title: 'After a login the id from before still opens the session',
    fix: 'End the old id in the step that makes the new one.',
    sources: ['ASVS 5.0 7.2.4', 'OWASP WSTG-SESS-03'],
    async look(site) {
      const { first, cookieName } = site
      const before = first.anonymous.get(cookieName)
      const isRotated = before !== undefined && before !== first.signedIn.get(cookieName)
      if (isRotated && (await site.admits(`${cookieName}=${before}`))) {
        return { seen: `${masked(before)}, from before the login, is signed in` }
      }
      const again = await site.secondLogin()
      if (again && again.before !== again.after && (await site.admits(again.before))) {
        return {
          seen: 'after logging in once more, in the same browser, the first id is still signed in',
          severity: 'medium',
        }
      }
      if (!isRotated && (!again || again.before === again.after)) throw new NotAskable('no login has replaced an id')
      return undefined
    },
  },
]
