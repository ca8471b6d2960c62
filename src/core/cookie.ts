/** Which cookie this connection can keep safe, or why none. */
export type CookiePlan = { readonly name: string; readonly secure: boolean }

/**
 * Over https, a `__Host-` cookie, which no other host can set (RFC 6265bis §4.1.3.2: it needs Secure, Path=/ and no Domain).
 * Over plain http on this machine, a cookie whose name carries the port, as cookies ignore ports and Safari refuses Secure
 * ones there. Over plain http to anywhere else, none: undefined.
 */
export function planCookie(name: string, secure: boolean, host: string): CookiePlan | undefined {
  if (secure) return { name: `__Host-${name}`, secure: true }
  const [, hostname = '', port = '80'] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host.toLowerCase()) ?? []
  return isLoopback(hostname) ? { name: `${name}-${port}`, secure: false } : undefined
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  )
}

/**
 * Every value that a Cookie header gives this name, undecoded. Names are compared byte by byte: percent-decoding or
 * trimming more than space and tab would let `%5F%5FHost-sid` pass for `__Host-sid` (CVE-2020-7070, CVE-2022-31629).
 */
export function cookieValues(header: string | undefined, name: string): string[] {
  const values: string[] = []
  if (!header?.includes(name)) return values
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals !== -1 && trim(pair.slice(0, equals)) === name) values.push(trim(pair.slice(equals + 1)))
  }
  return values
}

function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text, start)) start++
  while (end > start && isBlank(text, end - 1)) end--
  return text.slice(start, end)
}

const isBlank = (text: string, index: number): boolean => text[index] === ' ' || text[index] === '\t'

/** `None` is not offered: over plain http on this machine browsers drop it, and over https it invites every site to ride along. */
export type SameSite = 'Lax' | 'Strict'

/** A Set-Cookie value. Without `maxAgeSeconds` the cookie ends with the browser's session; 0 deletes it, by a date of the past, as a Max-Age of 0 is not in the grammar (RFC 6265bis §4.1.1). */
export function setCookie(plan: CookiePlan, value: string, sameSite: SameSite, maxAgeSeconds?: number): string {
  // RFC 6265bis §5.5: browsers cap Max-Age at 400 days.
  const seconds = maxAgeSeconds === undefined ? undefined : Math.min(Math.floor(maxAgeSeconds), 34_560_000)
  const end =
    seconds === undefined ? '' : seconds > 0 ? `; Max-Age=${seconds}` : '; Expires=Thu, 01 Jan 1970 00:00:00 GMT'
  return `${plan.name}=${value}; Path=/; HttpOnly; SameSite=${sameSite}${plan.secure ? '; Secure' : ''}${end}`
}

/** Throws a TypeError for anything else than the two. */
export function checkSameSite(sameSite: SameSite): void {
  if (sameSite !== 'Lax' && sameSite !== 'Strict') {
    throw new TypeError(`cookie.sameSite must be 'Lax' or 'Strict', got ${JSON.stringify(sameSite)}`)
  }
}

/** Throws a TypeError for a name that is no RFC 9110 token, or that carries a prefix (the prefix is ours to choose). */
export function checkCookieName(name: string): void {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
    throw new TypeError(`cookie.name must be a token of letters, digits and -_.~, got ${JSON.stringify(name)}`)
  }
  // With its value and attributes the cookie stays far below the 4,096 bytes that browsers keep (RFC 6265bis §5.6).
  if (name.length > 64) throw new TypeError(`cookie.name must be at most 64 characters, got ${name.length}`)
  if (/^__/.test(name)) {
    throw new TypeError(`cookie.name must come without a prefix, got ${name}: over https it becomes __Host-… by itself`)
  }
}
