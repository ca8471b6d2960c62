import type { SessionId } from '../../core/store.ts'
import { hasEnded } from '../shared/process-identity.ts'
import { prepare, type SqliteDatabase, type SqliteStatement } from './database.ts'
import { keyOf } from './session-table.ts'

/** A place in the queue for a session's lock. Whoever has the first one holds the lock. */
export interface Place {
  readonly id: SessionId
  readonly number: number
  /** Used for this place alone, and says which process has it. */
  readonly owner: string
}

interface Row {
  readonly n: number
  readonly owner: string
  readonly until: number
}

/** How long a place counts for without a renewal, in milliseconds, where its process can't be proved dead. */
export const WAITING_LEASE = 2000

/**
 * The queues for locks, in SQL: one row for the holder and each who waits, the oldest first. A row whose process has
 * ended, or whose time is up, counts for nothing. The times are this machine's: a lease runs in real time, and no
 * other machine can share the database.
 */
export class LockTable {
  readonly #first: SqliteStatement
  readonly #ahead: SqliteStatement
  readonly #insert: SqliteStatement
  readonly #extend: SqliteStatement
  readonly #remove: SqliteStatement
  readonly #removeOld: SqliteStatement

  constructor(database: SqliteDatabase, prefix: string) {
    const locks = `${prefix}locks`
    this.#first = prepare(database, `select n, owner, until from ${locks} where k = ? order by n limit 1`)
    this.#ahead = prepare(database, `select n, owner, until from ${locks} where k = ? and n < ? order by n`)
    this.#insert = prepare(database, `insert into ${locks} (k, owner, until) values (?, ?, ?)`)
    this.#extend = prepare(database, `update ${locks} set until = ? where n = ? and owner = ?`)
    this.#remove = prepare(database, `delete from ${locks} where n = ? and owner = ?`)
    this.#removeOld = prepare(database, `delete from ${locks} where until < ?`)
  }

  /** Takes the lock, or a place in the queue; keeps `place` if it has not been taken away since. */
  take(id: SessionId, owner: string, place: Place | undefined, leaseMs: number): { place: Place; isHeld: boolean } {
    const kept = place && this.extend(place, WAITING_LEASE) ? place : undefined
    let isHeld = true
    for (const row of this.#rowsAhead(id, kept)) {
      isHeld = isOver(row) || hasEnded(row.owner)
      if (!isHeld) break
      this.#remove.run(row.n, row.owner)
    }
    const lease = isHeld ? leaseMs : WAITING_LEASE
    if (kept) {
      if (isHeld) this.extend(kept, lease)
      return { place: kept, isHeld }
    }
    const { lastInsertRowid } = this.#insert.run(keyOf(id), owner, Date.now() + lease)
    return { place: { id, number: Number(lastInsertRowid), owner }, isHeld }
  }

  /** Whether it is worth while to `take` again. Asking for dead processes costs more than the rest. */
  hasMoved({ id, number }: Place, asksForTheDead: boolean): boolean {
    const first = this.#first.get(keyOf(id)) as Row | null | undefined
    return !first || first.n >= number || isOver(first) || (asksForTheDead && hasEnded(first.owner))
  }

  /** False: the place was lost. */
  extend({ number, owner }: Place, leaseMs: number): boolean {
    return Number(this.#extend.run(Date.now() + leaseMs, number, owner).changes) > 0
  }

  remove({ number, owner }: Place): void {
    this.#remove.run(number, owner)
  }

  /** What the dead have left beside sessions that nobody asks for any more. */
  removeOld(): void {
    this.#removeOld.run(Date.now() - WAITING_LEASE)
  }

  #rowsAhead(id: SessionId, place: Place | undefined): readonly Row[] {
    return this.#ahead.all(keyOf(id), place?.number ?? Number.MAX_SAFE_INTEGER) as Row[]
  }
}

function isOver({ until }: Row): boolean {
  return until <= Date.now()
}
