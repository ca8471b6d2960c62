import { createRequire } from 'node:module'
import { isAbsolute, relative, resolve } from 'node:path'
import type { Store } from 'coatcheck'
import { fileStore } from 'coatcheck/stores/file'
import { memoryStore } from 'coatcheck/stores/memory'
import { type SqliteDatabase, sqliteStore } from 'coatcheck/stores/sqlite'

/** Something the person who starts the demo can put right: told in one sentence, without a stack. */
export class StartError extends Error {}

/** A store, and the client that it was given: the demo is the caller of both. */
export interface OpenedStore {
  store: Store
  /** Where it keeps files, of the file store. */
  directory?: string
  /** For pages, behind "in": `a file`, `Redis`. No path and no host. */
  place: string
  /** For the terminal, behind "Sessions are kept": `in ./sessions`. No password. */
  where: string
  /** What becomes of the sessions when the demo stops. */
  atStop: 'they stay' | 'they go with it'
  /** The store first, then what is ours. */
  close: () => Promise<void>
}

/**
 * The store that STORE names. Throws a `StartError` for one that can't be had. A server that takes longer than `patienceMs` is
 * not there, for whoever waits at a terminal.
 */
export async function openStore(
  { STORE = '', SESSIONS_DIR }: NodeJS.ProcessEnv,
  patienceMs = 5_000,
): Promise<OpenedStore> {
  if (STORE === '' || STORE === 'file') return openFiles(resolve(SESSIONS_DIR || 'sessions'))
  if (STORE === 'memory') return openMemory()
  if (/^sqlite:./.test(STORE)) return openSqlite(resolve(STORE.slice('sqlite:'.length)))
  if (/^rediss?:\/\//.test(STORE)) return openRedis(addressOf(STORE), patienceMs)
  if (/^postgres(ql)?:\/\//.test(STORE)) return openPostgres(addressOf(STORE), patienceMs)
  // What was given may hold a password.
  throw new StartError('STORE must be file, memory, sqlite:PATH, redis://HOST:PORT or postgres://HOST:PORT/DATABASE.')
}

function openFiles(directory: string): OpenedStore {
  try {
    const store = fileStore(directory)
    return {
      store,
      directory,
      place: 'a file',
      where: `in ${shortened(directory)}`,
      atStop: 'they stay',
      close: async () => store.close?.(),
    }
  } catch (error) {
    // The store says in a sentence what is wrong with the directory.
    throw new StartError(`${(error as Error).message}. SESSIONS_DIR can name another one.`)
  }
}

function openMemory(): OpenedStore {
  const store = memoryStore()
  const where = 'in the memory of this process'
  return { store, place: 'memory', where, atStop: 'they go with it', close: async () => store.close?.() }
}

function openSqlite(path: string): OpenedStore {
  const { DatabaseSync } = nodeSqlite()
  try {
    const database = new DatabaseSync(path)
    const store = sqliteStore(database)
    return {
      store,
      place: 'SQLite',
      where: `in SQLite, in ${shortened(path)}`,
      atStop: 'they stay',
      async close() {
        await store.close()
        database.close()
      },
    }
  } catch (error) {
    throw new StartError(`SQLite can't keep sessions in ${shortened(path)}: ${reasonOf(error)}.`)
  }
}

interface NodeSqlite {
  DatabaseSync: new (path: string) => SqliteDatabase & { close(): void }
}

function nodeSqlite(): NodeSqlite {
  try {
    return createRequire(import.meta.url)('node:sqlite') as NodeSqlite
  } catch {
    throw new StartError(
      `STORE=sqlite:… needs Node 22.13 or later, which has SQLite built in; this is ${process.version}.`,
    )
  }
}

async function openRedis(address: Address, patienceMs: number): Promise<OpenedStore> {
  const [{ createClient }, { redisStore }] = await Promise.all([
    import('redis').catch(() => missing('redis')),
    import('coatcheck/stores/redis'),
  ])
  let isConnected = false
  const client = createClient({
    url: address.url,
    socket: {
      connectTimeout: patienceMs,
      // At the start nobody waits for a server that isn't there. One that was comes back.
      reconnectStrategy: (retries: number) => (isConnected ? Math.min(100 * retries, 2_000) : false),
    },
  })
  const outage = reportOutages(`Redis at ${address.shown}`)
  client.on('error', (error: Error) => isConnected && outage.begins(error))
  client.on('ready', outage.ends)
  try {
    await inTime(client.connect(), patienceMs)
  } catch (error) {
    if (client.isOpen) client.destroy()
    throw unreachable('Redis', address, error)
  }
  isConnected = true
  const store = redisStore(client)
  return {
    store,
    place: 'Redis',
    where: `in Redis at ${address.shown}`,
    atStop: 'they stay',
    async close() {
      await store.close?.()
      client.destroy()
    },
  }
}

async function openPostgres(address: Address, patienceMs: number): Promise<OpenedStore> {
  const [{ default: pg }, { postgresStore }] = await Promise.all([
    import('pg').catch(() => missing('pg')),
    import('coatcheck/stores/postgres'),
  ])
  const pool = new pg.Pool({ connectionString: address.url, connectionTimeoutMillis: 2_000 })
  const outage = reportOutages(`PostgreSQL at ${address.shown}`)
  pool.on('error', outage.begins)
  pool.on('connect', outage.ends)
  const store = postgresStore(pool)
  const close = async () => {
    await store.close()
    await pool.end()
  }
  try {
    await inTime(store.ensureSchema(), patienceMs)
  } catch (error) {
    // A server that froze may never answer this.
    close().catch(() => {})
    throw unreachable('PostgreSQL', address, error)
  }
  return { store, place: 'PostgreSQL', where: `in PostgreSQL at ${address.shown}`, atStop: 'they stay', close }
}

interface Address {
  url: string
  /** Without name and password. */
  shown: string
}

function addressOf(text: string): Address {
  if (!URL.canParse(text)) throw new StartError('STORE is no address that can be read: redis://HOST:PORT, for one.')
  const { protocol, host, pathname } = new URL(text)
  return { url: text, shown: `${protocol}//${host}${pathname === '/' ? '' : pathname}` }
}

/** Such as ./sessions, for what lies below this directory. */
function shortened(path: string): string {
  const below = relative(process.cwd(), path)
  return below.startsWith('..') || isAbsolute(below) ? path : `./${below}`
}

function unreachable(name: string, { shown }: Address, error: unknown): StartError {
  return new StartError(`${name} at ${shown} can't be used: ${reasonOf(error)}. STORE can name another store.`)
}

/** In one line. Of several addresses that were tried, `localhost` say, only the code is left. */
function reasonOf(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException
  return (message || code || String(error)).replaceAll(/\s+/g, ' ').replace(/\.$/, '')
}

function missing(name: string): never {
  throw new StartError(`This store needs the package ${name}: npm install ${name}.`)
}

/** Says once when a connection is lost, and once when it is back: visitors get a 503 in between, and keep their cookies. */
function reportOutages(what: string): { begins: (error: Error) => void; ends: () => void } {
  let isOut = false
  return {
    begins(error) {
      if (!isOut) console.error(`${what} does not answer (${reasonOf(error)}). It is being tried again.`)
      isOut = true
    },
    ends() {
      if (isOut) console.error(`${what} is back.`)
      isOut = false
    },
  }
}

async function inTime<T>(work: Promise<T>, patienceMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs / 1000} seconds`)), patienceMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
