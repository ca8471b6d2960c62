import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from 'coatcheck'
import { fileStore } from 'coatcheck/stores/file'
import { memoryStore } from 'coatcheck/stores/memory'
import { postgresStore } from 'coatcheck/stores/postgres'
import { redisStore } from 'coatcheck/stores/redis'
import { type SqliteDatabase, sqliteStore } from 'coatcheck/stores/sqlite'
import pg from 'pg'
import { createClient } from 'redis'
import { postgres, redisServer } from '../needs.ts'
import { startPostgres } from '../servers/postgres.ts'
import { startRedis } from '../servers/redis.ts'

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

type Database = new (path: string) => SqliteDatabase
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

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
    skip: major > 22 || (major === 22 && minor >= 13) ? undefined : 'this Node has no node:sqlite (22.13 or later has)',
    start: directory,
    async open(at, space) {
      const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as { DatabaseSync: Database }
      return sqliteStore(new DatabaseSync(join(at, `${space}.db`)))
    },
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
      const store = postgresStore(new pg.Pool({ connectionString: at }), { table: space })
      await store.ensureSchema()
      return store
    },
  },
}
