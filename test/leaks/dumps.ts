import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import type { MaybePromise } from 'coatcheck'
import { fileStore } from 'coatcheck/stores/file'
import { memoryStore } from 'coatcheck/stores/memory'
import { postgresStore } from 'coatcheck/stores/postgres'
import { redisStore } from 'coatcheck/stores/redis'
import { type SqliteDatabase, sqliteStore } from 'coatcheck/stores/sqlite'
import pg from 'pg'
import { createClient, RESP_TYPES } from 'redis'
import { type Place, places } from '../http/stores.ts'
import { startPostgres } from '../servers/postgres.ts'
import { startRedis } from '../servers/redis.ts'

/** One thing that a thief finds: a name, a key, a column, a file. */
export interface Find {
  readonly where: string
  readonly bytes: Buffer
}

/** A store, and everything that a thief finds who has all of it. */
export interface OpenedPlace extends Place {
  dump(): Promise<Find[]>
}

interface DumpedKind {
  readonly skip: string | undefined
  open(): MaybePromise<OpenedPlace>
}

const found = (where: string, value: unknown): Find => ({
  where,
  bytes: value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value)),
})

const readingOf: { readonly [type: string]: readonly string[] } = {
  string: ['GET'],
  hash: ['HGETALL'],
  list: ['LRANGE', '0', '-1'],
  set: ['SMEMBERS'],
  zset: ['ZRANGE', '0', '-1', 'WITHSCORES'],
}

/** Each of its own: a database that is shared with other tests would be searched for theirs too. */
export const dumpedPlaces: { readonly [place: string]: DumpedKind } = {
  memoryStore: {
    skip: places.memoryStore?.skip,
    open() {
      const store = memoryStore()
      return {
        store,
        remove() {},
        async dump() {
          const finds: Find[] = []
          for await (const record of store.list!({ now: 0, signal: AbortSignal.timeout(5_000) }))
            for (const [field, value] of Object.entries(record)) finds.push(found(`record.${field}`, value))
          return finds
        },
      }
    },
  },

  fileStore: {
    skip: places.fileStore?.skip,
    open() {
      const directory = mkdtempSync(join(tmpdir(), 'coatcheck-dump-'))
      return {
        store: fileStore(join(directory, 'sessions')),
        remove: () => rmSync(directory, { recursive: true, force: true }),
        dump: async () =>
          readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) => {
            const path = join(entry.parentPath, entry.name)
            const name = found('a path', relative(directory, path))
            return entry.isFile() ? [name, found(name.bytes.toString(), readFileSync(path))] : [name]
          }),
      }
    },
  },

  sqliteStore: {
    skip: places.sqliteStore?.skip,
    open() {
      const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as {
        DatabaseSync: new (path: string) => SqliteDatabase & { close(): void }
      }
      const directory = mkdtempSync(join(tmpdir(), 'coatcheck-dump-'))
      const database = new DatabaseSync(join(directory, 'sessions.db'))
      return {
        store: sqliteStore(database),
        remove() {
          database.close()
          rmSync(directory, { recursive: true, force: true })
        },
        async dump() {
          const all = (sql: string) => database.prepare(sql).all() as { readonly [column: string]: unknown }[]
          const rows = all("select name from sqlite_schema where type = 'table'").flatMap(({ name }) =>
            all(`select * from "${name}"`).flatMap((row) =>
              Object.entries(row).map(([column, value]) => found(`${name}.${column}`, value)),
            ),
          )
          // The pages too: what was deleted may still lie there.
          const files = readdirSync(directory).map((name) => found(name, readFileSync(join(directory, name))))
          return [...rows, ...files]
        },
      }
    },
  },

  redisStore: {
    skip: places.redisStore?.skip,
    async open() {
      const server = await startRedis()
      const client = createClient({ url: server.url })
      client.on('error', () => {})
      await client.connect()
      const prefix = `${randomUUID()}:`
      return {
        store: redisStore(client, { prefix, warn() {} }),
        remove() {
          client.destroy()
          void server.stop()
        },
        async dump() {
          const raw = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
          const finds: Find[] = []
          for (const key of await client.keys('*')) {
            finds.push(found('a key', key))
            const type = await client.type(key)
            const [name = 'DUMP', ...rest] = readingOf[type] ?? []
            const value: unknown = await raw.sendCommand([name, key, ...rest])
            for (const each of flattened(value)) finds.push(found(`${type} ${key}`, each))
          }
          return finds
        },
      }
    },
  },

  postgresStore: {
    skip: places.postgresStore?.skip,
    async open() {
      const server = await startPostgres()
      const pool = new pg.Pool({ connectionString: server.connectionString })
      const store = postgresStore(pool)
      await store.ensureSchema()
      return {
        store,
        remove() {
          void pool.end().then(() => server.stop())
        },
        async dump() {
          const { rows: tables } = await pool.query<{ name: string }>(
            `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'coatcheck'`,
          )
          const finds: Find[] = []
          for (const { name } of tables) {
            const { rows } = await pool.query(`select * from ${name}`)
            for (const row of rows)
              for (const [column, value] of Object.entries(row)) finds.push(found(`${name}.${column}`, value))
          }
          return finds
        },
      }
    },
  },
}

function flattened(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(flattened)
  if (value instanceof Map) return [...value].flatMap(flattened)
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array))
    return Object.entries(value).flatMap(flattened)
  return [value]
}
