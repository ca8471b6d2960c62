import type { Exchange } from './exchange.ts'
import type { MaybePromise } from './store.ts'

/**
 * A security feature that looks at each session as it is opened, and may refuse the request. Opt-in:
 * `new Sessions({ guards: [csrf(), fingerprint()] })`; they are asked in that order.
 */
export interface Guard {
  /** Names what the guard keeps in each session's record. */
  readonly name: string
  /** Before the store is asked for the session: throws a `SessionError` to refuse the request. */
  beforeOpen?(request: GuardedRequest): void
  /** The session is open, and the handler has not seen it: throws a `SessionError` to refuse the request. */
  afterOpen?(request: GuardedRequest, session: GuardedSession): MaybePromise<void>
  /** Someone signs in, in part or in full, or a session is stored for the first time: what the guard keeps from now on, at most 4,096 characters of JSON. Undefined: nothing. */
  atSignIn?(signIn: GuardedSignIn): unknown
}

/** A request, as guards see it. */
export interface GuardedRequest {
  /** What the handler gave to `sessions.open`: the framework's own object. */
  readonly request: object
  readonly exchange: Exchange
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Someone signs in, in part or in full, or a session is stored for the first time. */
export interface GuardedSignIn {
  readonly exchange: Exchange
  readonly now: number
  /** The session id that the record has, or will have: see `GuardedSession.sid`. */
  readonly sid: Uint8Array
  /** Undefined: an anonymous session, or the first of two factors. */
  readonly userId: string | undefined
}

/** An open session, as guards see it. */
export interface GuardedSession {
  /** Undefined: a visitor without a stored session. */
  readonly handle: string | undefined
  readonly userId: string | undefined
  /** Milliseconds since 1970. */
  readonly authenticatedAt: number | undefined
  /** When the cookie was last replaced, in milliseconds since 1970. */
  readonly rotatedAt: number | undefined
  /** Changes with every change of privilege. */
  readonly epoch: string | undefined
  /** 16 random bytes, the same for the life of the session; the store knows only a hash of them. Never to be shown or stored. */
  readonly sid: Uint8Array | undefined
  /** What this guard has kept. */
  readonly notes: unknown
  /** Keeps this instead, with the commit of this request; not where it was opened `read-only`. At most 4,096 characters of JSON. */
  keep(notes: unknown): void
  /** `session.requireRecent` refuses in this request, however recent the sign-in is. */
  needStepUp(): void
  /** The cookie is replaced in the way of a periodic rotation, on the next navigation. */
  rotate(): void
  /** The cookie is not replaced in this request, but by a sign-in. */
  holdCookie(): void
}

const mostCharacters = 4_096

/** What a guard keeps. Throws a TypeError where it is more than belongs into every record. */
export function small(guard: string, notes: unknown): unknown {
  const length = JSON.stringify(notes)?.length ?? 0
  if (length <= mostCharacters) return notes
  throw new TypeError(`the guard ${guard} keeps ${length} characters, and may keep ${mostCharacters}`)
}

/** Throws a TypeError for two guards of one name. */
export function checkGuards(guards: readonly Guard[]): readonly Guard[] {
  for (const { name } of guards) {
    if (typeof name !== 'string' || name === '') throw new TypeError('guards: each needs a name')
    if (guards.filter((guard) => guard.name === name).length > 1)
      throw new TypeError(`guards: there is more than one named ${JSON.stringify(name)}`)
  }
  return guards
}
