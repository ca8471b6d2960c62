import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from 'coatcheck'
import { fileStore } from 'coatcheck/stores/file'
import { memoryStore } from 'coatcheck/stores/memory'
import { postgresStore } from 'coatcheck/stores/postgres'
import { redisStore } from 'coatcheck/stores/redis'
import { sqliteStore } from 'coatcheck/stores/sqlite'
import pg from 'pg'
import { createClient } from 'redis'
import { postgres, redisServer } from '../needs.ts'
import { startPostgres } from '../servers/postgres.ts'
import { startRedis } from '../servers/redis.ts'
import { nodeSqlite, openSqlite } from '../servers/sqlite.ts'

/** A kind of store, and somewhere for several of them to lie apart. */
export interface Kind {
  /** Why it can't be measured on this machine. */
  readonly skip: string | undefined
  /** Where the stores lie, as it is told to other processes. */
  start(): Promise<{ readonly at: string; stop(): Promise<void> }>
  open(at: string, space: string): Promise<Store>
}

const directory = async () => {
  const path = mkdtempSync(join(tmpdir(), 'coatcheck-scale-'))
  return { at: path, stop: async () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) }
}

export const kinds: { readonly [name: string]: Kind } = {
  memory: {
    skip: undefined,
    start: async () => ({ at: '', async stop() {} }),
    open: async () => memoryStore({ maxSessions: 10_000_000 }),
  },
  file: {
    skip: undefined,
    start: directory,
    open: async (at, space) => fileStore(join(at, space)),
  },
  sqlite: {
    skip: nodeSqlite().skip,
    start: directory,
    open: async (at, space) => sqliteStore(openSqlite(join(at, `${space}.db`))),
  },
  redis: {
    skip: redisServer().skip,
    async start() {
      const server = await startRedis()
      return { at: server.url, stop: () => server.stop() }
    },
    async open(at, space) {
      const client = createClient({ url: at })
      client.on('error', () => {})
      await client.connect()
      return redisStore(client, { prefix: `${space}:` })
    },
  },
  postgres: {
    skip: postgres().skip,
    async start() {
      const server = await startPostgres()
      return { at: server.connectionString, stop: () => server.stop() }
    },
    async open(at, space) {
      const pool = new pg.Pool({ connectionString: at })
      pool.on('error', () => {}) // the server ends before the last of those who measure
      const store = postgresStore(pool, { table: space })
      await store.ensureSchema()
      return store
    },
  },
}
