import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MaybePromise, Store } from 'coatcheck'
import { type FileStore, fileStore } from 'coatcheck/stores/file'
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

/** Somewhere for sessions to live, of this test's own. */
export interface Place {
  readonly store: Store
  remove(): void
}

interface PlaceKind {
  /** Why there is none on this machine. */
  readonly skip?: string | undefined
  open(): MaybePromise<Place>
  /** When all tests with such places are over. */
  stop?(): Promise<void>
}

export const places: { readonly [name: string]: PlaceKind } = {
  memoryStore: { open: () => ({ store: memoryStore(), remove() {} }) },
  fileStore: { open: () => openDirectory() },
  sqliteStore: {
    skip: nodeSqlite().skip,
    open: () => openDatabase(),
  },
  redisStore: {
    skip: redisServer().skip,
    async open() {
      const { client } = await redis.started()
      return { store: redisStore(client, { prefix: `${randomUUID()}:`, warn() {} }), remove() {} }
    },
    stop: () => redis.stop(),
  },
  postgresStore: {
    skip: postgres().skip,
    async open() {
      const { pool } = await postgresServer.started()
      await pool.query('truncate coatcheck.sessions, coatcheck.sessions_users, coatcheck.sessions_locks')
      return { store: postgresStore(pool), remove() {} }
    },
    stop: () => postgresServer.stop(),
  },
}

/** One server for many tests, started when the first of them asks. */
class SharedServer<T extends { stop(): Promise<void> }> {
  readonly #start: () => Promise<T>
  #started: Promise<T> | undefined

  constructor(start: () => Promise<T>) {
    this.#start = start
  }

  started(): Promise<T> {
    this.#started ??= this.#start()
    return this.#started
  }

  async stop(): Promise<void> {
    const started = this.#started
    this.#started = undefined
    await (await started)?.stop()
  }
}

const redis = new SharedServer(async () => {
  const server = await startRedis()
  const client = createClient({ url: server.url })
  client.on('error', () => {})
  await client.connect()
  const stop = async (): Promise<void> => {
    client.destroy()
    await server.stop()
  }
  return { client, stop }
})

const postgresServer = new SharedServer(async () => {
  const server = await startPostgres()
  const pool = new pg.Pool({ connectionString: server.connectionString })
  await postgresStore(pool).ensureSchema()
  const stop = async (): Promise<void> => {
    await pool.end()
    await server.stop()
  }
  return { pool, stop }
})

function openDatabase(): Place {
  const directory = mkdtempSync(join(tmpdir(), 'coatcheck-http-'))
  const database = openSqlite(join(directory, 'sessions.db'))
  const remove = (): void => {
    database.close()
    rmSync(directory, { recursive: true, force: true })
  }
  return { store: sqliteStore(database), remove }
}

export function openDirectory(): Place & { readonly store: FileStore; readonly directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'coatcheck-http-'))
  return {
    directory,
    store: fileStore(join(directory, 'sessions')),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

export type Operation =
  | 'read'
  | 'write'
  | 'touch'
  | 'delete'
  | 'lockAndRead'
  | 'list'
  | 'deleteByUser'
  | 'deleteExpired'

type Around = <T>(operation: Operation, call: () => MaybePromise<T>) => MaybePromise<T>

/** The same store, with something done around each of its calls. */
export function around(store: Store, run: Around): Store {
  const { users, deleteExpired } = store
  return {
    durability: store.durability,
    read: (id, options) => run('read', () => store.read(id, options)),
    write: (record, expected, options) => run('write', () => store.write(record, expected, options)),
    touch: (id, times, options) => run('touch', () => store.touch(id, times, options)),
    delete: (id, options) => run('delete', () => store.delete(id, options)),
    lockAndRead: (id, options) => run('lockAndRead', () => store.lockAndRead!(id, options)),
    ...(deleteExpired && { deleteExpired: (options) => run('deleteExpired', () => deleteExpired(options)) }),
    users: {
      async *list(userId, options) {
        yield* await run('list', () => users!.list(userId, options))
      },
      deleteByUser: (userId, options) => run('deleteByUser', () => users!.deleteByUser(userId, options)),
    },
  }
}

/** Every call takes this long, as on a network. */
export const delayed =
  (milliseconds: () => number) =>
  (store: Store): Store =>
    around(store, async (_operation, call) => {
      await sleep(milliseconds())
      return call()
    })

/** Calls of several requests overtake each other, as they do on a network. */
export const jittery = delayed(() => Math.random() * 4)

/** Counts the calls. The clean-up beside the writes is not one of a request's. */
export class Counter {
  #calls: Operation[] = []

  readonly counting = (store: Store): Store =>
    around(store, (operation, call) => {
      if (operation !== 'deleteExpired') this.#calls.push(operation)
      return call()
    })

  /** What was called since the last time, in order. */
  take(): Operation[] {
    return this.#calls.splice(0)
  }
}

export type Failure = 'rejects' | 'throws' | 'never answers' | 'answers wrongly that it failed'

/** A store that fails when it is told to. */
export class Breaker {
  #failing: { readonly [operation in Operation]?: Failure } = {}
  #times = 0

  readonly breaking = (store: Store): Store =>
    around(store, <T>(operation: Operation, call: () => MaybePromise<T>): MaybePromise<T> => {
      const failure = this.#failing[operation]
      if (failure === undefined || this.#times-- <= 0) return call()
      if (failure === 'throws') throw new Error('connection refused')
      if (failure === 'rejects') return Promise.reject(new Error('connection reset'))
      if (failure === 'never answers') return new Promise<T>(() => {})
      return (async () => {
        await call()
        throw new Error('the answer was lost')
      })()
    })

  fail(failing: { readonly [operation in Operation]?: Failure }, times: number = Number.POSITIVE_INFINITY): void {
    this.#failing = failing
    this.#times = times
  }

  recover(): void {
    this.#failing = {}
  }
}

/** Faulty on purpose: a write replaces whatever is there, and brings back what was deleted. */
export function overwriting(store: Store): Store {
  return {
    ...store,
    async write(record, _expected, options) {
      for (;;) {
        const current = await store.read(record.id, options)
        const written = await store.write(record, current?.version, options)
        if (written.ok || written.reason) return written
      }
    },
  }
}

/** Faulty on purpose: everyone gets the lock at once. */
export function withoutTurns(store: Store): Store {
  return {
    ...store,
    async lockAndRead(id, options) {
      const record = await store.read(id, options)
      return record && { record, lock: { renew: () => true, release() {} } }
    },
  }
}
