import type { Lock, LockOptions, SessionId, SessionRecord } from '../../core/store.ts'
import type { Connection } from './connection.ts'
import type { Keys } from './keys.ts'
import { unpackRecord } from './record-value.ts'
import { leaveScript, renewScript, run, takeScript } from './scripts.ts'
import type { Bell, Signals } from './signals.ts'

/** Who waits asks again this often, which tells that it is still there, and finds a turn whose message was lost. */
const askEveryMs = 500
/** Who has not asked for so long is taken for dead, and passed over. */
const goneAfterMs = 1_500

/** First come, first served, by a queue in Redis (see scripts.ts) and a message to the one whose turn it is. */
export class Locks {
  readonly #connection: Connection
  readonly #keys: Keys
  readonly #signals: Signals

  constructor(connection: Connection, keys: Keys, signals: Signals) {
    this.#connection = connection
    this.#keys = keys
    this.#signals = signals
  }

  lockAndRead(id: SessionId, options: LockOptions): Promise<{ lock: HeldLock; record: SessionRecord } | undefined> {
    const { signal } = options
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason)
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort, { once: true })
      const waiting = this.#wait(id, options).then(resolve, reject)
      void waiting.finally(() => signal.removeEventListener('abort', abort))
    })
  }

  async #wait(id: SessionId, options: LockOptions): Promise<{ lock: HeldLock; record: SessionRecord } | undefined> {
    const bell = this.#signals.newBell()
    try {
      return await this.#takeTurn(id, bell, options)
    } catch (error) {
      // The answer that was lost may have said that it is our turn.
      this.#leave(id, bell.token).catch(() => {})
      throw error
    } finally {
      bell.remove()
    }
  }

  async #takeTurn(
    id: SessionId,
    bell: Bell,
    { now, leaseMs, signal }: LockOptions,
  ): Promise<{ lock: HeldLock; record: SessionRecord } | undefined> {
    const keys = [this.#keys.record(id), this.#keys.queue(id)] as const
    const args = [String(now), bell.token, String(Math.ceil(leaseMs)), String(goneAfterMs), this.#keys.turns]
    for (;;) {
      const [answer, value] = (await run(this.#connection, takeScript, keys, args)) as [number, Buffer | number]
      signal.throwIfAborted()
      if (answer === 0) return undefined
      if (answer === 1) {
        const record = unpackRecord(id, value as Buffer)
        return { lock: this.#held(record, bell.token), record }
      }
      this.#signals.open()
      // Up to the end of the holder's lease, as nobody tells of that.
      await bell.wait(Math.min(askEveryMs, (value as number) + 5), signal)
      signal.throwIfAborted()
    }
  }

  #held({ id, userId }: SessionRecord, token: string): HeldLock {
    return new HeldLock(
      token,
      userId === undefined,
      (leaseMs) => {
        const args = [token, String(Math.ceil(leaseMs)), this.#keys.turns]
        return run(this.#connection, renewScript, [this.#keys.queue(id)], args)
      },
      () => this.#leave(id, token),
    )
  }

  #leave(id: SessionId, token: string): Promise<unknown> {
    return run(this.#connection, leaveScript, [this.#keys.queue(id)], [token, this.#keys.turns])
  }
}

export class HeldLock implements Lock {
  readonly token: string
  /** So it was when the lock was granted, which tells a sign-in what to expect. */
  readonly isAnonymous: boolean
  readonly #renew: (leaseMs: number) => Promise<unknown>
  readonly #leave: () => Promise<unknown>
  #isReleased = false

  constructor(
    token: string,
    isAnonymous: boolean,
    renew: (leaseMs: number) => Promise<unknown>,
    leave: () => Promise<unknown>,
  ) {
    this.token = token
    this.isAnonymous = isAnonymous
    this.#renew = renew
    this.#leave = leave
  }

  async renew(leaseMs: number): Promise<boolean> {
    return !this.#isReleased && (await this.#renew(leaseMs)) === 1
  }

  async release(): Promise<void> {
    if (this.#isReleased) return
    this.#isReleased = true
    try {
      await this.#leave()
    } catch (error) {
      this.#isReleased = false // so that it can be tried again
      throw error
    }
  }

  /** A write has released it in its own step. */
  wasReleased(): void {
    this.#isReleased = true
  }
}
