import { setImmediate as nextTurn } from 'node:timers/promises'
import type { MaybePromise, SessionId, SessionRecord, Store, StoreOptions, UserIndex } from '../../core/store.ts'
import { checkRecord, isSessionId } from '../shared/record-checks.ts'
import { Connection, type Patience, type Tables } from './connection.ts'
import { isInMemory, type SqliteDatabase } from './database.ts'
import { LockQueue } from './lock-queue.ts'
import type { Page } from './session-table.ts'

/** What `sqliteStore` may be told. */
export interface SqliteStoreOptions {
  /**
   * What the names of the store's tables begin with. Default `coatcheck_`. Stores with different prefixes share
   * nothing.
   */
  readonly prefix?: string
  /**
   * True, the default: what was acknowledged survives a power loss, for one wait for the disk for all writes of a
   * moment (`synchronous = FULL`). False: it survives the death of any process, kill -9 included, but a power loss or
   * a crash of the system may take back the last moments, and so bring back sessions that were ended in them
   * (`NORMAL`). A touch, a lock and the clean-up never wait for the disk.
   */
  readonly fsync?: boolean
}

/** What `sqliteStore` returns. */
export interface SqliteStore extends Store {
  /** `memory` for a database in memory, which ends with its handle. */
  readonly durability: 'kept' | 'memory'
  readonly users: UserIndex
  lockAndRead: NonNullable<Store['lockAndRead']>
  list: NonNullable<Store['list']>
  deleteExpired: NonNullable<Store['deleteExpired']>
  close(): Promise<void>
}

/** Records per read of a list, and per step of the clean-up. */
const PAGE = 100

/**
 * Sessions in an SQLite database, which several processes of a machine may share.
 *
 * The database is yours: open it with `node:sqlite` or better-sqlite3, for this store alone, and close it after the
 * store. The store makes its tables, and sets `journal_mode = WAL`, `synchronous`, and `busy_timeout = 0`: it waits
 * for other writers by itself, and the event loop goes on. Throws a TypeError for what is no open database, or one
 * that can't be written to. Only for file systems of this machine: SQLite's write-ahead log does not work over NFS.
 *
 * @example
 * import { DatabaseSync } from 'node:sqlite'
 *
 * const sessions = new Sessions({ store: sqliteStore(new DatabaseSync('./sessions.db')) })
 */
export function sqliteStore(database: SqliteDatabase, options: SqliteStoreOptions = {}): SqliteStore {
  const { prefix = 'coatcheck_', fsync = true } = options
  if (!/^[a-z_][a-z0-9_]{0,40}$/i.test(prefix) || /^sqlite_/i.test(prefix)) {
    throw new TypeError(`prefix must be a name of letters, digits and _, got ${JSON.stringify(prefix)}`)
  }
  const durability = isInMemory(database) ? 'memory' : 'kept'
  const connection = new Connection(database, { prefix, synchronous: fsync ? 'full' : 'normal' })
  const locks = new LockQueue(connection)

  function find(id: SessionId, options: StoreOptions): MaybePromise<SessionRecord | undefined> {
    return isSessionId(id)
      ? connection.read(({ sessions }) => sessions.find(id, options.now), patienceOf(options))
      : undefined
  }

  /** Each page is a read of its own: a list that someone goes through slowly holds up no checkpoint of the log. */
  async function* pages(
    options: StoreOptions,
    read: (tables: Tables, after: number) => Page,
  ): AsyncGenerator<SessionRecord> {
    let after: number | undefined = 0
    for (;;) {
      const start: number = after
      const page: Page = await connection.read((tables) => read(tables, start), patienceOf(options))
      yield* page.records
      after = page.next
      if (after === undefined) return
      await nextTurn()
    }
  }

  return {
    durability,

    read: find,

    async write(record, expected, options) {
      checkRecord(record)
      const place = locks.placeOf(options.unlock)
      const written = await connection.write((tables) => {
        const written = tables.sessions.write(record, expected, options.now)
        if (written.ok && place) tables.locks.remove(place)
        return written
      }, patienceOf(options))
      if (written.ok && options.unlock) {
        if (place) locks.wasReleased(options.unlock)
        else await options.unlock.release()
      }
      return written
    },

    async touch(id, times, options) {
      if (!isSessionId(id)) return
      await connection.write(({ sessions }) => sessions.touch(id, times, options.now), patienceOf(options), 'relaxed')
    },

    async delete(id, options) {
      if (isSessionId(id)) await connection.write(({ sessions }) => sessions.delete(id), patienceOf(options))
    },

    async lockAndRead(id, options) {
      return (await find(id, options)) && locks.lockAndRead(id, options)
    },

    users: {
      list(userId, options) {
        return pages(options, ({ sessions }, after) => sessions.pageOfUser(userId, after, options.now, PAGE))
      },

      deleteByUser(userId, options) {
        return connection.write(({ sessions }) => sessions.deleteByUser(userId, options), patienceOf(options))
      },
    },

    list(options) {
      return pages(options, ({ sessions }, after) => sessions.page(after, options.now, PAGE))
    },

    async deleteExpired(options) {
      const { now, batch } = options
      const patience = patienceOf(options)
      const step = <T>(run: (tables: Tables) => T): Promise<T> => connection.write(run, patience, 'relaxed')
      await step(({ sessions, locks }) => {
        sessions.forgetOldRevocations(now)
        locks.removeOld()
      })
      for (let removed = 0; ; ) {
        const limit = Math.min(PAGE, batch - removed)
        if (limit <= 0) return removed
        patience()
        const done = await step(({ sessions }) => sessions.removeDue(now, limit))
        removed += done.removed
        if (done.looked < limit) return removed
      }
    },

    close: () => connection.close(),
  }
}

function patienceOf(options: StoreOptions): Patience {
  return () => options.signal.throwIfAborted()
}
