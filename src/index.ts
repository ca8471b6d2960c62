export type { AssuranceLevel } from './core/assurance.ts'
export type { Cipher, Holder, SealedPlace, Sealing, SealNote } from './core/cipher.ts'
export type { Codec } from './core/codec.ts'
export { codec } from './core/codec.ts'
export type { SameSite } from './core/cookie.ts'
export type { DeepReadonly, Storable, StorableData, StorableValue } from './core/data.ts'
export type { SessionErrorCode } from './core/errors.ts'
export { CorruptRecordError, SessionError } from './core/errors.ts'
export type { SessionEvents } from './core/events.ts'
export type { CommitsSessions, Exchange, ResponseHeaders } from './core/exchange.ts'
export type { FlashMessages } from './core/flash.ts'
export type { Guard, GuardedRequest, GuardedSession, GuardedSignIn } from './core/guard.ts'
export type { Duration } from './core/lifetime.ts'
export type { MergeRule, MergeRules } from './core/merge.ts'
export type { LifetimeOptions, RotationOptions, SessionsOptions } from './core/options.ts'
export type { Device, FlashEntry } from './core/record-body.ts'
export type { ReadonlySession, Session, SignInOptions, SignOutOptions } from './core/session.ts'
export type { CloseOptions, OpenOptions } from './core/sessions.ts'
export { Sessions } from './core/sessions.ts'
export type { SessionsPerUser } from './core/sessions-per-user.ts'
export type { Mode } from './core/state.ts'
export type {
  EndListener,
  Lock,
  LockOptions,
  MaybePromise,
  RevokeOptions,
  SessionId,
  SessionRecord,
  Store,
  StoreOptions,
  UserIndex,
  Version,
  WriteOptions,
  Written,
} from './core/store.ts'
export type { RandomBytes } from './core/ticket.ts'
export type { SessionSummary, UserSessions } from './core/users.ts'
