export {
  type CookieContext,
  type CookieJar,
  type CookieJarOptions,
  cookieJar,
} from '../../testing/cookie-jar.ts'
export type { Cookie, RefusedCookie } from '../../testing/set-cookie.ts'
export { Browser, type BrowserOptions, type BrowserRequest, type Initiator } from './browser.ts'
export { HttpClient, type HttpClientOptions, type RequestOptions } from './client.ts'
export {
  Connection,
  type ConnectionOptions,
  ExchangeError,
  type ExchangeFault,
  type ExchangeOptions,
  exchange,
} from './connection.ts'
export { HttpResponse } from './http-response.ts'
export { type RequestParts, requestBytes } from './request-bytes.ts'
export {
  type Deviation,
  type DeviationCode,
  deviationsOf,
  readStrictly,
  type StrictSetCookie,
} from './set-cookie-grammar.ts'
