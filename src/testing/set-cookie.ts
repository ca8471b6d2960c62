import { parseCookieDate } from './cookie-date.ts'

/** A cookie as a browser keeps it. */
export interface Cookie {
  readonly name: string
  readonly value: string
  /** Who set it. */
  readonly host: string
  /** Also for the hosts below this one; absent: for `host` alone. */
  readonly domain?: string
  readonly path: string
  /** Milliseconds since 1970; undefined: until the browser closes. */
  readonly expiresAt: number | undefined
  readonly isSecure: boolean
  readonly isHttpOnly: boolean
  /** Undefined: none was given. */
  readonly sameSite: 'Lax' | 'Strict' | 'None' | undefined
}

/** A cookie that a browser does not keep, and why not. */
export interface RefusedCookie {
  readonly line: string
  /** A sentence with the section of RFC 6265bis. */
  readonly reason: string
}

/** Whether a domain belongs to nobody in particular, such as `com` or `co.uk`. */
export type IsPublicSuffix = (domain: string) => boolean

/** What a browser makes of one Set-Cookie line in a response from `url`, or why it refuses the cookie. RFC 6265bis §5.6 and §5.7. */
export function parseSetCookie(
  line: string,
  url: URL,
  now: number,
  isPublicSuffix?: IsPublicSuffix,
): Cookie | RefusedCookie {
  const refuse = (reason: string): RefusedCookie => ({ line, reason })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: §5.6 step 1, cookies with control characters are refused.
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(line)) return refuse('it holds a control character (§5.6 step 1)')
  const [pair = '', ...attributes] = line.split(';')
  const [name, value] = halves(pair, 'value')
  if (name + value === '') return refuse('it has neither a name nor a value (§5.6 step 5)')
  if (Buffer.byteLength(name + value) > 4096) return refuse('name and value have more than 4096 octets (§5.6 step 5)')
  const attribute = lastOfEach(attributes)

  const domain = domainOf(attribute.get('domain'), url, isPublicSuffix)
  if (domain instanceof Error) return refuse(domain.message)
  const path = attribute.get('path')
  const cookie: Cookie = {
    name,
    value,
    host: url.hostname,
    ...(domain !== undefined && { domain }),
    path: path?.startsWith('/') ? path : defaultPath(url),
    expiresAt: expiryOf(attribute, now),
    isSecure: attribute.has('secure'),
    isHttpOnly: attribute.has('httponly'),
    sameSite: sameSiteOf(attribute.get('samesite')),
  }
  if (cookie.isSecure && !isTrustworthy(url)) return refuse('it is Secure, and came over plain http (§5.7 step 13)')
  if (cookie.sameSite === 'None' && !cookie.isSecure) return refuse('SameSite=None without Secure (§5.7 step 19)')
  if (!keepsPromiseOfPrefix(cookie, path)) {
    return refuse('its name promises attributes that it does not have (§5.7 steps 20 to 22)')
  }
  return cookie
}

/** Where browsers keep and send Secure cookies: over https, and to this very machine, as Chromium and Firefox do. */
export function isTrustworthy({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:' || protocol === 'wss:') return true
  return /^(.+\.)?localhost$|^127(\.\d{1,3}){3}$|^\[::1\]$/.test(hostname)
}

/** §5.1.3: the domain itself, or a host below it; an address is below nothing. */
export function isHostWithin(host: string, domain: string): boolean {
  if (host === domain) return true
  return host.endsWith(`.${domain}`) && !/^[\d.]+$|^\[/.test(host)
}

/** §5.7 steps 8 to 10. Undefined: for this host alone. */
function domainOf(given: string | undefined, { hostname }: URL, isPublicSuffix?: IsPublicSuffix) {
  // `Domain=` alone is no domain.
  const domain = given?.replace(/^\./, '').toLowerCase()
  if (!domain) return undefined
  if (!isPublicSuffix) return new Error('it has a Domain, and this jar keeps none of those')
  if (isPublicSuffix(domain)) {
    return domain === hostname ? undefined : new Error(`${domain} is a public suffix (§5.7 step 9)`)
  }
  return isHostWithin(hostname, domain) ? domain : new Error(`${hostname} is not within ${domain} (§5.7 step 10)`)
}

/** §4.1.3: a name that begins so is kept only with the attributes it stands for. */
function keepsPromiseOfPrefix(cookie: Cookie, path: string | undefined): boolean {
  const { name, value, isSecure, isHttpOnly, domain } = cookie
  // §5.7 step 22: a cookie without a name must not pass for one that has such a name.
  const [, prefix] = /^__(host-http|http|secure|host)-/i.exec(name === '' ? value : name) ?? []
  if (prefix === undefined) return true
  if (name === '' || !isSecure) return false
  if (/http$/i.test(prefix) && !isHttpOnly) return false
  return !/^host/i.test(prefix) || (path === '/' && domain === undefined)
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

/** Without the spaces and tabs around it. A loop: `/[ \t]+$/` takes its time with a long line of blanks. */
export function trim(text: string): string {
  const isBlank = (index: number): boolean => text[index] === ' ' || text[index] === '\t'
  let start = 0
  let end = text.length
  while (start < end && isBlank(start)) start++
  while (end > start && isBlank(end - 1)) end--
  return text.slice(start, end)
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
