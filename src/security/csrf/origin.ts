import { planCookie } from '../../core/cookie.ts'
import type { Exchange } from '../../core/exchange.ts'

/** Whose page made a request, by what the browser says. Pages can't write these headers themselves. */
export type Source = 'ours' | 'foreign' | 'unsaid'

/**
 * `Sec-Fetch-Site` decides where it is sent: to https, and to this machine, by every browser since 2023. A sibling (`same-site`) is as
 * foreign as anyone, unless its origin is trusted. Else `Origin` decides, which every browser sends with a POST since 2020, else `Referer`.
 */
export function sourceOf(exchange: Exchange, trusted: ReadonlySet<string>): Source {
  const site = exchange.header('sec-fetch-site')
  const origin = exchange.header('origin')
  if (site === 'same-origin' || site === 'none') return 'ours'
  if (site === 'cross-site' || site === 'same-site') return trusted.has(originOf(origin) ?? '') ? 'ours' : 'foreign'
  // Any other value is ignored, as the specification of Fetch Metadata asks, so that one of the others has to speak for the request.
  const referer = exchange.header('referer')
  if (!origin && !referer) return 'unsaid'
  const from = origin ? originOf(origin) : originOf(/^[^/?#]*\/\/[^/?#]*/.exec(referer!)?.[0])
  return from !== undefined && (from === ownOrigin(exchange) || trusted.has(from)) ? 'ours' : 'foreign'
}

/** This site's origin, as the visitor's browser sees it. Undefined where the Host header is none. */
export function ownOrigin({ secure, host }: Exchange): string | undefined {
  return originOf(`${secure ? 'https' : 'http'}://${host}`)
}

/**
 * An origin in its one spelling: lower case, IDNA, without the scheme's own port. Undefined for what is no `https://host:port`: a
 * sandboxed page's `null`, two values joined by a comma, anything with a path.
 */
function originOf(text: string | undefined): string | undefined {
  if (!text || text.length > 300 || !/^https?:\/\/[^/?#@\\\s\p{Cc}]+$/iu.test(text)) return undefined
  return parsed(text)?.origin
}

/** Not by URL.canParse: once it is optimised, that of Node 20 and 22 takes some for right that `new URL` throws for. */
function parsed(text: string): URL | undefined {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}

/** Throws a TypeError that names the fix. */
export function checkTrustedOrigins(origins: readonly string[]): ReadonlySet<string> {
  if (!Array.isArray(origins)) throw new TypeError("trustedOrigins must be a list, such as ['https://pay.example']")
  return new Set(origins.map(checkTrustedOrigin))
}

function checkTrustedOrigin(given: string): string {
  const refuse = (why: string): never => {
    throw new TypeError(`trustedOrigins: ${JSON.stringify(given)} ${why}`)
  }
  if (given === 'null') return refuse('is what any sandboxed page says of itself, so it can’t be trusted')
  if (typeof given !== 'string' || given === '') return refuse('is no origin, such as https://pay.example')
  if (given.includes('*')) return refuse('has a wildcard: name each origin that you trust')
  if (!given.includes('://')) return refuse(`needs its scheme: https://${given}`)
  const url = parsed(given)
  if (!url || !/^https?:$/.test(url.protocol)) return refuse('is no origin of a web page, such as https://pay.example')
  const origin = originOf(given)
  if (origin === undefined) return refuse(`must be an origin and nothing more: ${url.origin}`)
  // A session cookie can't be kept safe there, and no more can a page: anyone on the way can write it.
  const isSafe = planCookie('sid', url.protocol === 'https:', url.host) !== undefined
  return isSafe ? origin : refuse(`is plain http, where anyone on the way can write the page: https://${url.host}`)
}
