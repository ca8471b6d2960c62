import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { postgres } from '../../../test/needs.ts'
import { type PostgresServer, startPostgres } from '../../../test/servers/postgres.ts'
import { storeCases } from '../../testing/index.ts'
import { at, now, sampleRecord } from '../../testing/store-cases/sample-record.ts'
import { postgresSchema, postgresStore } from './index.ts'

const { skip } = postgres()
const ensuring = fileURLToPath(new URL('../../../test/servers/postgres-ensure.ts', import.meta.url))

describe('the schema of postgresStore', { skip: skip ?? false }, () => {
  let server: PostgresServer
  let pool: pg.Pool
  before(async () => {
    server = await startPostgres()
    pool = new pg.Pool({ connectionString: server.connectionString })
  })
  after(async () => {
    await pool.end()
    await server.stop()
  })

  it('is asked for by whatever is called before it is there', async () => {
    const store = postgresStore(pool, { schema: 'nowhere' })
    const record = sampleRecord()
    const missing = /call `await store\.ensureSchema\(\)` at start-up/
    await assert.rejects(async () => store.read(record.id, at(now)), missing)
    await assert.rejects(async () => store.write(record, undefined, at(now)), missing)
    await assert.rejects(async () => store.lockAndRead(record.id, { ...at(now), leaseMs: 1_000 }), missing)
  })

  for (const [what, tableOf] of Object.entries({
    'one table': () => 'sessions',
    'a table each, in one schema': (index: number) => `sessions_${index % 2}`,
  })) {
    it(`is made once by four processes at the same time, for ${what}`, async () => {
      const schema = what.replaceAll(/\W/g, '_')
      const processes = Array.from({ length: 4 }, (_, index) => {
        const words = [server.connectionString, schema, tableOf(index)]
        const child = spawn(process.execPath, ['--import=tsx', ensuring, ...words], { stdio: ['pipe', 'pipe', 'pipe'] })
        let complaint = ''
        child.stderr.on('data', (text) => {
          complaint += text
        })
        return { child, ready: once(child.stdout, 'data'), ended: once(child, 'close'), complaint: () => complaint }
      })
      await Promise.all(processes.map(({ ready }) => ready))
      for (const { child } of processes) child.stdin.end()
      for (const { ended, complaint } of processes) assert.deepEqual([...(await ended), complaint()], [0, null, ''])
      const store = postgresStore(pool, { schema, table: tableOf(0) })
      assert.deepEqual(await store.write(sampleRecord(), undefined, at(now)), { ok: true })
      await store.close()
    })
  }

  it('is left alone when it is there, by a role that could not make it', async () => {
    await pool.query(postgresSchema({ schema: 'ready' }))
    await pool.query('create role reader login; grant usage on schema ready to reader')
    const limited = new pg.Pool({ connectionString: server.connectionString.replace('postgres@', 'reader@') })
    try {
      await postgresStore(limited, { schema: 'ready' }).ensureSchema()
      await assert.rejects(postgresStore(limited, { schema: 'new' }).ensureSchema(), /permission denied/)
    } finally {
      await limited.end()
    }
  })

  it('can be run from a migration, and again, and keeps what is stored', async () => {
    const store = postgresStore(pool, { schema: 'migrated', listen: false })
    await pool.query(postgresSchema({ schema: 'migrated' }))
    const record = sampleRecord()
    await store.write(record, undefined, at(now))
    await pool.query(postgresSchema({ schema: 'migrated' }))
    await store.ensureSchema()
    assert.deepEqual(await store.read(record.id, at(now)), record)
  })

  it('is not mistaken for somebody else’s table, nor for that of a newer version', async () => {
    await pool.query('create schema taken; create table taken.sessions (id text)')
    await assert.rejects(
      postgresStore(pool, { schema: 'taken' }).ensureSchema(),
      /is none of coatcheck’s; name another/,
    )
    await pool.query(postgresSchema({ schema: 'newer' }))
    await pool.query(`comment on table newer.sessions is 'Sessions of coatcheck, schema version 99'`)
    await assert.rejects(
      postgresStore(pool, { schema: 'newer' }).ensureSchema(),
      /is of a newer coatcheck, schema version 99/,
    )
  })

  it('takes any name, and reads none of it as SQL', async () => {
    const hostile = [
      `"; drop schema ready cascade; --`,
      `' || (select 1) || '`,
      '$coatcheck$; drop schema ready cascade; $coatcheck$',
      'Größe 語 \\ ; %s',
      'select',
      'count(',
      '*/',
    ]
    for (const name of hostile) {
      const store = postgresStore(pool, { schema: name, table: name.slice(0, 30) })
      await store.ensureSchema()
      await store.ensureSchema()
      for (const { name: fact, run, whyNot } of storeCases) {
        if (
          !/at once under one id|lets the next one in when|ends the sessions of one user|takes what it removes/.test(
            fact,
          )
        )
          continue
        const fresh = postgresStore(pool, { schema: name, table: `${name.slice(0, 20)}${fact.length}` })
        await fresh.ensureSchema()
        assert.equal(whyNot(fresh), undefined)
        try {
          await run(fresh)
        } finally {
          await fresh.close()
        }
      }
      await store.close()
    }
    assert.deepEqual((await pool.query(`select to_regclass('ready.sessions') is not null as there`)).rows, [
      { there: true },
    ])
  })

  it('refuses names that PostgreSQL would refuse or cut off', () => {
    const wrong = {
      '': '',
      'a NUL': 'a\0b',
      'a long one': 'x'.repeat(41),
      'a long one of few letters': '語'.repeat(14),
    }
    for (const table of Object.values(wrong)) {
      assert.throws(() => postgresStore(pool, { table }), {
        name: 'TypeError',
        message: /^table must be a name of 1 to 40 bytes/,
      })
    }
    assert.throws(
      () => postgresStore(pool, { schema: 'x'.repeat(64) }),
      /^TypeError: schema must be a name of 1 to 63 bytes/,
    )
  })

  it('needs no other rights at run time than the guide names', async () => {
    await pool.query(postgresSchema({ schema: 'owned' }))
    await pool.query(`create role application login;
      grant usage on schema owned to application;
      grant select, insert, update, delete on owned.sessions, owned.sessions_users, owned.sessions_locks to application`)
    const limited = new pg.Pool({ connectionString: server.connectionString.replace('postgres@', 'application@') })
    try {
      for (const { run, name } of storeCases) {
        if (/mebibyte|hundreds/.test(name)) continue
        const store = postgresStore(limited, { schema: 'owned' })
        await store.ensureSchema()
        try {
          await run(store)
        } finally {
          await store.close()
        }
        await pool.query('truncate owned.sessions, owned.sessions_users, owned.sessions_locks')
      }
    } finally {
      await limited.end()
    }
  })
})
