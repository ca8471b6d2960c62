import { type Cookie, isTrustworthy, parseSetCookie } from './set-cookie.ts'

/** What `cookieJar` may be told. */
export interface CookieJarOptions {
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number
}

/** The cookies of one browser. */
export interface CookieJar {
  /** Keeps what a browser would keep of a response's Set-Cookie lines, and forgets what they end. */
  accept(url: string | URL, setCookieLines: string | Iterable<string>): void
  /** The Cookie header of a request to `url`, or undefined when there is no cookie for it. */
  header(url: string | URL): string | undefined
  /** The value of the cookie with that name, whichever host and path it is for; the one kept last, if there are several. */
  get(name: string): string | undefined
  /** All live cookies with their attributes, the first one kept first. */
  list(): Cookie[]
  /**
   * `fetch` with these cookies; those of the response are kept. It does not follow redirects, so that the response with the
   * cookie can be looked at: with `redirect: 'follow'` the cookies of the steps between are lost. A `cookie` header in
   * `init` is sent instead of the jar's.
   */
  fetch(url: string | URL, init?: RequestInit): Promise<Response>
}

/**
 * A browser's cookie jar, for tests against a real server, by the rules of RFC 6265bis as Chromium applies them: `Path`,
 * `Max-Age` and `Expires`, `Secure` (loopback counts as secure), the `__Host-` and `__Secure-` prefixes. Cookies ignore ports.
 *
 * What it does not do: it keeps no cookie with a `Domain`, and takes every request for a same-site one. Those want a real browser.
 *
 * @example
 * const browser = cookieJar()
 * await browser.fetch('http://localhost:3000/login', { method: 'POST', body: new URLSearchParams({ name, password }) })
 * const page = await browser.fetch('http://localhost:3000/dashboard')
 */
export function cookieJar({ clock = Date.now }: CookieJarOptions = {}): CookieJar {
  /** A Map keeps the order of insertion, and the place of a key whose value is replaced: the order of creation. */
  const cookies = new Map<string, Cookie>()

  const live = (): Cookie[] => {
    const now = clock()
    for (const [key, { expiresAt }] of cookies) if (expiresAt !== undefined && expiresAt <= now) cookies.delete(key)
    return [...cookies.values()]
  }

  const acceptOne = (url: URL, line: string): void => {
    const cookie = parseSetCookie(line, url, clock())
    if (!cookie) return
    const key = JSON.stringify([cookie.host, cookie.path, cookie.name])
    if (!isTrustworthy(url) && live().some((other) => shadows(cookie, other))) return
    if (cookie.expiresAt !== undefined && cookie.expiresAt <= clock()) cookies.delete(key)
    else cookies.set(key, cookie)
  }

  const header = (url: string | URL): string | undefined => {
    const target = new URL(url)
    const sent = live()
      .filter((cookie) => cookie.host === target.hostname && isPathWithin(target.pathname, cookie.path))
      .filter((cookie) => !cookie.isSecure || isTrustworthy(target))
      // RFC 6265bis §5.8.3: longer paths first, then the older ones. `sort` is stable.
      .sort((one, other) => other.path.length - one.path.length)
    return sent.length > 0 ? sent.map(pairOf).join('; ') : undefined
  }

  const accept = (url: string | URL, setCookieLines: string | Iterable<string>): void => {
    const lines = typeof setCookieLines === 'string' ? [setCookieLines] : setCookieLines
    for (const line of lines) acceptOne(new URL(url), line)
  }

  return {
    accept,
    header,
    get: (name) => live().findLast((cookie) => cookie.name === name)?.value,
    list: live,

    async fetch(url, init = {}) {
      const headers = new Headers(init.headers)
      const cookie = header(url)
      if (cookie !== undefined && !headers.has('cookie')) headers.set('cookie', cookie)
      const response = await fetch(url, { redirect: 'manual', ...init, headers })
      accept(response.url || url, response.headers.getSetCookie())
      return response
    },
  }
}

function pairOf({ name, value }: Cookie): string {
  return name === '' ? value : `${name}=${value}`
}

/** RFC 6265bis §5.1.4. */
function isPathWithin(path: string, folder: string): boolean {
  if (!path.startsWith(folder)) return false
  return path.length === folder.length || folder.endsWith('/') || path[folder.length] === '/'
}

/** "Leave Secure Cookies Alone" (RFC 6265bis §5.7): plain http can't replace or hide a cookie that came over https. */
function shadows(cookie: Cookie, other: Cookie): boolean {
  const isSameCookie = other.isSecure && other.name === cookie.name && other.host === cookie.host
  return isSameCookie && isPathWithin(cookie.path, other.path)
}
