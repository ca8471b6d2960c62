import { parseCookieDate } from './cookie-date.ts'

/** A cookie as a browser keeps it. All of them are host-only here. */
export interface Cookie {
  readonly name: string
  readonly value: string
  readonly host: string
  readonly path: string
  /** Milliseconds since 1970; undefined: until the browser closes. */
  readonly expiresAt: number | undefined
  readonly isSecure: boolean
  readonly isHttpOnly: boolean
  /** Undefined: none was given. */
  readonly sameSite: 'Lax' | 'Strict' | 'None' | undefined
}

/** What a browser makes of one Set-Cookie line in a response from `url`. Undefined: it refuses the cookie. RFC 6265bis §5.6 and §5.7. */
export function parseSetCookie(line: string, url: URL, now: number): Cookie | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: §5.6 step 1, cookies with control characters are refused.
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(line)) return undefined
  const [pair = '', ...attributes] = line.split(';')
  const [name, value] = halves(pair, 'value')
  if (name + value === '' || Buffer.byteLength(name + value) > 4096) return undefined
  const attribute = lastOfEach(attributes)

  // A cookie for a whole domain is one that this jar does not keep; `Domain=` alone is no domain (§5.7 step 9).
  if (attribute.get('domain')) return undefined
  const path = attribute.get('path')
  const cookie: Cookie = {
    name,
    value,
    host: url.hostname,
    path: path?.startsWith('/') ? path : defaultPath(url),
    expiresAt: expiryOf(attribute, now),
    isSecure: attribute.has('secure'),
    isHttpOnly: attribute.has('httponly'),
    sameSite: sameSiteOf(attribute.get('samesite')),
  }
  if (cookie.isSecure && !isTrustworthy(url)) return undefined
  if (cookie.sameSite === 'None' && !cookie.isSecure) return undefined
  if (!keepsPromiseOfPrefix(cookie, url, path)) return undefined
  return cookie
}

/** Where browsers keep and send Secure cookies: over https, and to this very machine, as Chromium and Firefox do. */
export function isTrustworthy({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:' || protocol === 'wss:') return true
  return /^(.+\.)?localhost$|^127(\.\d{1,3}){3}$|^\[::1\]$/.test(hostname)
}

/** §4.1.3: a name that begins so is kept only with the attributes it stands for. Chromium wants real https for it, on this machine too. */
function keepsPromiseOfPrefix({ name, value, isSecure }: Cookie, { protocol }: URL, path: string | undefined): boolean {
  // §5.7 step 22: a cookie without a name must not pass for one that has such a name.
  const [, prefix] = /^__(secure|host)-/i.exec(name === '' ? value : name) ?? []
  if (prefix === undefined) return true
  if (name === '' || !isSecure || protocol !== 'https:') return false
  return prefix.toLowerCase() === 'secure' || path === '/'
}

/** By lower-case name. Of several, the last one counts; one that is too long is not there (§5.6 step 5). */
function lastOfEach(attributes: readonly string[]): Map<string, string> {
  const values = new Map<string, string>()
  for (const attribute of attributes) {
    const [name, value] = halves(attribute, 'name')
    if (Buffer.byteLength(value) > 1024) continue
    // What can't be read as a time counts for nothing, so an earlier one stays.
    if (name.toLowerCase() === 'max-age' && !/^-?\d+$/.test(value)) continue
    if (name.toLowerCase() === 'expires' && parseCookieDate(value) === undefined) continue
    values.set(name.toLowerCase(), value)
  }
  return values
}

/** Around the first `=`. A text without one is all value, or all name. */
function halves(text: string, without: 'value' | 'name'): [name: string, value: string] {
  const equals = text.indexOf('=')
  if (equals === -1) return without === 'value' ? ['', trim(text)] : [trim(text), '']
  return [trim(text.slice(0, equals)), trim(text.slice(equals + 1))]
}

function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '')
}

/** Max-Age before Expires, and neither for longer than 400 days (§5.5). */
function expiryOf(attribute: ReadonlyMap<string, string>, now: number): number | undefined {
  const maxAge = attribute.get('max-age')
  const expires = attribute.get('expires')
  if (maxAge === undefined && expires === undefined) return undefined
  const time = maxAge === undefined ? parseCookieDate(expires ?? '')! : now + Number(maxAge) * 1000
  return Math.min(time, now + 400 * 86_400_000)
}

function sameSiteOf(value: string | undefined): Cookie['sameSite'] {
  return (['Lax', 'Strict', 'None'] as const).find((known) => known.toLowerCase() === value?.toLowerCase())
}

/** The folder of the page (§5.1.4). */
function defaultPath({ pathname }: URL): string {
  return pathname.slice(0, Math.max(1, pathname.lastIndexOf('/')))
}
