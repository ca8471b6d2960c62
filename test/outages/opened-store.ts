import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from 'coatcheck'
import { fileStore } from 'coatcheck/stores/file'
import { postgresStore } from 'coatcheck/stores/postgres'
import { redisStore } from 'coatcheck/stores/redis'
import { sqliteStore } from 'coatcheck/stores/sqlite'
import pg from 'pg'
import { createClient } from 'redis'
import { openSqlite } from '../servers/sqlite.ts'

/** Where sessions lie, as it is told to a process of its own. */
export interface StoreAddress {
  readonly kind: 'file' | 'sqlite' | 'redis' | 'postgres'
  /** A directory, or a URL. */
  readonly at: string
}

export interface OpenedStore {
  readonly store: Store
  /** The store, and the client that is its caller's. */
  close(): Promise<void>
}

/** With a client as an application has it: one that comes back by itself, and says nothing. */
export async function openStore({ kind, at }: StoreAddress): Promise<OpenedStore> {
  if (kind === 'file') return { store: fileStore(at), async close() {} }
  if (kind === 'sqlite') {
    const database = openSqlite(at)
    const store = sqliteStore(database)
    return {
      store,
      async close() {
        await store.close()
        database.close()
      },
    }
  }
  if (kind === 'redis') {
    const client = createClient({ url: at, socket: { reconnectStrategy: 50 } })
    client.on('error', () => {})
    await client.connect()
    const store = redisStore(client, { warn() {} })
    return {
      store,
      async close() {
        await store.close()
        client.destroy()
      },
    }
  }
  const pool = new pg.Pool({ connectionString: at, max: 10, connectionTimeoutMillis: 2_000 })
  pool.on('error', () => {})
  const store = postgresStore(pool)
  for (let tries = 1; ; tries++) {
    try {
      await store.ensureSchema()
      break
    } catch (error) {
      // A process may start while the server is away.
      if (tries === 100) throw error
      await sleep(100)
    }
  }
  return {
    store,
    async close() {
      await store.close()
      await pool.end()
    },
  }
}
