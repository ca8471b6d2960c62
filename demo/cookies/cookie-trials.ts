import type { CookieOptions } from 'hono/utils/cookie'

/** A cookie that is set to see what its attributes do. */
export interface CookieTrial {
  name: string
  options: CookieOptions
  /** What to expect of it. */
  about: string
}

export const trialPath = '/cookies'
export const cellarPath = '/cookies/cellar'
export const shortLife = 15

export const cookieTrials: readonly CookieTrial[] = [
  {
    name: 'try-bare',
    options: {},
    about: 'No Max-Age: it ends when the browser is closed, unless that brings its last tabs back.',
  },
  {
    name: 'try-short',
    options: { maxAge: shortLife },
    about: `Ends after ${shortLife} seconds. Reload then, and see.`,
  },
  {
    name: 'try-httponly',
    options: { httpOnly: true },
    about: 'No script sees it, so none can carry it away. Requests bring it as before.',
  },
  {
    name: 'try-secure',
    options: { secure: true },
    about: 'Never over plain http. For this very machine most browsers make an exception.',
  },
  {
    name: 'try-strict',
    options: { sameSite: 'Strict' },
    about: 'Stays behind when another site brings you here, even by a link.',
  },
  {
    name: 'try-lax',
    options: { sameSite: 'Lax' },
    about: 'Comes when another site links here; not with its posted forms, images or frames.',
  },
  {
    name: 'try-none',
    options: { sameSite: 'None', secure: true },
    about: 'Comes from everywhere, where the browser allows that at all. Without Secure it is refused.',
  },
  {
    name: 'try-path',
    options: { path: cellarPath },
    about: 'Goes to the cellar below this page, and not to this page.',
  },
  {
    name: 'try-domain',
    options: { domain: 'example.com' },
    about: 'Meant for a site that this one is not: refused.',
  },
  {
    name: '__Host-try',
    options: { path: '/', secure: true },
    about: 'The name is a promise: Secure, for this host alone, Path=/. Nobody can plant it from a neighbouring host.',
  },
]

/** Its name makes a promise that its attributes do not keep. No library would write it. */
export const brokenPromise = {
  name: '__Host-broken',
  line: `__Host-broken=1; Path=${trialPath}`,
  about: 'The same promise, broken: without Secure, with another path. Refused.',
} as const
