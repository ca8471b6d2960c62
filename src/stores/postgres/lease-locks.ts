import { randomUUID } from 'node:crypto'
import type { Lock, LockOptions, SessionId, SessionRecord } from '../../core/store.ts'
import type { Announcements } from './announcements.ts'
import type { Database } from './database.ts'
import type { Listening } from './listening.ts'
import type { QuotedNames } from './names.ts'
import type { Row } from './pool.ts'
import { idToBytes, toRecord } from './record-row.ts'

/** A place in a queue is kept that long without a sign of life. */
const placeMs = 1_500
/** How often who waits gives one, though no turn was told of. */
const signOfLifeMs = 400
/** How long calls may take that nobody has given a deadline. */
const patienceMs = 2_000

/**
 * Locks are places in a queue, one row each: the first one holds the lock, for the length of its lease by the server's clock.
 * Who waits holds no connection; it asks again when it is told of its turn, and now and then.
 */
export class LeaseLocks {
  readonly #database: Database
  readonly #announcements: Announcements
  readonly #listening: Listening | undefined
  readonly #asking = new Map<SessionId, Promise<void>>()
  readonly #sql: { readonly lock: string; readonly unlock: string; readonly renew: string }

  constructor(database: Database, names: QuotedNames, announcements: Announcements, listening: Listening | undefined) {
    this.#database = database
    this.#announcements = announcements
    this.#listening = listening
    this.#sql = {
      lock: `select * from ${names.lock}($1, $2, $3, $4, $5)`,
      unlock: `select ${names.unlock}($1, $2) as next`,
      renew: `update ${names.locks} set until = clock_timestamp() + $3 * interval '1 millisecond'
        where id = $1 and token = $2 returning 1 as renewed`,
    }
  }

  async lockAndRead(
    id: SessionId,
    { now, leaseMs, signal }: LockOptions,
  ): Promise<{ lock: Lock; record: SessionRecord } | undefined> {
    const token = randomUUID()
    const bytes = idToBytes(id)
    const turn = new Turn()
    const forget = this.#listening?.expect(token, () => turn.tell())
    const ask = (): Promise<readonly Row[]> =>
      this.#database.run(this.#sql.lock, [bytes, token, leaseMs, placeMs, now], signal)
    try {
      for (let rows = await this.#inOrder(id, signal, ask); ; rows = await ask()) {
        const [row] = rows
        if (row?.outcome === 'absent') {
          this.tellNext(row)
          return undefined
        }
        if (row?.outcome === 'held') return { lock: new LeaseLock(this, bytes, token), record: toRecord(row) }
        this.#listening?.open()
        await turn.comes(this.#askAgainAfter(Number(row?.ahead), Number(row?.free_in_ms)), signal)
      }
    } catch (error) {
      // Granted or not: nobody will come for it.
      this.unlock(bytes, token).catch(() => {})
      throw error
    } finally {
      forget?.()
    }
  }

  /** Statements on several connections overtake each other: who comes first is to have asked before the next one does. */
  #inOrder<T>(id: SessionId, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    const before = this.#asking.get(id)
    const turn = new Turn()
    before?.then(() => turn.tell())
    const asking = before ? turn.comes(patienceMs, signal).then(ask) : ask()
    const settled = asking.then(
      () => {},
      () => {},
    )
    this.#asking.set(id, settled)
    settled.then(() => this.#asking.get(id) === settled && this.#asking.delete(id))
    return asking
  }

  /** At the latest when the lease before ends. Without notifications sooner, the next one sooner than those behind it. */
  #askAgainAfter(ahead: number, freeInMs: number): number {
    const pollMs = this.#listening?.hears ? signOfLifeMs : Math.min(signOfLifeMs, 20 * ahead)
    return Math.min(pollMs * (0.75 + Math.random() / 2), Math.max(1, freeInMs + 1))
  }

  /** What a write of this session names to release the lock in its own step. Undefined: it is no lock of this store's on it. */
  tokenOf(lock: Lock, id: SessionId): string | undefined {
    if (!(lock instanceof LeaseLock)) return undefined
    return lock.isOf(this) && lock.id.equals(idToBytes(id)) ? lock.token : undefined
  }

  /** A write that named this token has happened. */
  async wasReleased(lock: Lock, token: string | undefined): Promise<void> {
    if (lock instanceof LeaseLock && token !== undefined) lock.wasReleased()
    else await lock.release()
  }

  /** A statement that gave up a place says who has its turn now. */
  tellNext(row: Row | undefined): void {
    if (typeof row?.next === 'string') this.#announcements.tell(`turn ${row.next}`)
  }

  async unlock(id: Buffer, token: string): Promise<void> {
    const [row] = await this.#database.run(this.#sql.unlock, [id, token], AbortSignal.timeout(patienceMs))
    this.tellNext(row)
  }

  async renew(id: Buffer, token: string, leaseMs: number): Promise<boolean> {
    const rows = await this.#database.run(this.#sql.renew, [id, token, leaseMs], AbortSignal.timeout(patienceMs))
    return rows.length > 0
  }
}

class LeaseLock implements Lock {
  readonly id: Buffer
  readonly token: string
  readonly #locks: LeaseLocks
  #isOver = false

  constructor(locks: LeaseLocks, id: Buffer, token: string) {
    this.#locks = locks
    this.id = id
    this.token = token
  }

  isOf(locks: LeaseLocks): boolean {
    return locks === this.#locks
  }

  async renew(leaseMs: number): Promise<boolean> {
    return !this.#isOver && (await this.#locks.renew(this.id, this.token, leaseMs))
  }

  async release(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    try {
      await this.#locks.unlock(this.id, this.token)
    } catch (error) {
      this.#isOver = false // so that it can be tried again
      throw error
    }
  }

  /** A write has released it in its own step. */
  wasReleased(): void {
    this.#isOver = true
  }
}

/** Remembers that a turn was told of while nobody waited for it yet. */
class Turn {
  #hasCome = false
  #wake: (() => void) | undefined

  tell(): void {
    this.#hasCome = true
    this.#wake?.()
  }

  /** Resolves then, or after so many milliseconds. Rejects with the signal's reason. */
  comes(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        this.#wake = undefined
        this.#hasCome = false
        if (signal.aborted) reject(signal.reason)
        else resolve()
      }
      const timer = setTimeout(end, milliseconds)
      signal.addEventListener('abort', end, { once: true })
      this.#wake = end
      if (this.#hasCome || signal.aborted) end()
    })
  }
}
