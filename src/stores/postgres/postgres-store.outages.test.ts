import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { postgres } from '../../../test/needs.ts'
import { type PostgresServer, type PostgresServerOptions, startPostgres } from '../../../test/servers/postgres.ts'
import type { SessionId } from '../../core/store.ts'
import { at, nextState, now, sampleRecord, sessionOf, stored } from '../../testing/store-cases/sample-record.ts'
import { type PostgresStore, type PostgresStoreOptions, postgresStore } from './index.ts'

const skip = postgres().skip ?? false
let tables = 0

interface Opened {
  readonly store: PostgresStore
  readonly pool: pg.Pool
}

async function open(
  t: TestContext,
  server: PostgresServer,
  { config = {}, ...options }: PostgresStoreOptions & { readonly config?: pg.PoolConfig } = {},
): Promise<Opened> {
  const { connectionString } = server
  const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 1_000, ...config })
  pool.on('error', () => {}) // idle clients that die: the caller's affair
  const store = postgresStore(pool, { table: `sessions_${++tables}`, ...options })
  await store.ensureSchema()
  t.after(async () => {
    await store.close()
    await pool.end()
  })
  return { store, pool }
}

function serverFor(options: PostgresServerOptions = {}): { readonly get: () => PostgresServer } {
  let server: PostgresServer
  before(async () => {
    server = await startPostgres(options)
  })
  after(() => server.stop())
  return { get: () => server }
}

async function terminate(pool: pg.Pool, which: string): Promise<void> {
  for (;;) {
    const { rowCount } = await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and ${which}`,
    )
    if (rowCount) return
    await sleep(5)
  }
}

/** What a subscriber of that store hears, in order. */
function hearing(t: TestContext, store: PostgresStore): { readonly heard: unknown[] } {
  const heard: unknown[] = []
  t.after(store.subscribe!({ onEnd: (id) => heard.push(id), onHearing: (hears) => heard.push(hears) }))
  return { heard }
}

async function until(claim: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 15_000; !claim(); await sleep(5)) assert.ok(Date.now() < end, `${what}: not in 15 s`)
}

describe('a connection that dies', { skip }, () => {
  const server = serverFor()

  it('in the middle of a write, is a rejection; the same write again then happens once', async (t) => {
    const { store, pool } = await open(t, server.get(), { listen: false })
    const record = await stored(store)
    const other = new pg.Client({ connectionString: server.get().connectionString })
    await other.connect()
    await other.query('begin')
    await other.query(`select from coatcheck.sessions_${tables} for update`)
    const next = nextState(record)
    const writing = assert.rejects(async () => store.write(next, record.version, at(now)), /terminat/)
    await terminate(pool, `wait_event_type = 'Lock'`)
    await writing
    await other.query('rollback')
    await other.end()
    assert.deepEqual(await store.read(record.id, at(now)), record)
    assert.deepEqual(await store.write(next, record.version, at(now)), { ok: true })
    assert.deepEqual(await store.write(next, record.version, at(now)), { ok: true })
  })

  it('while others wait for a lock, takes nobody’s turn', async (t) => {
    const { store, pool } = await open(t, server.get())
    const { id } = await stored(store)
    const holder = await store.lockAndRead(id, { ...at(now), leaseMs: 20_000 })
    const waiting = store.lockAndRead(id, { ...at(now), leaseMs: 20_000 })
    await until(() => pool.totalCount > pool.idleCount, 'someone listens')
    await terminate(pool, `query like 'listen%'`)
    await holder?.lock.release()
    const startedAt = Date.now()
    const next = await waiting
    assert.ok(next && Date.now() - startedAt < 1_500)
    await next.lock.release()
  })

  it('while it listens, is told of, and is replaced by one that hears', async (t) => {
    const { store, pool } = await open(t, server.get())
    const { heard } = hearing(t, store)
    await until(() => heard.length === 1, 'it hears')
    await terminate(pool, `query like 'listen%'`)
    await until(() => heard.length === 3, 'it hears again')
    const { id } = await stored(store)
    await store.delete(id, at(now))
    await until(() => heard.length === 4, 'the end of a session')
    assert.deepEqual(heard, [true, false, true, id])
  })

  it('tells who begins to listen later whether ends are heard of, and nothing to who has stopped', async (t) => {
    const { store } = await open(t, server.get())
    const first = hearing(t, store)
    await until(() => first.heard.length === 1, 'the first one hears')
    const second = hearing(t, store)
    const third: unknown[] = []
    store.subscribe!({ onEnd: (id) => third.push(id), onHearing: (hears) => third.push(hears) })()
    const record = await stored(store, sessionOf('alice'))
    await store.users.deleteByUser('alice', { ...at(now), notBefore: now })
    await until(() => second.heard.length === 2, 'the second one hears')
    assert.deepEqual([first.heard, second.heard, third], [[true, record.id], [true, record.id], []])
  })
})

describe('a server that freezes', { skip }, () => {
  const server = serverFor()

  it('is not waited for beyond the deadline, holds no connection of the pool, and is forgotten when it goes on', async (t) => {
    const { store, pool } = await open(t, server.get(), { config: { max: 3 }, listen: false })
    const record = await stored(store)
    server.get().pause()
    t.after(() => server.get().resume())
    const reason = new Error('two hundred milliseconds')
    const deadlines = Array.from({ length: 12 }, () => new AbortController())
    const calls = deadlines.map(({ signal }, index) => {
      const options = { now, signal, leaseMs: 1_000 }
      const call = async () =>
        index % 2 === 0 ? store.read(record.id, options) : store.lockAndRead(record.id, options)
      return assert.rejects(call, reason)
    })
    await sleep(200)
    for (const deadline of deadlines) deadline.abort(reason)
    await Promise.all(calls)
    server.get().resume()
    assert.deepEqual(await store.read(record.id, at(now)), record)
    const locked = await store.lockAndRead(record.id, { ...at(now), leaseMs: 1_000 })
    await locked?.lock.release()
    await until(() => pool.idleCount === pool.totalCount, 'all connections are back')
  })

  it('does not run what was given up before a connection was free', async (t) => {
    const { store, pool } = await open(t, server.get(), { config: { max: 1 }, listen: false })
    const record = await stored(store)
    const busy = await pool.connect()
    const deadline = new AbortController()
    const late = assert.rejects(async () => store.delete(record.id, { now, signal: deadline.signal }), /given up/)
    deadline.abort(new Error('given up'))
    await late
    busy.release()
    assert.deepEqual(await store.read(record.id, at(now)), record)
  })
})

describe('a server that is killed', { skip }, () => {
  const server = serverFor({ fsync: true })

  it('has lost nothing that was acknowledged when it is back', async (t) => {
    const { store } = await open(t, server.get())
    for (let round = 0; round < 3; round++) {
      const acknowledged = new Map<SessionId, number | 'deleted'>()
      const unclear = new Set<SessionId>()
      const work = async (): Promise<void> => {
        let record = sampleRecord({ body: Buffer.from('0') })
        let doing = record.id
        try {
          for (;;) {
            await store.write(record, undefined, at(now))
            for (let count = 1; count <= 5; count++) {
              acknowledged.set(record.id, Number(record.body.toString()))
              const next = nextState(record, { body: Buffer.from(String(count)) })
              await store.write(next, record.version, at(now))
              record = next
            }
            acknowledged.set(record.id, 5)
            if (Math.random() < 0.5) {
              unclear.add(doing)
              await store.delete(record.id, at(now))
              unclear.delete(doing)
              acknowledged.set(record.id, 'deleted')
            }
            record = sampleRecord({ body: Buffer.from('0') })
            doing = record.id
          }
        } catch {
          // The server is gone.
        }
      }
      const working = Array.from({ length: 8 }, work)
      await until(() => acknowledged.size > 100, 'a hundred sessions')
      await server.get().kill()
      await Promise.all(working)
      await server.get().restart()
      for (const [id, count] of acknowledged) {
        const record = await store.read(id, at(now))
        const found = record ? Number(Buffer.from(record.body).toString()) : 'deleted'
        if (found === 'deleted' && unclear.has(id)) continue
        if (count === 'deleted') assert.equal(found, 'deleted')
        else assert.ok(found === count || found === count + 1, `acknowledged ${count}, found ${found}`)
      }
    }
  })
})

describe('a role that does not wait for the disk', { skip }, () => {
  const server = serverFor({ settings: { synchronous_commit: 'off', wal_writer_delay: '10s' } })

  it('loses nothing of a store that keeps, and the last of one that may', async (t) => {
    const { store } = await open(t, server.get(), { listen: false })
    const loose = await open(t, server.get(), { listen: false, durability: 'may-lose-last' })
    const deleted = await stored(store)
    await store.delete(deleted.id, at(now))
    const kept = await stored(store, sessionOf('alice'))
    const ended = await stored(store, sessionOf('bob'))
    await store.users.deleteByUser('bob', { ...at(now), notBefore: now })
    const lost = await stored(loose.store)
    await server.get().kill()
    await server.get().restart()
    assert.deepEqual(await store.read(kept.id, at(now)), kept)
    assert.equal(await store.read(deleted.id, at(now)), undefined)
    assert.equal(await store.read(ended.id, at(now)), undefined)
    assert.equal(await loose.store.read(lost.id, at(now)), undefined)
  })
})

describe('what is not fit for sessions', { skip }, () => {
  const server = serverFor()

  it('is a replica, which may show what has ended', async (t) => {
    const { store } = await open(t, server.get(), { listen: false })
    const record = await stored(store)
    const replica = await startPostgres({ replicaOf: server.get() })
    t.after(() => replica.stop())
    const pool = new pg.Pool({ connectionString: replica.connectionString })
    t.after(() => pool.end())
    const reading = postgresStore(pool, { table: `sessions_${tables}` })
    await assert.rejects(async () => reading.read(record.id, at(now)), /must reach the primary, and this is a replica/)
    await assert.rejects(reading.ensureSchema(), /must reach the primary/)
  })

  it('is an isolation level that would show the past', async (t) => {
    const options = '-c default_transaction_isolation=serializable'
    await assert.rejects(
      open(t, server.get(), { config: { options }, listen: false }),
      /needs the isolation level read committed, and gets serializable/,
    )
  })

  it('is what is no pool', () => {
    const message = /must be a Pool of the package pg/
    const { connectionString } = server.get()
    for (const wrong of [undefined, null, {}, connectionString, new pg.Client({ connectionString })]) {
      assert.throws(() => postgresStore(wrong as never), { name: 'TypeError', message })
      assert.throws(() => postgresStore(new pg.Pool(), { listen: (wrong ?? {}) as never }), {
        name: 'TypeError',
        message,
      })
    }
  })

  it('is a pool of one connection that is to listen as well', () => {
    const one = new pg.Pool({ connectionString: server.get().connectionString, max: 1 })
    assert.throws(() => postgresStore(one), /^TypeError: one connection of the pool is kept for listening/)
    assert.equal(postgresStore(one, { listen: false }).subscribe, undefined)
  })

  it('is an option that is none', () => {
    const pool = new pg.Pool()
    assert.throws(() => postgresStore(pool, { durability: 'memory' as never }), /^TypeError: durability must be/)
    assert.throws(() => postgresStore(pool, { pooler: 'session' as never }), /^TypeError: pooler must be "transaction"/)
  })
})
