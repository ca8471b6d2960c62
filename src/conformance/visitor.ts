import { parseSetCookie } from '../testing/set-cookie.ts'
import type { Description, Route, RouteName, User } from './description.ts'
import type { HttpClient, RequestOptions } from './http/client.ts'
import type { HttpResponse } from './http/http-response.ts'
import { fillRoute, matchesOf, type Values } from './route.ts'

/** What a visitor knows of the server. */
export interface Server {
  readonly description: Description
  readonly origin: string
  readonly clockHeader: string
  has(name: RouteName): boolean
  route(name: RouteName): Route
  client(url?: string): HttpClient
  whoIn(response: HttpResponse): string
  sessionCookieName(): Promise<string>
}

/** One request and what came of it. */
export interface Exchanged {
  readonly method: string
  readonly path: string
  readonly response: HttpResponse
}

/** How a request differs from the one that a browser would send. */
export interface Asking extends Omit<RequestOptions, 'cookie'> {
  /** The Cookie lines as they are, in place of the visitor's. */
  readonly cookie?: string | readonly string[]
  /** The time of this request, in milliseconds since 1970. */
  readonly at?: number
  /** The address that it comes from. */
  readonly address?: string
  readonly userAgent?: string
  /** No token is added by itself. */
  readonly withoutToken?: boolean
}

export const chromeOnWindows: string =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

/** A browser, as far as a server can tell: cookies, where a request comes from, and tokens where the server wants them. */
export class Visitor {
  readonly server: Server
  readonly cookies: Map<string, string> = new Map()
  /** Every request so far. */
  readonly exchanges: Exchanged[] = []
  user: User | undefined
  readonly #url: string

  constructor(server: Server, url: string) {
    this.server = server
    this.#url = url
  }

  /** The session cookie's value. */
  async ticket(): Promise<string | undefined> {
    return this.cookies.get(await this.server.sessionCookieName())
  }

  /** Another holder of the same cookies. */
  copy(): Visitor {
    const copy = new Visitor(this.server, this.#url)
    for (const [name, value] of this.cookies) copy.cookies.set(name, value)
    copy.user = this.user
    return copy
  }

  async signIn(user: User, asking: Asking = {}): Promise<HttpResponse> {
    const response = await this.ask('signIn', { user: user.name, password: user.password }, asking)
    if (response.status < 400) this.user = user
    return response
  }

  /** Proves again who they are. */
  reauthenticate(asking: Asking = {}): Promise<HttpResponse> {
    return this.ask(this.server.has('reauthenticate') ? 'reauthenticate' : 'signIn', {}, asking)
  }

  signOut(asking: Asking = {}): Promise<HttpResponse> {
    return this.ask('signOut', {}, asking)
  }

  /** The user's name, `nobody`, or the status of a server's error. */
  async who(asking: Asking = {}): Promise<string> {
    return this.server.whoIn(await this.ask('whoAmI', {}, asking))
  }

  write(key: string, value: string, asking: Asking = {}): Promise<HttpResponse> {
    return this.ask('writeValue', { key, value }, asking)
  }

  /** Undefined where the answer is not a success. */
  async read(key: string, asking: Asking = {}): Promise<string | undefined> {
    const response = await this.ask('readValue', { key }, asking)
    if (response.status !== 200) return undefined
    return matchesOf(this.server.route('readValue'), response.text)[0]
  }

  /** The handles of the user's sessions. */
  async handles(asking: Asking = {}): Promise<string[]> {
    const response = await this.ask('listSessions', {}, asking)
    return response.status === 200 ? matchesOf(this.server.route('listSessions'), response.text) : []
  }

  /** A token of this visitor's session. */
  async token(asking: Asking = {}): Promise<string> {
    const response = await this.ask('csrfToken', {}, asking)
    const token = matchesOf(this.server.route('csrfToken'), response.text)[0]
    if (!token || response.status !== 200)
      throw new Error(`the route \`csrfToken\` answers ${response.status}, no token`)
    return token.trim()
  }

  /** Asks for a route of the description. Throws `NotApplicable` where there is none. */
  async ask(name: RouteName, values: Values = {}, asking: Asking = {}): Promise<HttpResponse> {
    const { path, request } = fillRoute(this.server.route(name), { ...this.#credentials(), ...values })
    const headers = { ...request.headers, ...asking.headers }
    return this.send(path, { ...request, ...asking, headers })
  }

  /** Any path. */
  async send(path: string, asking: Asking = {}): Promise<HttpResponse> {
    const { at, address, userAgent, withoutToken, cookie, ...request } = asking
    const { description } = this.server
    const method = request.method ?? ((request.body ?? request.form ?? request.json) ? 'POST' : 'GET')
    const token = withoutToken ? undefined : await this.#neededToken(method, asking)
    const cookies = cookie ?? (this.cookies.size > 0 ? this.cookieHeader : [])
    const response = await this.server.client(this.#url).request(path, {
      ...request,
      method,
      ...(token?.field && request.form && { form: { ...(request.form as Record<string, string>), ...token.field } }),
      cookie: cookies,
      headers: {
        'User-Agent': userAgent ?? chromeOnWindows,
        'Accept-Language': 'en-GB,en;q=0.8',
        ...this.#origin(method),
        ...description.headers,
        ...(at !== undefined && { [this.server.clockHeader]: String(at) }),
        ...(address !== undefined && description.addressHeader && { [description.addressHeader]: address }),
        ...token?.header,
        ...request.headers,
      },
    })
    this.exchanges.push({ method, path, response })
    // Cookie lines of a test's own are not this visitor's, and neither is what is answered to them.
    if (cookie === undefined) for (const line of response.setCookies) this.#keep(line)
    return response
  }

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  #credentials(): Values {
    return this.user ? { user: this.user.name, password: this.user.password } : {}
  }

  /** What a browser says of where a request comes from: here, from a page of the same origin. */
  #origin(method: string): Record<string, string> {
    const fetched = { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }
    return ['GET', 'HEAD'].includes(method) ? fetched : { Origin: this.server.origin, ...fetched }
  }

  async #neededToken(method: string, asking: Asking) {
    const { csrf } = this.server.description
    if (!csrf || csrf.needed === 'without-origin' || ['GET', 'HEAD', 'OPTIONS'].includes(method)) return undefined
    const { at, address, userAgent } = asking
    const token = await this.token({
      ...(at !== undefined && { at }),
      ...(address !== undefined && { address }),
      ...(userAgent !== undefined && { userAgent }),
    })
    return { header: csrf.header ? { [csrf.header]: token } : {}, field: csrf.field ? { [csrf.field]: token } : {} }
  }

  /** What a browser would keep. The paths are not looked at: whoever plants a cookie sends it anywhere. */
  #keep(line: string): void {
    const now = Date.now()
    const cookie = parseSetCookie(line, new URL(this.#url), now)
    if ('reason' in cookie) return
    if (cookie.expiresAt !== undefined && cookie.expiresAt <= now) this.cookies.delete(cookie.name)
    else this.cookies.set(cookie.name, cookie.value)
  }
}
