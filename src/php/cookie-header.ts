import type { Settings } from './ini-settings.ts'

/**
 * What PHP finds in `$_COOKIE[name]`, read as PHP 8.2 reads a Cookie header: the first of two wins, the value is percent-decoded,
 * `.` and space in a name become `_`, and `name[…]=` makes an array, which is no id.
 */
export function readCookie(header: string | undefined, name: string): string | undefined {
  let value: string | undefined
  let isArray = false
  for (const pair of header?.split(';') ?? []) {
    const text = pair.replace(/^[ \t\n\v\f\r]+/, '')
    const equals = text.indexOf('=')
    const cookie = nameOf(equals === -1 ? text : text.slice(0, equals))
    if (cookie?.name !== name) continue
    if (cookie.isArray) isArray = true
    else value ??= equals === -1 ? '' : rawUrlDecode(text.slice(equals + 1))
  }
  return isArray ? undefined : value
}

function nameOf(raw: string): { readonly name: string; readonly isArray: boolean } | undefined {
  const bracket = raw.indexOf('[')
  const isArray = bracket > 0 && raw.indexOf(']', bracket) !== -1
  const name = (isArray ? raw.slice(0, bracket) : raw).replace(/[ .[]/g, '_')
  // CVE-2022-31629: `..Host-sid` must not pass for `__Host-sid`, which no other host can set.
  const poses = ['__Host-', '__Secure-'].some((prefix) => name.startsWith(prefix) && !raw.startsWith(prefix))
  return poses ? undefined : { name, isArray }
}

/** Bytes become the characters of the same numbers; none above 127 is legal in an id. */
function rawUrlDecode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

/** The value of the Set-Cookie header that PHP sends, byte for byte. */
export function setCookieLine(settings: Settings, id: string, now: number): string {
  const { name, cookieLifetime, cookiePath, cookieDomain, cookieSecure, cookieHttponly, cookieSamesite } = settings
  let line = `${name}=${urlEncode(id)}`
  if (cookieLifetime > 0) line += `; expires=${httpDate(now + cookieLifetime * 1000)}; Max-Age=${cookieLifetime}`
  if (cookiePath !== '') line += `; path=${cookiePath}`
  if (cookieDomain !== '') line += `; domain=${cookieDomain}`
  if (cookieSecure) line += '; secure'
  if (cookieHttponly) line += '; HttpOnly'
  if (cookieSamesite !== '') line += `; SameSite=${cookieSamesite}`
  return line
}

/** PHP's urlencode(). */
function urlEncode(id: string): string {
  return encodeURIComponent(id.replace(/\p{Surrogate}/gu, '\ufffd'))
    .replace(/%20/g, '+')
    .replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** Such as `Mon, 23 Nov 2026 10:56:28 GMT`. */
export function httpDate(time: number): string {
  return new Date(time).toUTCString()
}
