/**
 * The key of a session's record, for life: 64 lower-case hexadecimal digits, safe as a file name, a key or a column on every engine.
 *
 * It is a hash. Knowing it opens no session, and the cookie can't be made from it.
 */
export type SessionId = string & { readonly [sessionId]: never }
declare const sessionId: unique symbol

/** The name of one stored state of a record, like an ETag: 128 random bits, chosen by the writer, never used twice. */
export type Version = string & { readonly [version]: never }
declare const version: unique symbol

/** One session, as a store keeps it. All times are milliseconds since 1970 on the server's clock. */
export interface SessionRecord {
  readonly id: SessionId
  readonly version: Version
  /** From this moment on the record is absent for every operation, cleaned up or not. */
  readonly expiresAt: number
  readonly lastSeenAt: number
  /** Goes from none to one user, never from one user to another. */
  readonly userId?: string
  /** When the request that signed this user in arrived. */
  readonly openedAt?: number
  /** Opaque to the store. UTF-8 text, unless an encryption is configured. */
  readonly body: Uint8Array
}

/** What every call to a store is told. */
export interface StoreOptions {
  /** The time by the caller's clock. A store never asks another clock whether a record has expired. */
  readonly now: number
  /** Aborts at the caller's deadline. A store that can't be interrupted may ignore it; the caller stops waiting anyhow. */
  readonly signal: AbortSignal
}

/** What `write` is told besides. */
export interface WriteOptions extends StoreOptions {
  /** A lock that is released in the same step when, and only when, the write succeeds. */
  readonly unlock?: Lock | undefined
}

/** What `lockAndRead` is told besides. */
export interface LockOptions extends StoreOptions {
  /** How long the lock holds without a renewal, in milliseconds. */
  readonly leaseMs: number
}

/** The answer to `write`. Being refused is an answer, not an error. */
export type Written =
  | { readonly ok: true }
  /** Refused, and nothing was changed. `current` is absent when the record is gone or has expired. */
  | { readonly ok: false; readonly current?: SessionRecord | undefined; readonly reason?: 'revoked' }

/** Exclusive use of one record among those who ask for it. It gives order; safety rests on versions alone. */
export interface Lock {
  /** Extends the lease. False: the lock was lost. */
  renew(leaseMs: number): MaybePromise<boolean>
  /** Lets the next one in. Releasing twice, or after the lock was lost, does nothing. */
  release(): MaybePromise<void>
}

/** A store whose calls take no time may answer at once; core then spends no promise on it. */
export type MaybePromise<T> = T | Promise<T>

/** What `deleteByUser` is told besides. */
export interface RevokeOptions extends StoreOptions {
  /** The one session that stays. */
  readonly except?: SessionId | undefined
  /** Sign-ins whose request arrived before this are refused from now on, those under way included. */
  readonly notBefore: number
}

/** Which sessions are whose, for `sessions.ofUser()`. A store without it can't sign a user out everywhere. */
export interface UserIndex {
  /** The user's live records, in no particular order. Only records whose `userId` is this user. */
  list(userId: string, options: StoreOptions): AsyncIterable<SessionRecord> | Iterable<SessionRecord>
  /**
   * Deletes all of the user's records but one, and says how many. When it resolves, no session that was signed in before
   * is live, and none whose sign-in arrived before `notBefore` will be (`write` refuses it as `revoked`).
   * Run again after a crash, it finishes.
   */
  deleteByUser(userId: string, options: RevokeOptions): MaybePromise<number>
}

/** Told by a store that hears of deletions in other processes. */
export interface EndListener {
  /** The record with this id was deleted, by whichever process. May come late, twice, or not at all; never for a record that lives. */
  onEnd(id: SessionId): void
  /** Whether deletions are heard of at present. Said once the channel is open, and again whenever it is lost or back. */
  onHearing(hears: boolean): void
}

/**
 * Where sessions live. This is the extension point: implement it, then run `testStore` of `coatcheck/testing` on it.
 *
 * Every operation treats a record whose `expiresAt` is at or before `options.now` as absent, in the same atomic step.
 * A call that rejects, or outlives its deadline, is taken as *ambiguous*: it may have happened.
 */
export interface Store {
  /**
   * `kept`: what was acknowledged survives the death of any process. `may-lose-last`: a failover may lose it.
   * `memory`: gone with this process, and not shared with any other.
   */
  readonly durability: 'kept' | 'may-lose-last' | 'memory'

  /** The live record, or undefined. Rejects with `CorruptRecordError` when what is stored can't be a record. */
  read(id: SessionId, options: StoreOptions): MaybePromise<SessionRecord | undefined>

  /**
   * Compare-and-set. With `expected` undefined it creates and is refused where a live record exists; otherwise it replaces
   * the live record with that version, and is refused when it has another or is gone. A refused write never creates.
   *
   * Idempotent: when the stored version already equals `record.version`, the answer is ok.
   *
   * When `record.userId` is set and the stored record has none, the record enters the user's list in the same step, or the
   * write is refused as `revoked` because `openedAt` is before a `notBefore` of `deleteByUser`; without an `openedAt` it is
   * refused as soon as there is one. Core never asks for the same new id twice, so nothing rests on ids being kept for ever.
   */
  write(record: SessionRecord, expected: Version | undefined, options: WriteOptions): MaybePromise<Written>

  /** Moves `expiresAt` and `lastSeenAt` forward, never back, on a live record only. The version stays. */
  touch(
    id: SessionId,
    times: { readonly expiresAt: number; readonly lastSeenAt: number },
    options: StoreOptions,
  ): MaybePromise<void>

  /** Unconditional. Deleting what is not there succeeds. When it resolves, nothing brings the record back. */
  delete(id: SessionId, options: StoreOptions): MaybePromise<void>

  /**
   * Waits its turn (first come, first served), then reads. Undefined, and no lock, when there is no live record.
   * A holder's death frees the lock. When `options.signal` aborts, it stops waiting and rejects with the signal's reason.
   */
  lockAndRead?(
    id: SessionId,
    options: LockOptions,
  ): MaybePromise<{ readonly lock: Lock; readonly record: SessionRecord } | undefined>

  readonly users?: UserIndex

  /** All live records, in no particular order. */
  list?(options: StoreOptions): AsyncIterable<SessionRecord> | Iterable<SessionRecord>

  /** Removes what has expired, at most `batch` records a call, and says how many; less than `batch` means done for now. Costs what has expired, not what exists. */
  deleteExpired?(options: StoreOptions & { readonly batch: number }): MaybePromise<number>

  /**
   * Tells of every record that `delete` or `deleteByUser` removes in any process, soon after. Returns at once, with a
   * function that stops it; opening the channel, and opening it again when it is lost, is the store's own affair. Without
   * this, and while the channel is lost, core looks once a second at the sessions that are watched.
   */
  subscribe?(listener: EndListener): () => void

  /** Lets go of timers and handles of the store's own. Clients and pools are the caller's. */
  close?(): MaybePromise<void>
}
