import { CorruptRecordError } from '../../core/errors.ts'
import type { SessionId, SessionRecord, Store, StoreOptions, UserIndex } from '../../core/store.ts'
import { isSessionId } from '../shared/record-checks.ts'
import { bounded } from './bounded.ts'
import { connectionOf, type RedisClient } from './client.ts'
import type { Reply } from './connection.ts'
import { keysOf } from './keys.ts'
import { Locks } from './locks.ts'
import { packTime, timeToLive, unpackRecord } from './record-value.ts'
import { deleteScript, run, touchScript } from './scripts.ts'
import { Settings } from './settings.ts'
import { Signals } from './signals.ts'
import { Users } from './user-index.ts'
import { writer } from './write.ts'

/** What `redisStore` may be told. */
export interface RedisStoreOptions {
  /** Every key and channel begins with it; two applications on one Redis want two. Default: `coatcheck:`. */
  readonly prefix?: string
  /**
   * What is claimed of the server. `kept` needs `appendonly yes`, `appendfsync always` and no replica that could take over.
   * The store looks before its first call, and whenever the client has connected again: if it isn't so, each call rejects
   * with an error that names the setting. Where Redis lets nobody look, a warning says so, and it is `may-lose-last` after
   * all. Default: `may-lose-last`.
   */
  readonly durability?: 'kept' | 'may-lose-last'
  /** Told, once each, of settings of the server that lose sessions. Default: `console.warn`. */
  readonly warn?: (message: string) => void
}

/** What `redisStore` returns. */
export interface RedisStore extends Store {
  readonly durability: 'kept' | 'may-lose-last'
  readonly users: UserIndex
  lockAndRead: NonNullable<Store['lockAndRead']>
  list: NonNullable<Store['list']>
  subscribe: NonNullable<Store['subscribe']>
  close(): Promise<void>
}

/**
 * Sessions in Redis 6 or later, a single one or a Cluster, shared by any number of servers. Client and connection are the
 * caller's, and stay open; for messages alone (`subscribe`, and once somebody waits for a lock) the store opens one connection
 * of its own, which `close` ends.
 *
 * With the default prefix, and `{` and `}` as they stand here:
 * - `coatcheck:{<session id>}` is a record, with a time to live by what its writer said, so `deleteExpired` isn't needed;
 * - `coatcheck:{<session id>}:queue` are those who wait for its lock, in the same slot of a Cluster;
 * - `coatcheck:user:<user id>` is the list of a user's sessions.
 *
 * Reads and writes go to masters alone. Throws a TypeError for what is no such client (pools and `createSentinel` are none),
 * for one of `ioredis` with a `keyPrefix`, and for a `Cluster` that reads from replicas.
 *
 * @example
 * import { createClient } from 'redis'
 * const client = createClient({ url: 'redis://127.0.0.1:6379' })
 * client.on('error', console.error)
 * await client.connect()
 * const sessions = new Sessions({ store: redisStore(client) })
 *
 * @example
 * import { Redis } from 'ioredis'
 * const sessions = new Sessions({ store: redisStore(new Redis('redis://127.0.0.1:6379')) })
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): RedisStore {
  const { prefix = 'coatcheck:', durability = 'may-lose-last', warn = console.warn } = options
  if (durability !== 'kept' && durability !== 'may-lose-last') {
    throw new TypeError(`durability must be 'kept' or 'may-lose-last', got ${durability}`)
  }
  // Redis takes the first braces for what chooses the slot, and empty ones for none.
  if (prefix.includes('{}')) throw new TypeError(`prefix must not have {} in it, got ${prefix}`)
  const connection = bounded(connectionOf(client))
  const keys = keysOf(prefix)
  const settings = new Settings(connection, durability === 'kept', warn)
  const signals = new Signals(connection, keys)
  const locks = new Locks(connection, keys, signals)
  const users = new Users(connection, keys, readIntact)
  const write = writer(connection, keys, users, readIntact)

  async function read(id: SessionId, { now }: StoreOptions): Promise<SessionRecord | undefined> {
    try {
      const value = (await connection.send(keys.record(id), 'GET', keys.record(id))) as Buffer | null
      const record = value ? unpackRecord(id, value) : undefined
      return record && record.expiresAt > now ? record : undefined
    } catch (error) {
      if (!String((error as Error | undefined)?.message).startsWith('WRONGTYPE')) throw error
      throw new CorruptRecordError(`the key of session ${id.slice(0, 8)}… holds no record`, { cause: error })
    }
  }

  async function readIntact(id: SessionId, options: StoreOptions): Promise<SessionRecord | undefined> {
    try {
      return await read(id, options)
    } catch (error) {
      if (error instanceof CorruptRecordError) return undefined
      throw error
    }
  }

  /** SCAN may show a key twice, so the ids are remembered for as long as the list is read. */
  async function* list(options: StoreOptions): AsyncGenerator<SessionRecord> {
    await settings.check()
    const seen = new Set<SessionId>()
    for (const server of await connection.masters()) {
      let cursor = '0'
      do {
        const answer = await server('SCAN', cursor, 'MATCH', keys.recordPattern, 'COUNT', '500')
        const [next, found] = answer as [Reply, Reply[]]
        const ids = found.map((key) => keys.idOf(String(key))).filter((id) => id !== undefined)
        const unseen = [...new Set(ids)].filter((id) => !seen.has(id))
        for (const id of unseen) seen.add(id)
        const records = await Promise.all(unseen.map((id) => readIntact(id, options)))
        for (const record of records) if (record) yield record
        cursor = String(next)
      } while (cursor !== '0')
    }
  }

  return {
    get durability() {
      return settings.durability
    },

    async read(id, options) {
      await settings.check()
      return isSessionId(id) ? read(id, options) : undefined
    },

    async write(record, expected, options) {
      await settings.check()
      return write(record, expected, options)
    },

    async touch(id, { expiresAt, lastSeenAt }, { now }) {
      await settings.check()
      if (!isSessionId(id)) return
      const args = [String(now), packTime(expiresAt), packTime(lastSeenAt), timeToLive(expiresAt, now)]
      await run(connection, touchScript, [keys.record(id)], args)
    },

    async delete(id) {
      await settings.check()
      if (!isSessionId(id)) return
      const user = (await run(connection, deleteScript, [keys.record(id)], [keys.ended, id])) as Buffer | null
      if (user) users.drop(String(user), id)
    },

    async lockAndRead(id, options) {
      await settings.check()
      return isSessionId(id) ? locks.lockAndRead(id, options) : undefined
    },

    users: {
      async *list(userId, options) {
        await settings.check()
        yield* users.list(userId, options)
      },
      async deleteByUser(userId, options) {
        await settings.check()
        return users.deleteByUser(userId, options)
      },
    },

    list,

    subscribe: (listener) => signals.subscribe(listener),

    async close() {
      signals.close()
      connection.close()
    },
  }
}
