import type { Cipher } from './cipher.ts'
import type { CleanUp } from './clean-up.ts'
import type { Codec } from './codec.ts'
import type { SameSite } from './cookie.ts'
import type { Values } from './data.ts'
import type { EndWatch } from './ended.ts'
import type { Exchange } from './exchange.ts'
import type { Guard } from './guard.ts'
import type { Lifetime } from './lifetime.ts'
import type { MergeRule } from './merge.ts'
import type { Device } from './record-body.ts'
import type { SessionsPerUser } from './sessions-per-user.ts'
import type { StoreCalls } from './store-calls.ts'
import type { RandomBytes } from './ticket.ts'
import type { TurnQueue } from './turn-queue.ts'

/** What every request of one `Sessions` shares: its settings, its store, and who waits for whom in this process. */
export interface Engine {
  readonly calls: StoreCalls
  readonly codec: Codec
  readonly cipher: Cipher | undefined
  readonly initial: () => Values
  readonly rules: { readonly [key: string]: MergeRule | undefined }
  readonly whenUnavailable: 'fail-closed' | 'anonymous-read-only'
  readonly cookieName: string
  readonly sameSite: SameSite
  readonly lifetime: Lifetime
  readonly remembered: Lifetime
  readonly rotateEveryMs: number
  readonly graceMs: number
  readonly onReuse: 'report' | 'revoke'
  readonly pendingMs: number
  readonly sessionsPerUser: SessionsPerUser | undefined
  readonly guards: readonly Guard[]
  readonly deviceOf: ((exchange: Exchange) => Device) | undefined
  readonly touchEveryMs: number
  readonly lockWaitMs: number
  readonly leaseMs: number
  readonly maxBytes: number
  readonly clock: () => number
  readonly randomBytes: RandomBytes
  /** Exclusive requests of one session, in order. */
  readonly turns: TurnQueue
  /** Commits of one session that keep running into each other, in order. */
  readonly writes: TurnQueue
  readonly ended: EndWatch
  readonly cleanUp: CleanUp
  /** In development only. */
  readonly warnOnce: (topic: string, message: () => string | undefined) => void
}
