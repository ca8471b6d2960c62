import { CorruptRecordError, SessionError } from './errors.ts'
import { isWatched, publish, type SessionEvents } from './events.ts'
import type { Lock, MaybePromise, SessionId, SessionRecord, Store, StoreOptions, Version, Written } from './store.ts'
import { handleOf } from './ticket.ts'

type Operation = SessionEvents['store']['operation']

/**
 * Every call that core makes to a store: each has a deadline of its own, as real clients hang on a frozen server, and is
 * published as `coatcheck:store`. A failure becomes `ERR_STORE_UNAVAILABLE`, whatever the store threw.
 */
export class StoreCalls {
  readonly store: Store
  readonly #timeoutMs: number
  readonly #clock: () => number

  constructor(store: Store, timeoutMs: number, clock: () => number) {
    this.store = store
    this.#timeoutMs = timeoutMs
    this.#clock = clock
  }

  read(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#call('read', id, (options) => this.store.read(id, options))
  }

  write(record: SessionRecord, expected: Version | undefined, unlock?: Lock): Promise<Written> {
    return this.#call('write', record.id, (call) => this.store.write(record, expected, call.with({ unlock })))
  }

  touch(id: SessionId, times: { expiresAt: number; lastSeenAt: number }): Promise<void> {
    return this.#call('touch', id, (call) => this.store.touch(id, times, call))
  }

  delete(id: SessionId): Promise<void> {
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
        tooLate: (locked) => locked?.lock.release(),
      })
    } catch (error) {
      throw error instanceof TimedOut ? busy(error) : error
    }
  }

  listUser(userId: string): AsyncIterable<SessionRecord> {
    return this.#each((call) => this.#users().list(userId, call))
  }

  deleteByUser(userId: string, notBefore: number, except: SessionId | undefined): Promise<number> {
    return this.#call('deleteByUser', undefined, (call) =>
      this.#users().deleteByUser(userId, call.with({ notBefore, except })),
    )
  }

  deleteExpired(batch: number): Promise<number> {
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

  async #call<T>(
    operation: Operation,
    id: SessionId | undefined,
    run: (call: Call) => MaybePromise<T>,
    { timeoutMs = this.#timeoutMs, tooLate }: { timeoutMs?: number; tooLate?: (answer: T) => unknown } = {},
  ): Promise<T> {
    const startedAt = isWatched('store') ? performance.now() : 0
    const report = (outcome: SessionEvents['store']['outcome'], error?: unknown): void => {
      if (!isWatched('store')) return
      const handle = id && handleOf(id)
      publish('store', {
        operation,
        handle,
        outcome,
        duration: performance.now() - startedAt,
        ...(error ? { error } : {}),
      })
    }
    try {
      const call = new Call(this.#clock())
      const answer = run(call)
      const value = isPromise(answer) ? await call.within(timeoutMs, answer, tooLate) : answer
      report(outcomeOf(operation, value))
      return value
    } catch (error) {
      report(error instanceof TimedOut ? 'timed-out' : 'failed', error)
      if (error instanceof CorruptRecordError || error instanceof TimedOut) throw error
      const message = 'the session store failed, and nothing is known to be saved; the reason is in `error.cause`'
      throw new SessionError('ERR_STORE_UNAVAILABLE', message, { cause: error, retryAfter: 1 })
    }
  }
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

  within<T>(timeoutMs: number, answer: Promise<T>, tooLate?: (answer: T) => unknown): Promise<T> {
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

function isPromise<T>(answer: MaybePromise<T>): answer is Promise<T> {
  return typeof (answer as { then?: unknown } | undefined)?.then === 'function'
}

function outcomeOf(operation: Operation, value: unknown): 'ok' | 'absent' | 'refused' {
  if (operation === 'write' && !(value as Written).ok) return 'refused'
  return value === undefined && (operation === 'read' || operation === 'lockAndRead') ? 'absent' : 'ok'
}
