import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import pg from 'pg'
import { postgres } from '../../../test/needs.ts'
import { type PostgresServer, startPostgres } from '../../../test/servers/postgres.ts'
import type { SessionId, Version } from '../../core/store.ts'
import {
  at,
  expiry,
  idle,
  nextState,
  now,
  sampleRecord,
  sessionOf,
  stored,
} from '../../testing/store-cases/sample-record.ts'
import { type PostgresStore, postgresStore } from './index.ts'

const expired = 20_000
const live = 40_000

describe('60,000 sessions, of which 20,000 have expired', { skip: postgres().skip ?? false }, () => {
  let server: PostgresServer
  let pool: pg.Pool
  let store: PostgresStore
  before(async () => {
    server = await startPostgres()
    pool = new pg.Pool({ connectionString: server.connectionString, max: 8 })
    store = postgresStore(pool)
    await store.ensureSchema()
    await pool.query(
      `insert into coatcheck.sessions (id, version, expires_at, last_seen_at, due_at, opened_at, user_id, body)
      select sha256(n::text::bytea), n::text, expires_at, 0, least(expires_at, $2::bigint), 0,
        convert_to('user ' || n % 20000, 'UTF8'), $4
      from (select n, case when n <= $1::int then $2::bigint else $3::bigint end as expires_at from generate_series(1, $1::int + $5::int) n) s`,
      [expired, now - 1, expiry, randomBytes(500), live],
    )
    await pool.query('analyze coatcheck.sessions')
  })
  after(async () => {
    await store.close()
    await pool.end()
    await server.stop()
  })

  it('are found, changed and listed without looking through all of them', async () => {
    const plans: string[] = []
    const settings = ['log_min_duration=0', 'log_nested_statements=on', 'log_level=notice']
    const explaining = new pg.Pool({
      connectionString: server.connectionString,
      options: `-c session_preload_libraries=auto_explain ${settings.map((one) => `-c auto_explain.${one}`).join(' ')}`,
    })
    explaining.on('connect', (client) => client.on('notice', ({ message = '' }) => plans.push(message)))
    const watched = postgresStore(explaining, { listen: false })
    try {
      // More than five times each: from then on PostgreSQL uses one plan for all values.
      for (let round = 0; round < 8; round++) {
        const record = await stored(watched, sessionOf(`user ${1_000 + round}`))
        assert.ok(await watched.read(record.id, at(now)))
        await watched.touch(record.id, { expiresAt: expiry + idle, lastSeenAt: now + 1 }, at(now))
        const locked = await watched.lockAndRead(record.id, { ...at(now), leaseMs: 5_000 })
        const next = nextState(record)
        assert.ok((await watched.write(next, record.version, { ...at(now), unlock: locked?.lock })).ok)
        for await (const { userId } of watched.users.list(`user ${1_000 + round}`, at(now)))
          assert.equal(userId, `user ${1_000 + round}`)
        assert.equal(
          await watched.users.deleteByUser(`user ${1_000 + round}`, { ...at(now), notBefore: now, except: next.id }),
          2,
        )
        await watched.delete(next.id, at(now))
        assert.equal(await watched.deleteExpired({ ...at(now), batch: 20 }), 20)
      }
    } finally {
      await explaining.end()
    }
    const ofSessions = plans.filter((plan) => / on sessions( |$)/m.test(plan))
    const scans = ofSessions.filter((plan) => /Seq Scan on sessions( |$)/m.test(plan))
    assert.ok(ofSessions.length > 80, `${ofSessions.length} plans were seen`)
    assert.deepEqual(scans, [])
  })

  it('are cleaned up in batches while others read, write, touch and create', async () => {
    const idOf = async (number: number): Promise<SessionId> => {
      const { rows } = await pool.query(`select encode(sha256($1::text::bytea), 'hex') as id`, [number])
      return rows[0].id
    }
    const count = async (): Promise<{ live: number; expired: number }> => {
      const { rows } = await pool.query(
        `select count(*) filter (where expires_at > $1)::int as live, count(*) filter (where expires_at <= $1)::int as expired
        from coatcheck.sessions`,
        [now],
      )
      return rows[0]
    }
    const before = await count()
    let isOver = false
    let longest = 0
    const work = async (worker: number): Promise<number> => {
      let done = 0
      for (let number = expired + 10_000 + worker; !isOver && number < expired + live; number += 4, done++) {
        const id = await idOf(number)
        const startedAt = performance.now()
        const record = await store.read(id, at(now))
        assert.ok(record, `session ${number} is alive`)
        const next = nextState(record, { expiresAt: expiry + idle })
        assert.deepEqual(await store.write(next, `${number}` as Version, at(now)), { ok: true })
        await store.touch(id, { expiresAt: expiry + 2 * idle, lastSeenAt: now + 1 }, at(now))
        await stored(store, sampleRecord({ expiresAt: expiry + idle }))
        longest = Math.max(longest, performance.now() - startedAt)
      }
      return done
    }
    const working = Promise.all([1, 2, 3, 4].map(work))
    let removed = 0
    for (;;) {
      // Two processes clean up at once, and neither waits for the other.
      const [one, other] = await Promise.all([
        store.deleteExpired({ ...at(now), batch: 500 }),
        store.deleteExpired({ ...at(now), batch: 500 }),
      ])
      removed += one + other
      if (one < 500 && other < 500) break
    }
    isOver = true
    const done = (await working).reduce((sum, count) => sum + count)
    assert.equal(removed, before.expired)
    assert.deepEqual(await count(), { live: before.live + done, expired: 0 })
    assert.ok(longest < 1_000, `a session waited for ${longest} ms`)
  })

  it('are cleaned up but for those that someone else holds, which are not waited for', async () => {
    const [held, free] = [sampleRecord({ expiresAt: now - 1 }), sampleRecord({ expiresAt: now - 1 })]
    for (const record of [held, free]) await store.write(record, undefined, at(now - 2))
    const other = await pool.connect()
    await other.query('begin')
    await other.query('select from coatcheck.sessions where id = $1 for update', [Buffer.from(held.id, 'hex')])
    assert.equal(await store.deleteExpired({ now, signal: AbortSignal.timeout(2_000), batch: 10 }), 1)
    await other.query('rollback')
    other.release()
    assert.equal(await store.deleteExpired({ ...at(now), batch: 10 }), 1)
  })

  it('leave nothing behind of locks and of users that were signed out everywhere', async () => {
    const { id } = await stored(store, sessionOf('alice'))
    await store.lockAndRead(id, { ...at(now), leaseMs: 1 })
    await store.users.deleteByUser('alice', { ...at(now), notBefore: now })
    await pool.query(`update coatcheck.sessions_locks set until = until - interval '2 minutes'`)
    await store.deleteExpired({ ...at(now + 24 * 60 * 60_000 + 1), batch: 1 })
    const { rows } = await pool.query(
      'select (select count(*) from coatcheck.sessions_locks) as locks, (select count(*) from coatcheck.sessions_users) as users',
    )
    assert.deepEqual(rows, [{ locks: '0', users: '0' }])
  })

  it('are moved within their page by a touch, which enters no index', async () => {
    const counts = async (): Promise<{ all: number; hot: number }> => {
      const { rows } = await pool.query(
        `select n_tup_upd::int as all, n_tup_hot_upd::int as hot from pg_stat_user_tables where relname = 'sessions'`,
      )
      return rows[0]
    }
    const ids = (await pool.query(`select encode(id, 'hex') as id from coatcheck.sessions limit 2000`)).rows
    const client = new pg.Pool({ connectionString: server.connectionString, max: 4 })
    const touching = postgresStore(client, { listen: false })
    const before = await counts()
    await Promise.all(
      ids.map(({ id }) => touching.touch(id, { expiresAt: expiry + 3 * idle, lastSeenAt: now + 2 }, at(now))),
    )
    await client.end() // what it has counted is told when it goes
    let after = await counts()
    for (let tries = 0; after.all - before.all < ids.length && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      after = await counts()
    }
    const share = (after.hot - before.hot) / (after.all - before.all)
    assert.ok(share > 0.8, `${Math.round(share * 100)} % of ${after.all - before.all} touches stayed in their page`)
  })
})
