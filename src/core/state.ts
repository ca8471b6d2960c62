import type { CookiePlan } from './cookie.ts'
import type { Draft } from './draft.ts'
import type { SessionError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import type { Flash } from './flash.ts'
import type { Unsealed } from './sealed-body.ts'
import type { Lock, SessionId, SessionRecord } from './store.ts'
import type { Ticket } from './ticket.ts'

/** A record with its body taken apart. */
export interface Stored extends Unsealed {
  readonly record: SessionRecord
}

/** A stored session that this visitor's ticket opens. */
export interface Live extends Stored {
  readonly ticket: Ticket
  /** Hash of the presented secret. */
  readonly hash: string
}

/** What a request may do with its session, and whether it waits for others: see `OpenOptions`. */
export type Mode = 'read-only' | 'shared' | 'exclusive'

/** A change of privilege that the handler decided on. Without `userId` or `pendingUserId`: a new secret, and nothing else. */
export interface Privilege {
  readonly userId?: string
  /** The user whose sign-in begins, and is not complete. */
  readonly pendingUserId?: string
  /** When the request that proved the first of two factors arrived. Undefined: this request proved all. */
  readonly begunAt?: number
  readonly isRemembered?: boolean
  /** The only keys that pass from what others stored meanwhile. Undefined: all. */
  readonly keep?: readonly string[] | undefined
}

/** One session during one request: what it was when opened, and what was decided since. */
export interface SessionState {
  readonly exchange: Exchange
  readonly cookie: CookiePlan
  readonly mode: Mode
  readonly touches: boolean
  readonly hadCookie: boolean
  /** Why the visitor's session could not be read: this one stands in for it, and nothing of it is ever stored. */
  readonly unavailable: SessionError | undefined
  /** The cookie was recognised as one that has been replaced: it creates nothing and gets nothing, but by a sign-in. */
  readonly isSpent: boolean
  /**
   * A newer version of the library has stored the visitor's session: this server can't read it, and puts none in its place but
   * by a sign-in. Whoever has its secret can end it.
   */
  newer: { readonly id: SessionId; readonly userId: string | undefined; readonly isTheirs: boolean } | undefined
  /** When the adapter first saw the request, before any password was checked. */
  readonly arrivedAt: number
  /** "Sign out everywhere but here" was told in this request, at that time: a sign-in here is none of those that it refuses. */
  exceptedAt: number | undefined
  /** What guards note down. Undefined: nothing new. */
  guardNotes: { readonly [guard: string]: unknown } | undefined
  /** A guard wants the user to prove again who they are, before anything that matters. */
  isStepUpNeeded: boolean
  /** A guard wants the cookie replaced as soon as may be. */
  isRotationWanted: boolean
  /** A guard wants that this visitor gets no new cookie, but by a sign-in. */
  isCookieHeld: boolean
  /** Undefined: an anonymous visitor without a record. */
  live: Live | undefined
  draft: Draft
  privilege: Privilege | undefined
  /** Records that this request puts an end to. */
  readonly ending: { readonly id: SessionId; readonly userId: string | undefined }[]
  /** The handler called `signOut` or `destroy`: the cookie goes, unless the visitor gets a new one. */
  isSignedOut: boolean
  /** Made when the handler asks for it. */
  flash: Flash | undefined
  turn: Turn | undefined
  /** A `save` or an `update` that failed with changes pending: no later commit may store them on another base (rule W2). */
  failure: unknown
  /** The Set-Cookie line that the response gets. */
  setCookie: string | undefined
  isSettled: boolean
}

/** An exclusive request's turn: its place in this process and the store's lock. */
export interface Turn {
  readonly lock: Lock
  /** After a write that released the store's lock: lets the next request of this process in. */
  leave(): void
  /** Without such a write. */
  release(): Promise<void>
}

/** Whether what was decided is to sign someone in, in full or by half: then another record will do as well (rule S2). */
export function isSignIn(privilege: Privilege | undefined): boolean {
  return privilege?.userId !== undefined || privilege?.pendingUserId !== undefined
}

/** When the request that proved who the user is arrived (rule I4). */
export function openedAtOf({ privilege, arrivedAt, exceptedAt }: SessionState): number {
  return Math.max(privilege?.begunAt ?? arrivedAt, exceptedAt ?? Number.NEGATIVE_INFINITY)
}
