import type { EndListener, SessionRecord, Store, StoreOptions, UserIndex } from '../../core/store.ts'
import { checkRecord, isSessionId } from '../shared/record-checks.ts'
import { Announcements } from './announcements.ts'
import { Database } from './database.ts'
import { LeaseLocks } from './lease-locks.ts'
import { Listening } from './listening.ts'
import { type PostgresNames, quotedNames } from './names.ts'
import { checkPool, type PostgresPool } from './pool.ts'
import { bodyToBytes, idToBytes, toRecord, userToBytes } from './record-row.ts'
import { ensureSchema } from './schema.ts'
import { pageSize, statements } from './statements.ts'

/** What `postgresStore` may be told. */
export interface PostgresStoreOptions extends PostgresNames {
  /**
   * `kept`, the default: what is acknowledged is on the server's disk; where the role has `synchronous_commit = off`, the
   * store's writes wait for it nevertheless. `may-lose-last`: they do as the role does. Say so too where a replica that lags
   * behind may be promoted: it can bring sessions back that were ended.
   */
  readonly durability?: 'kept' | 'may-lose-last'
  /** A pooler such as pgbouncer lies between, in transaction mode: no prepared statements, and turns are asked for, not told of. */
  readonly pooler?: 'transaction'
  /**
   * Where to listen for notifications. Default: the pool itself, one connection of which is then kept for that; behind a
   * pooler in transaction mode nowhere, unless this is a pool that reaches the server directly. False: nowhere.
   */
  readonly listen?: PostgresPool | false
}

/** What `postgresStore` returns. Call `ensureSchema` before the first request, unless your migrations run `postgresSchema()`. */
export interface PostgresStore extends Store {
  readonly durability: 'kept' | 'may-lose-last'
  readonly users: UserIndex
  lockAndRead: NonNullable<Store['lockAndRead']>
  list: NonNullable<Store['list']>
  deleteExpired: NonNullable<Store['deleteExpired']>
  close: NonNullable<Store['close']>
  /** Makes tables and functions unless they are there, and checks their version. Safe in any number of processes at once. */
  ensureSchema(): Promise<void>
}

const schemaTimeoutMs = 30_000
/** A list has no deadline of its own, and a page that never comes must not hold a connection for ever. */
const pageTimeoutMs = 10_000
const aDayMs = 86_400_000

/**
 * Sessions in PostgreSQL 12 or newer, shared by any number of processes. The pool is the caller's, of the package pg 8; close
 * the store before it.
 *
 * @example
 * const store = postgresStore(new pg.Pool({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 2000 }))
 * await store.ensureSchema()
 * const sessions = new Sessions({ store })
 */
export function postgresStore(pool: PostgresPool, options: PostgresStoreOptions = {}): PostgresStore {
  const { durability = 'kept', pooler, listen = pooler ? false : pool } = options
  checkPool(pool, 'the first argument of postgresStore')
  if (listen) checkPool(listen, '`listen`')
  if (durability !== 'kept' && durability !== 'may-lose-last')
    throw new TypeError(`durability must be "kept" or "may-lose-last", got ${JSON.stringify(durability)}`)
  if (pooler !== undefined && pooler !== 'transaction')
    throw new TypeError(`pooler must be "transaction" or left out, got ${JSON.stringify(pooler)}`)
  if (listen === pool && pool.options?.max === 1)
    throw new TypeError(
      'one connection of the pool is kept for listening, so its `max` must be 2 or more; or `listen: false`',
    )

  const isKept = durability === 'kept'
  const names = quotedNames(options)
  const sql = statements(names)
  const database = new Database(pool, { prepares: pooler === undefined, isKept })
  const announcements = new Announcements(database, names.channel)
  const notify = (payload: string, signal: AbortSignal): Promise<void> => announcements.notify([payload], signal)
  const listening = listen ? new Listening(listen, { channel: names.channel, notify }) : undefined
  const locks = new LeaseLocks(database, names, announcements, listening)

  async function* pages(
    text: string,
    fixed: readonly unknown[],
    { signal }: StoreOptions,
  ): AsyncGenerator<SessionRecord> {
    let after: Buffer = Buffer.alloc(0)
    for (;;) {
      const rows = await database.run(
        text,
        [after, ...fixed],
        AbortSignal.any([signal, AbortSignal.timeout(pageTimeoutMs)]),
      )
      const records = rows.map(toRecord)
      yield* records
      const last = records.at(-1)
      if (!last || records.length < pageSize) return
      after = idToBytes(last.id)
    }
  }

  return {
    durability,

    async ensureSchema() {
      const signal = AbortSignal.timeout(schemaTimeoutMs)
      await database.run('select 1', [], signal)
      await ensureSchema(pool, options, signal)
    },

    async read(id, { now, signal }) {
      if (!isSessionId(id)) return undefined
      const [row] = await database.run(sql.read, [idToBytes(id), now], signal)
      return row && toRecord(row)
    },

    async write(record, expected, { now, signal, unlock }) {
      const { id, version, expiresAt, lastSeenAt, openedAt = null, userId, body } = record
      checkRecord(record)
      const token = unlock && locks.tokenOf(unlock, id)
      const user = userId === undefined ? null : userToBytes(userId)
      const state = [idToBytes(id), version, expiresAt, lastSeenAt, openedAt, user, bodyToBytes(body)]
      const [row] = await database.run(sql.write, [...state, expected ?? null, now, token ?? null, isKept], signal)
      locks.tellNext(row)
      if (row?.outcome === 'ok') {
        if (unlock) await locks.wasReleased(unlock, token)
        return { ok: true }
      }
      const current = row && row.version !== null ? { current: toRecord(row) } : {}
      return { ok: false, ...current, ...(row?.outcome === 'revoked' && { reason: 'revoked' }) }
    },

    async touch(id, { expiresAt, lastSeenAt }, { now, signal }) {
      if (isSessionId(id)) await database.run(sql.touch, [idToBytes(id), expiresAt, lastSeenAt, now], signal)
    },

    async delete(id, { signal }) {
      if (!isSessionId(id)) return
      const [row] = await database.run(sql.remove, [idToBytes(id), isKept], signal)
      if (row?.ended) announcements.tell(`end ${id}`)
    },

    async lockAndRead(id, options) {
      return isSessionId(id) ? locks.lockAndRead(id, options) : undefined
    },

    users: {
      list: (userId, options) => pages(sql.listUser, [options.now, userToBytes(userId)], options),

      async deleteByUser(userId, { except, notBefore, now, signal }) {
        const kept = except !== undefined && isSessionId(except) ? idToBytes(except) : null
        const ended = await database.run(sql.removeOfUser, [userToBytes(userId), kept, notBefore, now, isKept], signal)
        for (const { id } of ended) announcements.tell(`end ${id}`)
        return ended.filter(({ was_live }) => was_live).length
      },
    },

    list: (options) => pages(sql.list, [options.now], options),

    async deleteExpired({ now, batch, signal }) {
      // No request is under way for a day: what they were to keep out can't come any more.
      await database.run(sql.forgetUsers, [now - aDayMs], signal)
      await database.run(sql.forgetLocks, [], signal)
      let removed = 0
      for (;;) {
        const [row] = await database.run(sql.removeExpired, [now, batch, batch - removed], signal)
        removed += Number(row?.removed)
        if (removed >= batch || Number(row?.seen) < batch) return removed
      }
    },

    ...(listening && { subscribe: (listener: EndListener) => listening.subscribe(listener) }),

    async close() {
      await Promise.all([announcements.close(), listening?.close()])
    },
  }
}
