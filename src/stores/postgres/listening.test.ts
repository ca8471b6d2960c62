import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { pgbouncer, postgres } from '../../../test/needs.ts'
import { type PgbouncerServer, startPgbouncer } from '../../../test/servers/pgbouncer.ts'
import { type PostgresServer, startPostgres } from '../../../test/servers/postgres.ts'
import { at, nextState, now, stored } from '../../testing/store-cases/sample-record.ts'
import { postgresStore } from './index.ts'
import { Listening } from './listening.ts'

const skip = postgres().skip ?? false
const channel = 'coatcheck_test'
const end = `end ${'a'.repeat(64)}`

let server: PostgresServer
before(async () => {
  if (!skip) server = await startPostgres()
})
after(() => server?.stop())

function poolOf(t: TestContext, { connectionString }: { readonly connectionString: string }): pg.Pool {
  const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 500 })
  pool.on('error', () => {})
  t.after(() => (pool.ended ? undefined : pool.end()))
  return pool
}

interface Heard {
  readonly listening: Listening
  /** What the listener was told, in order. */
  readonly told: (boolean | 'end')[]
}

function listenOn(t: TestContext, pool: pg.Pool, beatEveryMs: number): Heard {
  const notify = (payload: string): Promise<unknown> => pool.query('select pg_notify($1, $2)', [channel, payload])
  const listening = new Listening(pool, { channel, beatEveryMs, notify })
  const told: (boolean | 'end')[] = []
  listening.subscribe({ onEnd: () => told.push('end'), onHearing: (hears) => told.push(hears) })
  t.after(() => listening.close())
  return { listening, told }
}

async function until(claim: () => boolean, what: string): Promise<void> {
  for (const late = Date.now() + 10_000; !claim(); await sleep(5)) assert.ok(Date.now() < late, `${what}: not in 10 s`)
}

describe('listening', { skip }, () => {
  it('takes one connection, for however many', async (t) => {
    const pool = poolOf(t, server)
    const { listening, told } = listenOn(t, pool, 10_000)
    for (let count = 0; count < 20; count++) listening.subscribe({ onEnd: () => told.push('end'), onHearing() {} })
    await until(() => told.length === 1, 'hearing')
    await pool.query(`select pg_notify($1, $2)`, [channel, end])
    await until(() => told.length === 22, 'an end')
    assert.equal(pool.totalCount - pool.idleCount, 1)
    await listening.close()
    assert.equal(pool.totalCount - pool.idleCount, 0)
  })

  it('learns by the beat that a server has frozen, and hears again when it goes on', async (t) => {
    const pool = poolOf(t, server)
    const { told } = listenOn(t, pool, 300)
    await until(() => told.length === 1, 'hearing')
    server.pause()
    t.after(() => server.resume())
    await until(() => told.length === 2, 'the loss')
    await sleep(300)
    server.resume()
    await until(() => told.length === 3, 'hearing again')
    await pool.query(`select pg_notify($1, $2)`, [channel, end])
    await until(() => told.length === 4, 'an end')
    assert.deepEqual(told, [true, false, true, 'end'])
  })

  it('survives the server’s restart', async (t) => {
    const pool = poolOf(t, server)
    const { told } = listenOn(t, pool, 10_000)
    await until(() => told.length === 1, 'hearing')
    await server.kill()
    await until(() => told.length === 2, 'the loss')
    await server.restart()
    await until(() => told.length === 3, 'hearing again')
    assert.deepEqual(told, [true, false, true])
  })

  it('believes no foreign notification', async (t) => {
    const pool = poolOf(t, server)
    const { told } = listenOn(t, pool, 10_000)
    await until(() => told.length === 1, 'hearing')
    for (const payload of [
      '',
      'end',
      'end x',
      `end ${'A'.repeat(64)}`,
      'turn',
      'turn x',
      'beat',
      `${'x'.repeat(7_000)}`,
    ]) {
      await pool.query(`select pg_notify($1, $2)`, [channel, payload])
    }
    await pool.query(`select pg_notify($1, $2)`, [channel, end])
    await until(() => told.length === 2, 'an end')
    assert.deepEqual(told, [true, 'end'])
  })

  it('lets the next one know of its turn, by a release and by a write, sooner than it would ask', async (t) => {
    const stores = [0, 1].map(() => postgresStore(poolOf(t, server), { table: 'turns' }))
    await stores[0]?.ensureSchema()
    const hearing: boolean[] = []
    for (const store of stores) store.subscribe?.({ onEnd() {}, onHearing: (hears) => hearing.push(hears) })
    await until(() => hearing.length === 2, 'hearing')
    let record = await stored(stores[0]!)
    let holder = await stores[0]!.lockAndRead(record.id, { ...at(now), leaseMs: 20_000 })
    let waited = 0
    for (let turn = 1; turn <= 10; turn++) {
      const waiting = stores[turn % 2]!.lockAndRead(record.id, { ...at(now), leaseMs: 20_000 })
      await sleep(50)
      const startedAt = performance.now()
      if (turn % 4 < 2) await holder?.lock.release()
      else {
        const next = nextState(record)
        await stores[(turn + 1) % 2]!.write(next, record.version, { ...at(now), unlock: holder?.lock })
        record = next
      }
      holder = await waiting
      waited += performance.now() - startedAt
    }
    for (const store of stores) await store.close()
    assert.ok(waited < 1_500, `ten turns took ${Math.round(waited)} ms`)
  })

  it('lets a pool be ended that was not waited for', async (t) => {
    const pool = poolOf(t, server)
    const { told } = listenOn(t, pool, 10_000)
    await until(() => told.length === 1, 'hearing')
    await pool.end()
    assert.deepEqual(told, [true, false])
  })

  it('keeps no process alive that has nothing else to do', async (t) => {
    const pool = new pg.Pool({ connectionString: server.connectionString, idleTimeoutMillis: 10 })
    const { listening, told } = listenOn(t, pool, 10_000)
    await until(() => told.length === 1, 'hearing')
    await until(() => !process.getActiveResourcesInfo().includes('TCPSocketWrap'), 'no connection keeps the process')
    assert.equal(pool.totalCount, 1)
    await listening.close()
    await pool.end()
  })
})

describe('a pooler in transaction mode', { skip: pgbouncer().skip ?? skip }, () => {
  let pooler: PgbouncerServer
  before(async () => {
    pooler = await startPgbouncer(server, { size: 2 })
  })
  after(() => pooler?.stop())

  it('is named by the error, where the store was told of none', async (t) => {
    const pool = poolOf(t, pooler)
    const store = postgresStore(pool, { table: 'untold', listen: false })
    const calls = async (): Promise<void> => {
      await store.ensureSchema()
      const records = await Promise.all(Array.from({ length: 10 }, () => stored(store)))
      await Promise.all(records.map(({ id }) => store.read(id, at(now))))
    }
    await assert.rejects(
      calls(),
      /a pooler in transaction mode lies between: postgresStore\(pool, { pooler: "transaction" }\)/,
    )
  })

  it('is not listened through: nobody is told that ends are heard of, and a warning says why', async (t) => {
    const warnings: unknown[] = []
    t.mock.method(console, 'warn', (text: unknown) => warnings.push(text))
    const { told } = listenOn(t, poolOf(t, pooler), 400)
    await until(() => warnings.length > 0, 'the warning')
    await sleep(600)
    assert.deepEqual(told, [])
    assert.equal(warnings.length, 1)
    assert.match(String(warnings[0]), /no notification arrives\. Through a pooler in transaction mode none does/)
  })

  it('leaves ends to be heard of by a pool that goes past it', async (t) => {
    const options = { table: 'past', pooler: 'transaction', listen: poolOf(t, server) } as const
    const store = postgresStore(poolOf(t, pooler), options)
    await store.ensureSchema()
    const told: unknown[] = []
    store.subscribe?.({ onEnd: (id) => told.push(id), onHearing: (hears) => told.push(hears) })
    await until(() => told.length === 1, 'hearing')
    const { id } = await stored(store)
    await store.delete(id, at(now))
    await until(() => told.length === 2, 'an end')
    assert.deepEqual(told, [true, id])
    await store.close()
  })
})
