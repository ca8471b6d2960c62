import type { Lock, MaybePromise, SessionId, SessionRecord, Store, StoreOptions } from 'coatcheck'

export type Operation =
  | 'read'
  | 'write'
  | 'touch'
  | 'delete'
  | 'lockAndRead'
  | 'granted'
  | 'release'
  | 'list'
  | 'revoke'

/** A call that a request has made and that the store has not begun. */
export interface SuspendedCall {
  readonly operation: Operation
  /** Its arguments, for traces. */
  readonly detail: string
  run(): MaybePromise<unknown>
  answer(value: unknown): void
  fail(error: Error): void
}

/** A change of a record, and who made it. */
export interface Change {
  readonly request: number
  readonly operation: Operation
  readonly id: SessionId
  readonly before: SessionRecord | undefined
  readonly after: SessionRecord | undefined
  /** The time that the store was told. */
  readonly now: number
}

export interface HeldLock {
  readonly id: SessionId
  readonly request: number
  readonly lock: Lock
}

interface Locked {
  readonly lock: Lock
  readonly record: SessionRecord
}

export const lost = new Error('the answer was lost')

/**
 * A store whose calls wait until they are let go, one at a time. A request that waits for a lock has no call to let go until
 * the lock is granted; it then reads at a moment of its own.
 */
export class ScheduledStore {
  /** At most one for each request. */
  readonly calls = new Map<number, SuspendedCall>()
  /** Calls whose caller was told that they failed, and that may happen yet. */
  readonly late: { readonly request: number; readonly call: SuspendedCall }[] = []
  readonly changes: Change[] = []
  readonly held: HeldLock[] = []
  /** Who asked for each lock and has not been given it, the first one first. */
  readonly queues = new Map<SessionId, number[]>()
  /** Locks that were granted out of turn. */
  readonly unfair: string[] = []
  readonly notBefores: string[] = []
  readonly #inner: Store
  readonly #leaseMs: number
  readonly #innerLocks = new WeakMap<Lock, HeldLock>()
  readonly #granting = new Set<number>()
  readonly #unanswered = new Set<(error: Error) => void>()
  #isOver = false

  constructor(inner: Store, leaseMs: number) {
    this.#inner = inner
    this.#leaseMs = leaseMs
  }

  /** The store as one request sees it. */
  for(caller: () => number): Store {
    const inner = this.#inner
    const { users } = inner
    const suspend = <T>(operation: Operation, detail: string, run: () => MaybePromise<T>): Promise<T> =>
      this.#suspend(caller(), operation, detail, run)
    const changing = <T>(operation: Operation, id: SessionId, now: number, run: () => MaybePromise<T>) => {
      const request = caller()
      return suspend(operation, short(id), () => this.#watch(request, operation, id, now, run))
    }
    return {
      durability: inner.durability,
      read: (id, options) => suspend('read', short(id), () => inner.read(id, options)),
      write: (record, expected, options) =>
        changing('write', record.id, options.now, async () => {
          const held = options.unlock && this.#innerLocks.get(options.unlock)
          const { now, signal } = options
          const written = await inner.write(record, expected, { now, signal, unlock: held?.lock })
          if (written.ok && held) this.#letGo(held)
          return written
        }),
      touch: (id, times, options) => changing('touch', id, options.now, () => inner.touch(id, times, options)),
      delete: (id, options) => changing('delete', id, options.now, () => inner.delete(id, options)),
      lockAndRead: (id, { now }) => {
        const request = caller()
        return suspend('lockAndRead', short(id), () => this.#lock(request, id, { now, signal: never }))
      },
      ...(users && {
        users: {
          list: (userId, options) => this.#list(caller, () => users.list(userId, options)),
          deleteByUser: (userId, options) => {
            const request = caller()
            return suspend('revoke', userId, async () => {
              const before = await toArray(users.list(userId, options))
              const count = await users.deleteByUser(userId, options)
              this.notBefores.push(`${userId}${options.notBefore}`)
              for (const record of before) {
                const after = await this.peek(record.id)
                if (!after)
                  this.#note({ request, operation: 'revoke', id: record.id, before: record, after, now: options.now })
              }
              return count
            })
          },
        },
      }),
    }
  }

  /** What is stored, whether or not it has expired, unseen by the schedule. */
  peek(id: SessionId): MaybePromise<SessionRecord | undefined> {
    return this.#inner.read(id, { now: 0, signal: never })
  }

  /** Takes a call off the schedule. */
  take(request: number): SuspendedCall {
    const call = this.calls.get(request)
    if (!call) throw new Error(`request ${request} has made no call`)
    this.calls.delete(request)
    return call
  }

  /** The lease of a lock runs out. */
  expire(held: HeldLock): void {
    this.#letGo(held)
    held.lock.release()
  }

  /** Fails what is suspended and what is still to come, so that no timer and no promise stays behind. */
  end(): void {
    this.#isOver = true
    for (const fail of this.#unanswered) fail(lost)
    this.calls.clear()
    for (const held of [...this.held]) this.expire(held)
  }

  #suspend<T>(request: number, operation: Operation, detail: string, run: () => MaybePromise<T>): Promise<T> {
    if (this.#isOver) return Promise.reject(lost)
    return new Promise<T>((resolve, reject) => {
      if (this.calls.has(request)) throw new Error(`request ${request} has made two calls at once`)
      const answer = (value: unknown): void => {
        this.#unanswered.delete(reject)
        resolve(value as T)
      }
      const fail = (error: Error): void => {
        this.#unanswered.delete(reject)
        reject(error)
      }
      this.#unanswered.add(reject)
      this.calls.set(request, { operation, detail, run, answer, fail })
    })
  }

  async #watch<T>(
    request: number,
    operation: Operation,
    id: SessionId,
    now: number,
    run: () => MaybePromise<T>,
  ): Promise<T> {
    const before = await this.peek(id)
    const answer = await run()
    const after = await this.peek(id)
    if (before !== after) this.#note({ request, operation, id, before, after, now })
    return answer
  }

  #note(change: Change): void {
    this.changes.push(change)
  }

  /** Resolves with the lock at once where it is free; else the request waits, and `granted` is its next call. */
  async #lock(request: number, id: SessionId, options: StoreOptions): Promise<Locked | undefined> {
    const queue = this.queues.get(id) ?? []
    this.queues.set(id, queue)
    queue.push(request)
    this.#granting.add(request)
    setImmediate(() => this.#granting.delete(request))
    const locked = await this.#inner.lockAndRead!(id, { now: options.now, signal: never, leaseMs: this.#leaseMs })
    if (locked && queue[0] !== request && !this.#isOver) this.unfair.push(`${request} before ${queue[0]}`)
    queue.splice(queue.indexOf(request), 1)
    if (!locked) return undefined
    const held: HeldLock = { id, request, lock: locked.lock }
    this.held.push(held)
    if (this.#isOver) this.expire(held)
    const lock: Lock = {
      renew: (leaseMs) => held.lock.renew(leaseMs),
      release: () =>
        this.#suspend(request, 'release', short(id), () => {
          this.#letGo(held)
          return held.lock.release()
        }),
    }
    this.#innerLocks.set(lock, held)
    if (this.#granting.has(request)) return { lock, record: locked.record }
    return this.#suspend(request, 'granted', short(id), async () => {
      const record = await this.#inner.read(id, options)
      if (record) return { lock, record }
      this.expire(held)
      return undefined
    })
  }

  #letGo(held: HeldLock): void {
    const index = this.held.indexOf(held)
    if (index !== -1) this.held.splice(index, 1)
  }

  /** One moment for the whole list. */
  async *#list(
    caller: () => number,
    list: () => AsyncIterable<SessionRecord> | Iterable<SessionRecord>,
  ): AsyncIterable<SessionRecord> {
    yield* await this.#suspend(caller(), 'list', '', () => toArray(list()))
  }
}

/** A session's id or a version, as a trace shows it. */
export function short(name: string): string {
  return name.slice(0, 6)
}

async function toArray(records: AsyncIterable<SessionRecord> | Iterable<SessionRecord>): Promise<SessionRecord[]> {
  const array: SessionRecord[] = []
  for await (const record of records) array.push(record)
  return array
}

const never = new AbortController().signal
