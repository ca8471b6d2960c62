import type { Description, Limits, Route, RouteName, User } from './description.ts'
import { HttpClient } from './http/client.ts'
import type { HttpResponse } from './http/http-response.ts'
import { NotApplicable } from './not-applicable.ts'
import { matchesOf } from './route.ts'
import { type Server, Visitor } from './visitor.ts'

/** The server under test, by its description. */
export class Application implements Server {
  readonly description: Description
  /** The scheme, host and port that visitors know. */
  readonly origin: string
  readonly isSecure: boolean
  readonly #clients = new Map<string, HttpClient>()
  readonly #kept = new Map<string, Promise<unknown>>()
  readonly #known = new Set<string>()
  #users = 0

  constructor(description: Description) {
    this.description = description
    const { origin, protocol } = new URL(description.baseUrl)
    this.origin = origin
    this.isSecure = protocol === 'https:'
    const { first, second, withSecondFactor, admin } = description.users
    for (const user of [first, second, withSecondFactor, admin]) if (user) this.#known.add(user.name)
  }

  has(name: RouteName): boolean {
    return this.description.routes[name] !== undefined
  }

  /** Throws `NotApplicable` where the description has none. */
  route(name: RouteName): Route {
    const route = this.description.routes[name]
    if (!route) throw new NotApplicable(`the description has no route \`${name}\``)
    return route
  }

  /** Throws `NotApplicable` unless all are there. */
  needs(...names: RouteName[]): void {
    const missing = names.filter((name) => !this.has(name))
    if (missing.length > 0) {
      const list = missing.map((name) => `\`${name}\``).join(', ')
      throw new NotApplicable(`the description has no route ${list}`)
    }
  }

  /** The header by which a request says what time it is. */
  get clockHeader(): string {
    const { clockHeader } = this.description
    if (!clockHeader)
      throw new NotApplicable('the description has no `clockHeader`, and no check waits for time to pass')
    return clockHeader
  }

  limit<Name extends keyof Limits>(name: Name): NonNullable<Limits[Name]> {
    const limit = this.description.limits?.[name]
    if (limit === undefined) throw new NotApplicable(`the description has no \`limits.${name}\``)
    return limit
  }

  /** A visitor with no cookie yet. */
  visitor(url: string = this.origin): Visitor {
    return new Visitor(this, url)
  }

  /** A visitor who is signed in, as a user of this check's own where there are any number of them. */
  async signedIn(user: User = this.user()): Promise<Visitor> {
    const visitor = this.visitor()
    await visitor.signIn(user)
    return visitor
  }

  user(): User {
    return this.users(1)[0]!
  }

  /** That many different users, whom no other check knows if the description has `many`. */
  users(count: number): User[] {
    const { first, second, many } = this.description.users
    if (many) {
      return Array.from({ length: count }, () => {
        const user = { ...many, name: many.name.replace('{n}', String(++this.#users)) }
        this.#known.add(user.name)
        return user
      })
    }
    const users = [first, ...(second ? [second] : [])].slice(0, count)
    if (users.length < count) throw new NotApplicable(`the description has no ${count} users`)
    return users
  }

  twoUsers(): [User, User] {
    const [one, other] = this.users(2)
    return [one!, other!]
  }

  /** Whose page this is: a user that the runner knows, `nobody`, or the status of a server's error. */
  whoIn(response: HttpResponse): string {
    if (response.status >= 500) return `status ${response.status}`
    if (response.status >= 300) return 'nobody'
    const said = matchesOf(this.route('whoAmI'), response.text).join(' ')
    return said.match(/[\p{L}\p{N}_.@-]+/gu)?.find((word) => this.#known.has(word)) ?? 'nobody'
  }

  /** The one cookie that is enough to stay signed in. */
  sessionCookieName(): Promise<string> {
    return this.keep('session cookie', async () => {
      if (this.description.cookieName) return this.description.cookieName
      const user = this.user()
      const visitor = await this.signedIn(user)
      const names = [...visitor.cookies.keys()]
      for (const name of names) {
        const alone = visitor.copy()
        for (const other of names) if (other !== name) alone.cookies.delete(other)
        if ((await alone.who()) === user.name) return name
      }
      throw new Error(
        names.length === 0
          ? 'signing in set no cookie'
          : `after signing in, none of the cookies ${names.join(', ')} is enough to be known: is whoAmI right?`,
      )
    })
  }

  /** What the store holds, as the test-only route shows it. */
  async dump(): Promise<string> {
    const response = await this.visitor().ask('dump')
    if (response.status !== 200) throw new Error(`the route \`dump\` answers ${response.status}`)
    return response.text
  }

  /** The log, as the test-only route shows it, one line for each event. */
  async log(): Promise<string> {
    const response = await this.visitor().ask('log')
    if (response.status !== 200) throw new Error(`the route \`log\` answers ${response.status}`)
    return response.text
  }

  /** What the log has told since it read `before`; a log that shows only its last lines is fine. */
  async logSince(before: string): Promise<string> {
    const after = await this.log()
    const last = before.trimEnd().split('\n').at(-1) ?? ''
    const known = last === '' ? -1 : after.lastIndexOf(last)
    return known === -1 ? after : after.slice(known + last.length).trim()
  }

  /** Does something once for all checks. */
  keep<T>(name: string, make: () => Promise<T>): Promise<T> {
    const kept = this.#kept.get(name) ?? make()
    this.#kept.set(name, kept)
    return kept as Promise<T>
  }

  client(url: string = this.origin): HttpClient {
    const { origin } = new URL(url)
    const client = this.#clients.get(origin) ?? new HttpClient(origin, { keepAlive: true, deadline: 20_000 })
    this.#clients.set(origin, client)
    return client
  }

  close(): void {
    for (const client of this.#clients.values()) client.close()
  }
}
