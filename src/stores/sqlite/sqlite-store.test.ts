import assert from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { SessionId, SessionRecord, Store, Version } from '../../core/store.ts'
import { testStore } from '../../testing/test-store.ts'
import { type SqliteDatabase, type SqliteStore, type SqliteStoreOptions, sqliteStore } from './index.ts'
import { type Driver, drivers, newPath, type OpenDatabase } from './testing/drivers.ts'
import { all, at, lease, minute, newId, newVersion, now, options, recordOf } from './testing/records.ts'

for (const driver of drivers) {
  const opened = new Map<Store, { database: OpenDatabase; path: string }>()
  testStore(
    `sqlite (${driver.name})`,
    () => {
      const path = join(fs.mkdtempSync(join(tmpdir(), 'coatcheck-sqlite-')), 'sessions.db')
      const database = driver.open(path)
      const store = sqliteStore(database)
      opened.set(store, { database, path })
      return store
    },
    {
      skip: driver.skip,
      processes: new URL(`./testing/open-${driver.name.replace(':', '-')}.ts`, import.meta.url),
      close(store) {
        const { database, path = '' } = opened.get(store) ?? {}
        opened.delete(store)
        database?.close()
        fs.rmSync(dirname(path), { recursive: true, force: true })
      },
    },
  )
}

function open(t: TestContext, driver: Driver, settings?: SqliteStoreOptions, path: string = newPath(t)) {
  const database = driver.open(path)
  t.after(() => database.close())
  return { store: sqliteStore(database, settings), database, path }
}

async function stored(store: SqliteStore): Promise<SessionRecord> {
  const record = recordOf(1)
  assert.deepEqual(await store.write(record, undefined, options), { ok: true })
  return record
}

/** The first column of the first row. */
function answer(database: OpenDatabase, sql: string): unknown {
  return Object.values(database.prepare(sql).get() ?? {})[0]
}

for (const driver of drivers) {
  const { name, skip } = driver

  describe(`a session in SQLite, by ${name},`, { skip }, () => {
    it('is read without a promise, as it was written, by another connection too', async (t) => {
      const { store, path } = open(t, driver)
      const record = recordOf(7, { userId: 'Zoë\0"1"', openedAt: now - 5 })
      assert.deepEqual(await store.write(record, undefined, options), { ok: true })
      const other = open(t, driver, {}, path).store
      for (const found of [store.read(record.id, options), other.read(record.id, options)]) {
        const { body, ...fields } = found as SessionRecord
        assert.deepEqual({ ...fields, body: new Uint8Array(body) }, record)
      }
      assert.equal(store.read(newId(), options), undefined)
    })

    it('is told by its bytes where a user’s id holds NUL bytes, quotes or 256 characters', async (t) => {
      const { store } = open(t, driver)
      const userIds = ['a', 'a\0', 'a\0b', '\0', `'); drop table coatcheck_sessions; --`, '"', '語'.repeat(256)]
      for (const userId of userIds) await store.write(recordOf(1, { userId, openedAt: now }), undefined, options)
      for (const userId of userIds) {
        assert.deepEqual(
          (await all(store.users.list(userId, options))).map((record) => record.userId),
          [userId],
        )
        assert.equal(await store.users.deleteByUser(userId, { ...options, notBefore: 0 }), 1)
      }
    })

    it('is found by its user with any SQLite tool', async (t) => {
      const { store, database } = open(t, driver)
      await store.write(recordOf(1, { userId: 'alice', openedAt: now }), undefined, options)
      assert.equal(answer(database, `select count(*) from coatcheck_sessions where user_id = 'alice'`), 1)
    })

    it('can’t be made into what is no record, by any SQLite tool', async (t) => {
      const { store, database } = open(t, driver)
      const record = await stored(store)
      for (const change of ["body = 'text'", "expires_at = 'soon'", "version = ''", 'version = null', "k = x'00'"]) {
        assert.throws(() => database.exec(`update coatcheck_sessions set ${change}`), /constraint|cannot store/, change)
      }
      assert.equal((await store.read(record.id, options))?.version, record.version)
    })

    it('keeps its place in the order of clean-up through touches, and moves when it is looked at', async (t) => {
      const { store, database } = open(t, driver)
      const record = recordOf(1)
      await store.write(record, undefined, options)
      const times = { expiresAt: record.expiresAt + 60 * minute, lastSeenAt: now + minute }
      await store.touch(record.id, times, options)
      assert.equal(answer(database, 'select due from coatcheck_sessions'), record.expiresAt)
      assert.equal(await store.deleteExpired({ ...at(record.expiresAt), batch: 10 }), 0)
      assert.equal(answer(database, 'select due from coatcheck_sessions'), times.expiresAt)
      assert.equal(await store.deleteExpired({ ...at(times.expiresAt), batch: 10 }), 1)
    })

    it('is cleaned up until the deadline, and by the next call from there', async (t) => {
      const { store } = open(t, driver)
      await Promise.all(Array.from({ length: 250 }, () => stored(store)))
      const deadline = new AbortController()
      const late = { now: now + 60 * minute, batch: 1000 }
      const cleaning = (async () => store.deleteExpired({ ...late, signal: deadline.signal }))()
      deadline.abort(new Error('the deadline of the caller'))
      await assert.rejects(cleaning, /the deadline of the caller/)
      assert.equal((await all(store.list(options))).length, 250)
      assert.equal(await store.deleteExpired({ ...late, signal: options.signal }), 250)
    })

    it('can be listed slowly: between two pages nothing holds up a checkpoint', async (t) => {
      const { store, path } = open(t, driver)
      const records = Array.from({ length: 250 }, (_, number) => recordOf(number, { userId: 'alice', openedAt: now }))
      await Promise.all(records.map((record) => store.write(record, undefined, options)))
      const { database: other } = open(t, driver, {}, path)
      for (const list of [store.list(options), store.users.list('alice', options)]) {
        let count = 0
        for await (const { id } of list) {
          count += 1
          if (count % 100 !== 50) continue
          await store.touch(id, { expiresAt: now + 60 * minute, lastSeenAt: now + count }, options)
          assert.equal(answer(other, 'pragma wal_checkpoint(truncate)'), 0, 'not busy')
        }
        assert.equal(count, 250)
      }
    })

    it('is read as ever where the database gives bigints or arrays', async (t) => {
      const path = newPath(t)
      const record = recordOf(1, { userId: 'alice', openedAt: now })
      const store = sqliteStore(driver.openOddly(t, path))
      await store.write(record, undefined, options)
      const held = await store.lockAndRead(record.id, lease)
      assert.deepEqual(held?.record.expiresAt, record.expiresAt)
      await held?.lock.release()
      assert.equal((await all(store.list(options))).length, 1)
      assert.strictEqual(await store.users.deleteByUser('alice', { ...options, notBefore: 0 }), 1)
      await store.write(recordOf(2), undefined, options)
      assert.strictEqual(await store.deleteExpired({ ...at(now + 60 * minute), batch: 10 }), 1)
    })
  })

  describe(`writes of the same moment, by ${name},`, { skip }, () => {
    /** The real database, which counts the transactions that it begins. */
    function counting(database: OpenDatabase): { database: SqliteDatabase; begun: () => number } {
      let begun = 0
      const prepare = (sql: string) => {
        const statement = database.prepare(sql)
        if (sql !== 'begin immediate') return statement
        return {
          run() {
            begun += 1
            return statement.run()
          },
          get: () => statement.get(),
          all: () => statement.all(),
        }
      }
      return { database: { exec: (sql) => database.exec(sql), prepare }, begun: () => begun }
    }

    it('share a transaction, and each has its own answer', async (t) => {
      const { database, begun } = counting(open(t, driver).database)
      const store = sqliteStore(database)
      const [one, two] = [recordOf(1), recordOf(2)]
      const answers = await Promise.all([
        store.write(one, undefined, options),
        store.write(two, undefined, options),
        store.write(recordOf(3, { id: one.id }), undefined, options),
        store.delete(two.id, options),
        store.write({ ...two, version: newVersion() }, two.version, options),
      ])
      assert.deepEqual(
        answers.map((answer) => answer && (answer.ok || (answer.current?.version ?? 'gone'))),
        [true, true, one.version, undefined, 'gone'],
      )
      assert.equal(begun(), 1)
    })

    it('are not spoilt by one that fails', async (t) => {
      const { store, database } = open(t, driver)
      const bad = recordOf(1)
      database.exec(`
        create trigger fails before insert on coatcheck_sessions when new.version = '${bad.version}'
        begin select raise(abort, 'the engine refuses it'); end`)
      const good = [recordOf(2), recordOf(3), recordOf(4)] as const
      const records = [good[0], good[1], bad, good[2]]
      const results = await Promise.allSettled(records.map(async (record) => store.write(record, undefined, options)))
      assert.deepEqual(
        results.map(({ status }) => status),
        ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
      )
      assert.match(String((results[2] as PromiseRejectedResult).reason), /the engine refuses it/)
      assert.equal((await all(store.list(options))).length, 3)
      assert.deepEqual(await store.write(recordOf(5), undefined, options), { ok: true })
    })

    it('wait while the caller has a transaction open on the same handle', async (t) => {
      const { store, database } = open(t, driver)
      database.exec('begin')
      const record = recordOf(1)
      const writing = store.write(record, undefined, options)
      const impatient = async () => store.write(recordOf(2), undefined, { now, signal: AbortSignal.timeout(30) })
      await assert.rejects(impatient(), { name: 'TimeoutError' })
      database.exec('commit')
      assert.deepEqual(await writing, { ok: true })
      assert.equal((await all(store.list(options))).length, 1)
    })

    it('are all done when `close` resolves, and none is begun after', async (t) => {
      const { store, database } = open(t, driver)
      const writing = store.write(recordOf(1), undefined, options)
      await store.close()
      assert.equal(answer(database, 'select count(*) from coatcheck_sessions'), 1)
      assert.deepEqual(await writing, { ok: true })
      await assert.rejects(async () => store.write(recordOf(2), undefined, options), /closed/)
    })

    it('wait for the disk, unless told not to; a touch and a lock never do', async (t) => {
      for (const [fsync, level] of [
        [true, 2],
        [false, 1],
      ] as const) {
        const { database, path } = open(t, driver)
        const levels: unknown[] = []
        const watched: SqliteDatabase = {
          exec: (sql) => database.exec(sql),
          prepare(sql) {
            const statement = database.prepare(sql)
            if (sql !== 'commit') return statement
            const run = () => {
              levels.push(answer(database, 'pragma synchronous'))
              return statement.run()
            }
            return { run, get: () => statement.get(), all: () => statement.all() }
          },
        }
        const store = sqliteStore(watched, { fsync })
        const record = recordOf(1)
        await store.write(record, undefined, options)
        await store.touch(record.id, { expiresAt: record.expiresAt + 1, lastSeenAt: now }, options)
        const held = await store.lockAndRead(record.id, lease)
        await store.write({ ...record, version: newVersion() }, record.version, { ...options, unlock: held?.lock })
        await store.delete(record.id, options)
        assert.deepEqual(levels, [level, 1, 1, level, level])
        assert.equal(answer(database, 'pragma synchronous'), level)
        assert.equal(answer(database, 'pragma journal_mode'), 'wal', path)
      }
    })
  })

  describe(`the lock of a session, by ${name},`, { skip }, () => {
    it('goes from one connection to the other in milliseconds', async (t) => {
      const { store: one, path } = open(t, driver)
      const { store: two } = open(t, driver, {}, path)
      const { id } = await stored(one)
      let held = await one.lockAndRead(id, lease)
      const began = performance.now()
      for (let turn = 0; turn < 10; turn++) {
        const next = (turn % 2 ? one : two).lockAndRead(id, lease)
        await new Promise((resolve) => setTimeout(resolve, 20))
        await held?.lock.release()
        held = await next
      }
      await held?.lock.release()
      const duration = performance.now() - began
      t.diagnostic(`${(duration / 10 - 20).toFixed(1)} ms`)
      assert.ok(duration < 2000, `took ${duration} ms`)
    })

    it('leaves nothing behind when it was released, by a write too, or when the wait for it was given up', async (t) => {
      const { store, database } = open(t, driver)
      const record = await stored(store)
      const held = await store.lockAndRead(record.id, lease)
      const impatient = { ...lease, signal: AbortSignal.timeout(30) }
      await assert.rejects(async () => store.lockAndRead(record.id, impatient), { name: 'TimeoutError' })
      await store.write({ ...record, version: newVersion() }, record.version, { ...options, unlock: held?.lock })
      await held?.lock.release()
      assert.equal(answer(database, 'select count(*) from coatcheck_locks'), 0)
      const again = await store.lockAndRead(record.id, lease)
      assert.equal(answer(database, 'select count(*) from coatcheck_locks'), 1)
      await again?.lock.release()
      assert.equal(answer(database, 'select count(*) from coatcheck_locks'), 0)
    })

    it('is released by a write of another store, too', async (t) => {
      const [one, two] = [open(t, driver).store, open(t, driver).store]
      const record = await stored(one)
      const held = await one.lockAndRead(record.id, lease)
      const other = recordOf(2)
      assert.deepEqual(await two.write(other, undefined, { ...options, unlock: held?.lock }), { ok: true })
      assert.equal(await held?.lock.renew(1000), false)
    })
  })

  describe(`sqliteStore, given a database of ${name},`, { skip }, () => {
    it('says that one in memory ends with its handle', async (t) => {
      const { store } = open(t, driver, {}, ':memory:')
      assert.equal(store.durability, 'memory')
      const record = recordOf(1)
      await store.write(record, undefined, options)
      assert.equal((await store.read(record.id, options))?.version, record.version)
      assert.equal(open(t, driver).store.durability, 'kept')
    })

    it('waits, for set-up and for reads, while another tool has it for itself', async (t) => {
      const path = newPath(t)
      const tool = driver.open(path)
      t.after(() => tool.close())
      tool.exec('create table theirs (text)')
      tool.exec('begin exclusive')
      const { store } = open(t, driver, {}, path)
      const record = recordOf(1)
      const reading = store.read(record.id, options)
      const writing = store.write(record, undefined, options)
      await assert.rejects(async () => store.read(record.id, { now, signal: AbortSignal.timeout(30) }), {
        name: 'TimeoutError',
      })
      tool.exec('commit')
      assert.deepEqual(await writing, { ok: true })
      assert.ok([undefined, record.id].includes((await reading)?.id))
      assert.ok(await store.read(record.id, options))
    })

    it('keeps stores with different prefixes apart, and beside other tables', async (t) => {
      const path = newPath(t)
      const one = open(t, driver, { prefix: 'one_' }, path)
      one.database.exec('create table sessions (mine text)')
      const two = open(t, driver, { prefix: 'two_' }, path)
      const record = recordOf(1)
      await one.store.write(record, undefined, options)
      assert.equal(two.store.read(record.id, options), undefined)
      assert.deepEqual(await two.store.write(record, undefined, options), { ok: true })
      await one.store.delete(record.id, options)
      assert.ok(two.store.read(record.id, options))
    })

    it('refuses tables of another version, in words', (t) => {
      const { database } = open(t, driver)
      database.exec('update coatcheck_schema set version = 99')
      assert.throws(
        () => sqliteStore(database),
        /the tables coatcheck_… are of version 99, this coatcheck knows version 1/,
      )
      assert.equal(sqliteStore(database, { prefix: 'other_' }).durability, 'kept')
    })

    it('refuses one that it can’t write to, or that is closed', (t) => {
      const { path, database } = open(t, driver)
      const reader = driver.open(path, { readonly: true })
      t.after(() => reader.close())
      assert.throws(() => sqliteStore(reader), { name: 'TypeError', message: /read-only/ })
      const closed = driver.open(path)
      closed.close()
      assert.throws(() => sqliteStore(closed), { name: 'TypeError', message: /wants an open database.*not open/ })
      for (const prefix of ['', '1', 'a b', 'sqlite_', 'a"; drop table x; --', 'é', 'x'.repeat(60)]) {
        assert.throws(() => sqliteStore(database, { prefix }), { name: 'TypeError', message: /prefix/ })
      }
    })

    it('refuses what is no session id, an empty version, and times that are none', async (t) => {
      const { store } = open(t, driver)
      const changes = [{ id: 'abc' as SessionId }, { version: '' as Version }, { expiresAt: Number.NaN }]
      for (const change of changes) {
        await assert.rejects(async () => store.write(recordOf(1, change), undefined, options), TypeError)
      }
    })
  })
}

describe('sqliteStore, given something else,', () => {
  it('says what it wants', () => {
    const asynchronous = { exec: async () => {}, prepare: () => ({ all: async () => [{ name: 'main', file: '' }] }) }
    for (const thing of [undefined, null, './sessions.db', {}, new Map(), asynchronous]) {
      assert.throws(() => sqliteStore(thing as never), {
        name: 'TypeError',
        message: /wants an open database, new Data/,
      })
    }
  })
})
