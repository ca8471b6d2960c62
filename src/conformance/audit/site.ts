import type { HttpClient } from '../http/client.ts'
import { readStrictly, type StrictSetCookie } from '../http/set-cookie-grammar.ts'
import type { AuditOptions } from './options.ts'
import { AuditError } from './report.ts'
import type { SignedInPage } from './signed-in-page.ts'
import { type Exchange, Visitor } from './visitor.ts'

/** The first visitor, and the cookies that they had before and after logging in. */
export interface FirstLogin {
  readonly visitor: Visitor
  readonly anonymous: ReadonlyMap<string, string>
  readonly signedIn: ReadonlyMap<string, string>
}

/** What is known when the questions begin. */
export interface Explored {
  readonly client: HttpClient
  readonly options: AuditOptions
  /** Every exchange of every visitor. */
  readonly exchanges: Exchange[]
  readonly first: FirstLogin
  /** The names of the cookies without which nobody is signed in, the one with the longest value first. */
  readonly cookieNames: readonly string[]
  readonly page: SignedInPage
}

/** One who was signed in and has logged in again in the same browser. */
export interface SecondLogin {
  readonly visitor: Visitor
  /** The Cookie lines before and after. */
  readonly before: string
  readonly after: string
}

/** The audited site: who can be sent there, and what has been seen so far. */
export class Site {
  readonly options: AuditOptions
  readonly exchanges: Exchange[]
  readonly visitors: Visitor[] = []
  readonly first: FirstLogin
  readonly cookieNames: readonly string[]
  readonly page: SignedInPage
  readonly #client: HttpClient
  #signedIn: Visitor
  #secondLogin: Promise<SecondLogin | undefined> | undefined

  constructor({ client, options, exchanges, first, cookieNames, page }: Explored) {
    this.#client = client
    this.options = options
    this.exchanges = exchanges
    this.first = first
    this.cookieNames = cookieNames
    this.page = page
    this.#signedIn = first.visitor
    this.visitors.push(first.visitor)
  }

  get isHttps(): boolean {
    return this.options.url.startsWith('https:')
  }

  /** The session cookie, or of several the one with the longest value. */
  get cookieName(): string {
    return this.cookieNames[0]!
  }

  newVisitor(): Visitor {
    const visitor = new Visitor(this.options, this.#client, (exchange) => this.exchanges.push(exchange))
    this.visitors.push(visitor)
    return visitor
  }

  /** Someone who is signed in at this moment, whatever other checks have done to the one before. */
  async signedIn(): Promise<Visitor> {
    if (!this.page.shows(await this.#signedIn.me())) this.#signedIn = await this.newSignedIn()
    return this.#signedIn
  }

  /** Throws an `AuditError` when the login, which worked before, works no longer. */
  async newSignedIn(): Promise<Visitor> {
    const visitor = this.newVisitor()
    const response = await visitor.login()
    if (this.page.shows(await visitor.me())) return visitor
    throw new AuditError(`the login worked before and now does not (status ${response.status}): is it rate-limited?`)
  }

  close(): void {
    this.#client.close()
  }

  /** Undefined: someone who is signed in is not shown the login form. */
  secondLogin(): Promise<SecondLogin | undefined> {
    this.#secondLogin ??= this.#logInAgain()
    return this.#secondLogin
  }

  /** Every value of the session cookie that this server has made so far. */
  issuedValues(): string[] {
    const lines = this.sessionCookieLines().filter(({ cookie }) => cookie.name === this.cookieName)
    return [...new Set(lines.map(({ cookie }) => cookie.value))]
  }

  /** The visitor's session cookies as a Cookie line, with another value for the main one if it is given. */
  cookieLine(visitor: Visitor, value?: string): string {
    return this.cookieNames
      .map((name, index) => `${name}=${index === 0 && value !== undefined ? value : (visitor.cookie(name) ?? '')}`)
      .join('; ')
  }

  /** Whether somebody with just these Cookie lines, and none of their own, is taken for signed in. */
  async admits(cookie: string | readonly string[]): Promise<boolean> {
    return this.page.shows(await this.newVisitor().meWith(cookie))
  }

  async #logInAgain(): Promise<SecondLogin | undefined> {
    const visitor = await this.newSignedIn()
    if (!(await visitor.loginForm())) return undefined
    const before = this.cookieLine(visitor)
    await visitor.login()
    return this.page.shows(await visitor.me()) ? { visitor, before, after: this.cookieLine(visitor) } : undefined
  }

  /** Every Set-Cookie line for a session cookie that came so far and keeps a value, taken apart. */
  sessionCookieLines(): { line: string; cookie: StrictSetCookie }[] {
    return this.exchanges
      .flatMap(({ response }) => response.setCookies)
      .map((line) => ({ line, cookie: readStrictly(line) }))
      .filter(({ cookie }) => this.cookieNames.includes(cookie.name) && !isDeletion(cookie))
  }
}

/** The start of a value: enough to recognise it in one's own log, too little to use. */
export function masked(value: string): string {
  return value.length <= 12 ? `${value.slice(0, 2)}…` : `${value.slice(0, 6)}… (${value.length} characters)`
}

export function attributeOf(cookie: StrictSetCookie, name: string): string | undefined {
  const found = cookie.attributes.findLast(([other]) => other.toLowerCase() === name.toLowerCase())
  return found && (found[1] ?? '')
}

function isDeletion(cookie: StrictSetCookie): boolean {
  const maxAge = attributeOf(cookie, 'Max-Age')
  if (maxAge !== undefined) return Number(maxAge) <= 0
  return Date.parse(attributeOf(cookie, 'Expires') ?? '') <= Date.now()
}
