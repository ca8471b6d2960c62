import { bad, fair, good, type Scenario } from '../scenario.ts'
import { signedIn, userOf } from './visits.ts'

export const cookies: readonly Scenario[] = [
  {
    rows: ['Cookie over https'],
    story: 'The name’s prefix and the flags of the cookie of a sign-in that came over https.',
    async run(site) {
      const line = (await signedIn(site)).setCookies.filter((cookie) => !/\.sig=/.test(cookie)).at(-1) ?? ''
      const flag = (pattern: RegExp, text: string) => (pattern.test(line) ? text : `no ${text}`)
      const sameSite = /samesite=(\w+)/i.exec(line)?.[1]?.toLowerCase()
      const prefix = /^(__Host-|__Secure-)/.exec(line)?.[1] ?? 'no prefix'
      const text = [
        prefix,
        flag(/; *secure/i, 'Secure'),
        flag(/; *httponly/i, 'HttpOnly'),
        sameSite ? `SameSite=${sameSite}` : 'no SameSite',
      ]
      const missing = text.filter((word) => word.startsWith('no ')).length
      return [
        {
          text: text.join(', '),
          verdict: missing === 0 ? 'good' : /Secure, HttpOnly/.test(text.join(', ')) && missing === 1 ? 'fair' : 'bad',
        },
      ]
    },
  },
  {
    rows: ['The cookie after logout', 'Cache-Control of a page of a session'],
    story:
      'Whether the answer to a logout deletes the cookie in the browser; and what a page that read the session says to caches.',
    async run(site) {
      const browser = await signedIn(site)
      const { headers } = await browser.get('/read')
      const cacheControl = headers.get('cache-control')
      const isPrivate = /no-store|private/.test(cacheControl ?? '')
      await browser.post('/sign-out')
      const isDead = (await userOf(browser)) === null
      const removal = browser.cookies.size === 0 ? good('deleted') : isDead ? fair('stays, worthless') : bad('stays')
      return [removal, isPrivate ? good(String(cacheControl)) : bad(cacheControl ?? 'none')]
    },
  },
]
