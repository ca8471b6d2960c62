import type { ResponseHeaders } from '../../core/exchange.ts'

/** What a header that is no Set-Cookie becomes, beside what the application has said. */
export function joined(
  [name, value]: ResponseHeaders[number],
  existing: string | undefined,
  setsCookie: boolean,
): string {
  if (name === 'vary') return varyOnCookie(existing)
  return name === 'cache-control' && value === 'no-store' ? cacheControlFor(existing, setsCookie) : value
}

/**
 * The `Cache-Control` of a response that depends on a session. What the application said stays where it keeps the response
 * out of shared caches, and never beside a Set-Cookie (CVE-2023-30861 and its kin: a cached cookie signs strangers in).
 */
function cacheControlFor(existing: string | undefined, setsCookie: boolean): string {
  return existing !== undefined && !setsCookie && /\b(?:no-store|private)\b/i.test(existing) ? existing : 'no-store'
}

/** `Vary` with `Cookie` in it, once. */
function varyOnCookie(existing: string | undefined): string {
  if (!existing) return 'Cookie'
  return /(?:^|,)\s*(?:cookie|\*)\s*(?:,|$)/i.test(existing) ? existing : `${existing}, Cookie`
}
