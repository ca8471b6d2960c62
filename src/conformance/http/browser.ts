import { type CookieJar, type CookieJarOptions, cookieJar } from '../../testing/cookie-jar.ts'
import type { RefusedCookie } from '../../testing/set-cookie.ts'
import { HttpClient, type HttpClientOptions, type RequestOptions } from './client.ts'
import type { HttpResponse } from './http-response.ts'

/** Who has caused a request, as Sec-Fetch-Site says it; `none`: the user, by the address bar. */
export type Initiator = 'none' | 'same-origin' | 'same-site' | 'cross-site'

export interface BrowserRequest extends Omit<RequestOptions, 'cookie'> {
  /** Default: `none` for GET, `same-origin` for the rest. */
  readonly from?: Initiator
  /** What Origin says for a request from elsewhere. Default: `https://elsewhere.example`. */
  readonly origin?: string
  /** A navigation, as a link or a form makes it (default), or a `fetch` of a script. */
  readonly kind?: 'navigation' | 'fetch'
}

export interface BrowserOptions extends HttpClientOptions, CookieJarOptions {
  /** Sends by this client, with its connections, in place of one of its own. */
  readonly client?: HttpClient
}

/**
 * A browser as far as the server can tell: it keeps cookies as browsers do (`cookieJar`), and sends the headers that
 * Chromium sends: Sec-Fetch-Site, -Mode, -Dest, -User, Origin, User-Agent, Accept.
 */
export class Browser {
  readonly client: HttpClient
  readonly jar: CookieJar
  /** The Set-Cookie lines that no browser would keep, with the reason. */
  readonly refused: RefusedCookie[] = []

  constructor(origin: string | URL, options: BrowserOptions = {}) {
    this.client = options.client ?? new HttpClient(origin, options)
    this.jar = cookieJar(options)
  }

  get(path: string, options: BrowserRequest = {}): Promise<HttpResponse> {
    return this.request(path, { method: 'GET', ...options })
  }

  post(path: string, options: BrowserRequest = {}): Promise<HttpResponse> {
    return this.request(path, { method: 'POST', ...options })
  }

  /** One request; follows no redirect. Its response's cookies are kept. */
  async request(path: string, { from, origin, kind, ...options }: BrowserRequest): Promise<HttpResponse> {
    const method = options.method ?? 'GET'
    const url = new URL(path, this.client.origin)
    const initiator = from ?? (method === 'GET' ? 'none' : 'same-origin')
    const isNavigation = kind !== 'fetch'
    const context = { isCrossSite: initiator === 'cross-site', isNavigation, method }
    const cookie = this.jar.header(url, context)
    const sent = browserHeaders(this.client.origin, method, initiator, isNavigation, origin)
    const response = await this.client.request(path, {
      ...options,
      method,
      ...(cookie !== undefined && { cookie }),
      headers: { ...sent, ...options.headers },
    })
    this.refused.push(...this.jar.accept(url, response.setCookies, context))
    return response
  }

  close(): void {
    this.client.close()
  }
}

/** What Chromium says of itself and of where a request comes from. */
export function browserHeaders(
  own: string,
  method: string,
  from: Initiator,
  isNavigation: boolean,
  origin = 'https://elsewhere.example',
): Record<string, string> {
  const isUnsafe = method !== 'GET' && method !== 'HEAD'
  const isForeign = from === 'cross-site' || from === 'same-site'
  return {
    'User-Agent':
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    Accept: isNavigation ? 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' : '*/*',
    'Accept-Language': 'en',
    ...((isUnsafe || (isForeign && !isNavigation)) && { Origin: isForeign ? origin : own }),
    'Sec-Fetch-Site': from,
    'Sec-Fetch-Mode': isNavigation ? 'navigate' : 'cors',
    'Sec-Fetch-Dest': isNavigation ? 'document' : 'empty',
    ...(isNavigation && { 'Sec-Fetch-User': '?1' }),
  }
}
