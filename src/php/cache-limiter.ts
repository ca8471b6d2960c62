import type { ResponseHeaders } from '../core/exchange.ts'
import { httpDate } from './cookie-header.ts'
import type { Settings } from './ini-settings.ts'

/** The day that PHP's sessions have expired on since their author was born. */
const longAgo = 'Thu, 19 Nov 1981 08:52:00 GMT'

/** The caching headers that `session_start()` sends, byte for byte. Whatever is no limiter of PHP's, such as the empty one, sends none. */
export function cacheLimiterHeaders(settings: Settings, now: number): ResponseHeaders {
  const seconds = settings.cacheExpire * 60
  const modified = settings.lastModified
  const lastModified = modified ? ([['last-modified', httpDate(modified.getTime())]] as const) : []
  switch (settings.cacheLimiter.toLowerCase()) {
    case 'nocache':
      return [
        ['expires', longAgo],
        ['cache-control', 'no-store, no-cache, must-revalidate'],
        ['pragma', 'no-cache'],
      ]
    case 'private':
      return [['expires', longAgo], ['cache-control', `private, max-age=${seconds}`], ...lastModified]
    case 'private_no_expire':
      return [['cache-control', `private, max-age=${seconds}`], ...lastModified]
    case 'public':
      return [
        ['expires', httpDate(now + seconds * 1000)],
        ['cache-control', `public, max-age=${seconds}`],
        ...lastModified,
      ]
    default:
      return []
  }
}
