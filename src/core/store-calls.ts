import { CircuitBreaker } from './circuit-breaker.ts'
import { CorruptRecordError, SessionError } from './errors.ts'
import { isWatched, publish, type SessionEvents } from './events.ts'
import { isPromise } from './maybe-promise.ts'
import type { Lock, MaybePromise, SessionId, SessionRecord, Store, StoreOptions, Version, Written } from './store.ts'
import { handleOf } from './ticket.ts'

type Operation = SessionEvents['store']['operation']

/** No session's: its hash would have to be all zeros. */
const nobody = '0'.repeat(64) as SessionId

/** How a call's deadline differs from that of the others. */
interface Limits<T> {
  readonly timeoutMs: number
  /** The time may go by because of other visitors: the store need not have failed. */
  readonly isWaiting: boolean
  readonly tooLate: (answer: T) => unknown
}

/**
 * Every call that core makes to a store: each has a deadline of its own, as real clients hang on a frozen server, and is
 * published as `coatcheck:store`. A failure becomes `ERR_STORE_UNAVAILABLE`, whatever the store threw. A store that has
 * stopped answering is not asked: the call fails at once (see `CircuitBreaker`).
 *
 * What a store answers at once is returned at once: await it, and no promise is spent on it but the caller's own.
 */
export class StoreCalls {
  readonly store: Store
  readonly #timeoutMs: number
  readonly #clock: () => number
  readonly #breaker: CircuitBreaker

  constructor(store: Store, timeoutMs: number, clock: () => number, breaker: CircuitBreaker = new CircuitBreaker()) {
    this.store = store
    this.#timeoutMs = timeoutMs
    this.#clock = clock
    this.#breaker = breaker
  }

  read(id: SessionId): MaybePromise<SessionRecord | undefined> {
    return this.#call('read', id, (call) => this.store.read(id, call))
  }

  write(record: SessionRecord, expected: Version | undefined, unlock?: Lock): MaybePromise<Written> {
    return this.#call('write', record.id, (call) => this.store.write(record, expected, call.with({ unlock })))
  }

  touch(id: SessionId, times: { expiresAt: number; lastSeenAt: number }): MaybePromise<void> {
    return this.#call('touch', id, (call) => this.store.touch(id, times, call))
  }

  delete(id: SessionId): MaybePromise<void> {
    return this.#call('delete', id, (call) => this.store.delete(id, call))
  }

  /** Waits up to `waitMs`, then throws `ERR_SESSION_BUSY`. A lock that is granted later is released at once. */
  async lockAndRead(
    id: SessionId,
    leaseMs: number,
    waitMs: number,
  ): Promise<{ lock: Lock; record: SessionRecord } | undefined> {
    try {
      return await this.#call('lockAndRead', id, (call) => this.store.lockAndRead?.(id, call.with({ leaseMs })), {
        timeoutMs: waitMs,
        isWaiting: true,
        tooLate: (locked) => locked && this.release(locked.lock),
      })
    } catch (error) {
      throw error instanceof TimedOut ? busy(error) : error
    }
  }

  /** False: the lock was lost, or the store does not say. */
  async renew(lock: Lock, leaseMs: number): Promise<boolean> {
    if (this.#breaker.isOpen) return false
    try {
      return await new Call(0).within(this.#timeoutMs, lock.renew(leaseMs))
    } catch {
      return false
    }
  }

  /** Never throws. After a failure it is tried again for a while: until its lease is over, the lock holds the visitor up. */
  async release(lock: Lock, moreTries = 30): Promise<void> {
    const tryLater = (): void => {
      if (moreTries > 0) setTimeout(() => void this.release(lock, moreTries - 1), 1_000).unref?.()
    }
    try {
      const released = new Call(0).within(this.#timeoutMs, lock.release())
      // A client that is waiting for its server may send it yet: that is worth trying, and not worth waiting for.
      if (this.#breaker.isOpen && isPromise(released)) released.catch(tryLater)
      else await released
    } catch {
      tryLater()
    }
  }

  listUser(userId: string): AsyncIterable<SessionRecord> {
    return this.#each((call) => this.#users().list(userId, call))
  }

  deleteByUser(userId: string, notBefore: number, except: SessionId | undefined): MaybePromise<number> {
    return this.#call('deleteByUser', undefined, (call) =>
      this.#users().deleteByUser(userId, call.with({ notBefore, except })),
    )
  }

  deleteExpired(batch: number): MaybePromise<number> {
    return this.#call('deleteExpired', undefined, (call) => this.store.deleteExpired?.(call.with({ batch })) ?? 0)
  }

  #users(): NonNullable<Store['users']> {
    if (!this.store.users)
      throw new TypeError('this store keeps no index of users: sessions.ofUser() is not offered on it')
    return this.store.users
  }

  async *#each(
    open: (options: StoreOptions) => AsyncIterable<SessionRecord> | Iterable<SessionRecord>,
  ): AsyncIterable<SessionRecord> {
    const iterable = open(new Call(this.#clock()))
    const iterator = Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : iterable[Symbol.iterator]()
    try {
      for (;;) {
        const step = await this.#call<IteratorResult<SessionRecord>>('list', undefined, () => iterator.next())
        if (step.done) return
        yield step.value
      }
    } finally {
      // Not awaited: a generator that hangs would never answer this either.
      void Promise.resolve(iterator.return?.()).catch(() => {})
    }
  }

  #call<T>(
    operation: Operation,
    id: SessionId | undefined,
    run: (call: Call) => MaybePromise<T>,
    limits?: Limits<T>,
  ): MaybePromise<T> {
    if (this.#breaker.isOpen) return this.#callOnceBack(operation, id, run, limits)
    return this.#callNow(operation, id, run, limits)
  }

  async #callOnceBack<T>(
    operation: Operation,
    id: SessionId | undefined,
    run: (call: Call) => MaybePromise<T>,
    limits?: Limits<T>,
  ): Promise<T> {
    await this.#breaker.passOrThrow(async () =>
      this.#callNow('read', undefined, (call) => this.store.read(nobody, call)),
    )
    return this.#callNow(operation, id, run, limits)
  }

  #callNow<T>(
    operation: Operation,
    id: SessionId | undefined,
    run: (call: Call) => MaybePromise<T>,
    limits?: Limits<T>,
  ): MaybePromise<T> {
    const attempt: Attempt = {
      operation,
      id,
      startedAt: isWatched('store') ? performance.now() : 0,
      failuresBefore: this.#breaker.failures,
    }
    const call = new Call(this.#clock())
    let answer: MaybePromise<T>
    try {
      answer = run(call)
    } catch (error) {
      throw this.#failed(attempt, error)
    }
    return isPromise(answer) ? this.#settle(attempt, call, answer, limits) : this.#succeeded(attempt, answer)
  }

  async #settle<T>(attempt: Attempt, call: Call, answer: Promise<T>, limits: Limits<T> | undefined): Promise<T> {
    let value: T
    try {
      value = await call.within(limits?.timeoutMs ?? this.#timeoutMs, answer, limits?.tooLate)
    } catch (error) {
      throw this.#failed(attempt, error, limits?.isWaiting)
    }
    return this.#succeeded(attempt, value)
  }

  #succeeded<T>(attempt: Attempt, value: T): T {
    if (this.#breaker.failures !== 0) this.#breaker.succeeded()
    if (isWatched('store')) report(attempt, outcomeOf(attempt.operation, value))
    return value
  }

  /** What the caller gets to see instead. */
  #failed(attempt: Attempt, error: unknown, isWaiting = false): unknown {
    const { operation, failuresBefore } = attempt
    if (isWatched('store')) report(attempt, error instanceof TimedOut ? 'timed-out' : 'failed', error)
    if (error instanceof CorruptRecordError) {
      // The store has answered.
      if (this.#breaker.failures !== 0) this.#breaker.succeeded()
      // Of a visitor's own record. What else is damaged, such as an index, is the operator's affair, and may be mended.
      if (operation === 'read' || operation === 'lockAndRead') return error
    }
    if (error instanceof TimedOut) {
      if (!isWaiting) this.#breaker.timedOut(error)
      return error
    }
    if (operation === 'read' || operation === 'lockAndRead') this.#breaker.failed(error, failuresBefore)
    const message = 'the session store failed, and nothing is known to be saved; the reason is in `error.cause`'
    return new SessionError('ERR_STORE_UNAVAILABLE', message, { cause: error, retryAfter: 1 })
  }
}

/** A call that is under way. */
interface Attempt {
  readonly operation: Operation
  readonly id: SessionId | undefined
  readonly startedAt: number
  readonly failuresBefore: number
}

function report(
  { operation, id, startedAt }: Attempt,
  outcome: SessionEvents['store']['outcome'],
  error?: unknown,
): void {
  const duration = performance.now() - startedAt
  publish('store', { operation, handle: id && handleOf(id), outcome, duration, ...(error ? { error } : {}) })
}

export function busy(cause?: unknown): SessionError {
  const message = 'other requests of this session took longer than `lock.wait`; slow ones want mode "shared"'
  return new SessionError('ERR_SESSION_BUSY', message, { cause, retryAfter: 1 })
}

/** The store did not answer in time: the call may have happened, or may happen yet. */
export class TimedOut extends SessionError {
  constructor(timeoutMs: number) {
    super('ERR_STORE_UNAVAILABLE', `the session store did not answer within ${timeoutMs} ms`, { retryAfter: 1 })
  }
}

/** What one call is told, and its deadline. An AbortController is made for those stores only that look at the signal. */
class Call implements StoreOptions {
  readonly now: number
  #controller: AbortController | undefined
  #reason: TimedOut | undefined

  constructor(now: number) {
    this.now = now
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#reason) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  with<More extends object>(more: More): this & More {
    return Object.assign(this, more)
  }

  within<T>(timeoutMs: number, answer: MaybePromise<T>, tooLate?: (answer: T) => unknown): MaybePromise<T> {
    if (!isPromise(answer)) return answer
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#reason = new TimedOut(timeoutMs)
        reject(this.#reason)
        this.#controller?.abort(this.#reason)
      }, timeoutMs)
      answer.then(
        (value) => {
          clearTimeout(timer)
          if (this.#reason) tooLate?.(value)
          else resolve(value)
        },
        (error) => {
          clearTimeout(timer)
          reject(error)
        },
      )
    })
  }
}

function outcomeOf(operation: Operation, value: unknown): 'ok' | 'absent' | 'refused' {
  if (operation === 'write' && !(value as Written).ok) return 'refused'
  return value === undefined && (operation === 'read' || operation === 'lockAndRead') ? 'absent' : 'ok'
}
