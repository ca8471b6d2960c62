import type { Attack } from '../attack.ts'
import { evilOrigin } from '../place.ts'
import type { Room } from '../room.ts'
import { type WeakOptions, weakRoom } from '../weak-sessions.ts'

/** One session each, all of the same login, so that one press of the button tries them all. */
const variants: readonly (Omit<WeakOptions, 'path'> & { name: string; cookie: string })[] = [
  { name: 'no SameSite', cookie: 'weak' },
  { name: 'SameSite=None', cookie: 'weak-none', sameSite: 'None' },
  { name: 'SameSite=Lax', cookie: 'weak-lax', sameSite: 'Lax' },
  { name: 'SameSite=Strict', cookie: 'weak-strict', sameSite: 'Strict' },
  {
    name: 'None, and the server looks at Sec-Fetch-Site and Origin',
    cookie: 'weak-origin',
    sameSite: 'None',
    check: 'origin',
  },
  { name: 'None, and the form needs a token', cookie: 'weak-token', sameSite: 'None', check: 'token' },
]

export const weakCookies: readonly string[] = variants.map(({ cookie }) => cookie)

/** How this session's coat was given away, as the server has stored it. */
export async function givenAway(room: Room): Promise<readonly string[]> {
  const alices = (await room.kept()).filter(({ user }) => user === 'alice')
  return ['POST', 'GET'].filter((method) => alices.some(({ data }) => data.includes(`by ${method}`)))
}

export const csrf: Attack = {
  name: 'csrf',
  title: 'A forged request',
  happens: 'While you are logged in here, a page of another site sends a form of this one in your name.',
  question:
    'Your cookie says nothing of SameSite, and you logged in a moment ago. Does your browser send it along with another site’s form?',
  answers: ['Yes, it goes along', 'No, browsers stop that by now'],
  setup: {
    off: 'Six sessions of one login, each with another cookie. The first is what you get when nobody thinks about it.',
    on: 'coatcheck with `guards: [csrf()]`.',
  },
  rooms: ({ side, path, safeRoom }) =>
    side === 'off' ? variants.map((variant) => weakRoom({ ...variant, path })) : [safeRoom('lab-csrf')],
  steps: [
    { label: 'Log in as Alice', text: 'Your coat hangs at the lab’s cloakroom.', posts: { action: 'login' } },
    {
      label: 'Visit the evil page',
      text: 'It is served under the name `evil.localhost`, another site to your browser (Chromium and Firefox find it by themselves), and has one button. Press it. (It also has an image that tries the same by GET.) Do it within two minutes.',
      link: (run) => `${evilOrigin(run.place)}/lab/evil/${run.id}`,
      awaits: 'give',
    },
  ],
  async judge({ room, side }) {
    const ways = await givenAway(room)
    const succeeded = ways.includes('POST')
    if (succeeded)
      return { succeeded, text: 'The coat is Mallory’s. The server took the form for yours: your cookie came with it.' }
    return {
      succeeded,
      text:
        side === 'on'
          ? 'The coat still hangs there. Your cookie stayed at home, and the guard refused the form before any session was opened.'
          : 'The coat still hangs there: your browser kept the cookie back. Chromium sends a cookie without SameSite for its first two minutes only, then takes it for Lax. Start again, and be quicker.',
    }
  },
  why: [
    'A browser adds cookies by where a request goes, not by where it comes from. `SameSite` changes that, but only if you say so: Chromium takes a cookie without it for Lax, with an exception for POSTs in its first two minutes, so that a login just made is not protected. Firefox and Safari make no such assumption.',
    'coatcheck says `SameSite=Lax`, so the cookie stays at home. The guard is the second line: it refuses any unsafe request whose `Sec-Fetch-Site`, or else `Origin`, names another origin. That also covers siblings: a page on another port or subdomain of your own site is same-site to a browser, so that even Strict cookies go along with its forms.',
  ],
  limits:
    'Neither looks at GETs that the visitor navigates to, where Lax cookies are sent: a link must not change anything. Whether a SameSite=None cookie goes along with the image depends on how your browser treats third-party cookies.',
  lines: [
    {
      does: 'Whose page made the request',
      path: 'src/security/csrf/origin.ts',
      first: 'export function sourceOf(',
      last: '}',
    },
    {
      does: 'The cookie, with SameSite in any case',
      path: 'src/core/cookie.ts',
      first: 'export function setCookie(',
      last: 'HttpOnly; SameSite=',
    },
  ],
}
