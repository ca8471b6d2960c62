import {
  type Cookie,
  type IsPublicSuffix,
  isHostWithin,
  isTrustworthy,
  parseSetCookie,
  type RefusedCookie,
} from './set-cookie.ts'

/** What `cookieJar` may be told. */
export interface CookieJarOptions {
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number
  /**
   * Lets the jar keep cookies with a `Domain`; no browser takes one for a public suffix, so it has to be told what is one.
   * `(domain) => !domain.includes('.')` does for names of your own. Default: cookies with a `Domain` are refused.
   */
  readonly isPublicSuffix?: IsPublicSuffix
}

/** Where a request comes from, as far as SameSite asks (RFC 6265bis §5.2). */
export interface CookieContext {
  /** A page of another site has caused it. Default: false. */
  readonly isCrossSite?: boolean
  /** It is for what the address bar shows: a link, a form, and no image, frame or `fetch`. Default: false. */
  readonly isNavigation?: boolean
  /** Default: GET. */
  readonly method?: string
}

/** The cookies of one browser. */
export interface CookieJar {
  /** Keeps what a browser would keep of a response's Set-Cookie lines, and forgets what they end. Returns what it refused. */
  accept(url: string | URL, setCookieLines: string | Iterable<string>, context?: CookieContext): RefusedCookie[]
  /** The Cookie header of a request to `url`, or undefined when there is no cookie for it. */
  header(url: string | URL, context?: CookieContext): string | undefined
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
 * `Max-Age` and `Expires`, `Secure` (loopback counts as secure), `SameSite` for requests of which the context is told,
 * the `__Host-`, `__Secure-`, `__Http-` and `__Host-Http-` prefixes, and `Domain` if `isPublicSuffix` is given. Cookies ignore ports.
 *
 * What it does not do: it does not know which sites are the same, and takes every request for a same-site one unless told.
 *
 * @example
 * const browser = cookieJar()
 * await browser.fetch('http://localhost:3000/login', { method: 'POST', body: new URLSearchParams({ name, password }) })
 * const page = await browser.fetch('http://localhost:3000/dashboard')
 */
export function cookieJar({ clock = Date.now, isPublicSuffix }: CookieJarOptions = {}): CookieJar {
  /** A Map keeps the order of insertion, and the place of a key whose value is replaced: the order of creation. */
  const cookies = new Map<string, KeptCookie>()

  const live = (): KeptCookie[] => {
    const now = clock()
    for (const [key, { cookie }] of cookies) if (isOver(cookie, now)) cookies.delete(key)
    return [...cookies.values()]
  }

  const acceptOne = (url: URL, line: string, context: CookieContext): RefusedCookie | undefined => {
    const now = clock()
    const cookie = parseSetCookie(line, url, now, isPublicSuffix)
    if ('reason' in cookie) return cookie
    if (context.isCrossSite && !context.isNavigation && cookie.sameSite !== 'None') {
      return { line, reason: 'a page of another site can only set SameSite=None (§5.7 step 18)' }
    }
    if (!isTrustworthy(url) && live().some((other) => shadows(cookie, other.cookie))) {
      return { line, reason: 'it would replace or hide a Secure cookie (§5.7 step 16)' }
    }
    const key = JSON.stringify([cookie.domain ?? cookie.host, cookie.domain === undefined, cookie.path, cookie.name])
    if (isOver(cookie, now)) cookies.delete(key)
    else cookies.set(key, { cookie, createdAt: cookies.get(key)?.createdAt ?? now })
    return undefined
  }

  const header = (url: string | URL, context: CookieContext = {}): string | undefined => {
    const target = new URL(url)
    const now = clock()
    const sent = live()
      .filter(({ cookie }) => isFor(cookie, target))
      .filter((kept) => !context.isCrossSite || goesAcrossSites(kept, context, now))
      .map(({ cookie }) => cookie)
      // RFC 6265bis §5.8.3: longer paths first, then the older ones. `sort` is stable.
      .sort((one, other) => other.path.length - one.path.length)
    return sent.length > 0 ? sent.map(pairOf).join('; ') : undefined
  }

  const accept = (
    url: string | URL,
    setCookieLines: string | Iterable<string>,
    context: CookieContext = {},
  ): RefusedCookie[] => {
    const lines = typeof setCookieLines === 'string' ? [setCookieLines] : [...setCookieLines]
    return lines.flatMap((line) => acceptOne(new URL(url), line, context) ?? [])
  }

  return {
    accept,
    header,
    get: (name) => live().findLast(({ cookie }) => cookie.name === name)?.cookie.value,
    list: () => live().map(({ cookie }) => cookie),

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

interface KeptCookie {
  readonly cookie: Cookie
  /** When a cookie of this name, host and path first came. */
  readonly createdAt: number
}

function isOver({ expiresAt }: Cookie, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now
}

/** §5.8.3 step 1, without SameSite. */
function isFor(cookie: Cookie, target: URL): boolean {
  const isHost =
    cookie.domain === undefined ? target.hostname === cookie.host : isHostWithin(target.hostname, cookie.domain)
  return isHost && isPathWithin(target.pathname, cookie.path) && (!cookie.isSecure || isTrustworthy(target))
}

/** §5.8.3 step 1 and §5.6.7: Lax goes with links; without SameSite, in its first two minutes, with forms too, as in Chromium. */
function goesAcrossSites({ cookie, createdAt }: KeptCookie, context: CookieContext, now: number): boolean {
  if (cookie.sameSite === 'None') return true
  if (cookie.sameSite === 'Strict' || !context.isNavigation) return false
  const isSafe = ['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(context.method?.toUpperCase() ?? 'GET')
  return isSafe || (cookie.sameSite === undefined && now - createdAt < 120_000)
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
  if (!other.isSecure || other.name !== cookie.name || !isPathWithin(cookie.path, other.path)) return false
  const [one, two] = [cookie.domain ?? cookie.host, other.domain ?? other.host]
  return isHostWithin(one, two) || isHostWithin(two, one)
}
