import type { Context, MiddlewareHandler } from 'hono'

/** What someone leaves at the lab's cloakroom. */
export interface Belongings {
  hooks?: string[]
  /** How the coat was given to somebody else: by a POST, or by a GET. */
  givenAway?: string[]
}

/** A visitor's session at the cloakroom, during one request. */
export interface Visit {
  readonly data: Belongings
  readonly user: string | undefined
  signIn(user: string): void
  signOut(): void
  /** For a form of the cloakroom's own page, where this session asks for one. */
  readonly formToken: string | undefined
  /** Whether this server has a look at where an unsafe request comes from, and lets this one pass. */
  accepts(formToken: string): boolean
}

/** What the server keeps for one session, as it keeps it. */
export interface Kept {
  key: string
  user: string | undefined
  data: string
}

/** Sessions of one run, weak or ours. The cloakroom is the same application on either. */
export interface Room {
  /** What a run shows of this one, where it has several. */
  readonly name: string
  /** The cookie's name at the run's own address. */
  readonly cookieName: string
  readonly middleware: MiddlewareHandler
  open(c: Context, options?: { readonly mode: 'shared' }): Promise<Visit>
  /** Who the server takes the holder of this Cookie header for: asked of the sessions themselves, past any page. */
  holderOf(cookie: string): Promise<string | undefined>
  kept(): Promise<Kept[]>
  /** Signs so many strangers in. */
  populate(count: number): Promise<void>
  close(): Promise<void>
}

export const lifetimeMs = 15 * 60_000
