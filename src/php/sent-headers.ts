import type { ResponseHeaders } from '../core/exchange.ts'
import { cacheLimiterHeaders } from './cache-limiter.ts'
import { setCookieLine } from './cookie-header.ts'
import type { Settings } from './ini-settings.ts'

/** What the response will carry: of each header, and of each cookie by its name, what was sent last. */
export class SentHeaders {
  readonly #headers = new Map<string, ResponseHeaders[number]>()

  sendCookie(settings: Settings, id: string): void {
    const key = `cookie ${settings.name}`
    // What is sent again comes last.
    this.#headers.delete(key)
    this.#headers.set(key, ['set-cookie', setCookieLine(settings, id, Date.now())])
  }

  limitCaching(settings: Settings): void {
    for (const header of cacheLimiterHeaders(settings, Date.now())) this.#headers.set(header[0], header)
  }

  all(): ResponseHeaders {
    return [...this.#headers.values()]
  }
}
