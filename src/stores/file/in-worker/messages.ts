import type { SessionId, SessionRecord, Version, Written } from '../../../core/store.ts'
import type { PackedError } from './packed-error.ts'

/** What the worker is started with. */
export interface WorkerSettings {
  readonly directory: string
  readonly fsync: boolean
  readonly maxFileBytes: number
}

/** A lock, a list, or a call is known by the number of the call that it came from. No number is used twice, by any worker. */
export type CallNumber = number

/** What the store's thread can be asked, and what it answers. `now` is the caller's time. */
export interface Questions {
  read(id: SessionId, now: number): SessionRecord | undefined
  write(record: SessionRecord, expected: Version | undefined, now: number, unlock: CallNumber | undefined): Written
  touch(id: SessionId, times: { readonly expiresAt: number; readonly lastSeenAt: number }, now: number): void
  delete(id: SessionId, now: number): void
  lockAndRead(id: SessionId, now: number, leaseMs: number): Locked | undefined
  renew(lock: CallNumber, leaseMs: number): boolean
  release(lock: CallNumber): void
  list(now: number): Page
  listUser(userId: string, now: number): Page
  nextPage(list: CallNumber): Page
  endList(list: CallNumber): void
  deleteByUser(userId: string, now: number, notBefore: number, except: SessionId | undefined): number
  deleteExpired(now: number, batch: number): number
  /** The caller of that call has stopped waiting. */
  abort(call: CallNumber): void
  /** Lets go of everything that is held. */
  close(): void
}

export type Name = keyof Questions
export type Given<N extends Name> = Parameters<Questions[N]>
export type Answered<N extends Name> = ReturnType<Questions[N]>

export interface Locked {
  readonly lock: CallNumber
  readonly record: SessionRecord
}

export interface Page {
  readonly list: CallNumber
  readonly records: readonly SessionRecord[]
  readonly isLast: boolean
}

/** What is asked in one turn of the event loop goes as one message, and so do its answers. */
export type Asked = readonly [call: CallNumber, name: Name, given: readonly unknown[]]

export type Answer =
  | readonly [call: CallNumber, outcome: 'ok', value: unknown]
  | readonly [call: CallNumber, outcome: 'failed', error: PackedError]
  /** Not an answer yet: the call waits for its turn, and would like to know when its caller does no more. */
  | readonly [call: CallNumber, outcome: 'waits']
