import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionId, SessionRecord } from '../../core/store.ts'
import { type SqliteStore, sqliteStore } from './index.ts'
import { type DriverName, drivers, newPath, type OpenDatabase } from './testing/drivers.ts'
import { all, lease, newId, newVersion, numberIn, options, recordOf } from './testing/records.ts'
import type { Job, WriteReport } from './testing/worker.ts'

/* Real processes on one database, some with one driver and some with the other. */

const skip = drivers.find(({ skip }) => skip)?.skip
const [nodeSqlite, betterSqlite3] = ['node:sqlite', 'better-sqlite3'] as const

interface Running {
  readonly process: ChildProcess
  /** The lines it has said so far. */
  readonly said: string[]
  readonly ended: Promise<unknown>
}

function start(t: TestContext, path: string, driver: DriverName, job: Job): Running {
  const worker = join(import.meta.dirname, 'testing', 'worker.ts')
  const child = spawn(process.execPath, ['--import=tsx', worker, path, driver, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  })
  t.after(() => child.kill('SIGKILL'))
  const said: string[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    said.push(...lines)
  })
  return { process: child, said, ended: once(child, 'close') }
}

function open(t: TestContext, path: string = newPath(t)): { store: SqliteStore; database: OpenDatabase; path: string } {
  const database = drivers[0]?.open(path) as OpenDatabase
  t.after(() => database.close())
  return { store: sqliteStore(database), database, path }
}

async function until(claim: () => boolean): Promise<void> {
  while (!claim()) await sleep(1)
}

async function allEnd(running: readonly Running[]): Promise<void> {
  for (const { ended, process } of running) {
    await ended
    assert.equal(process.exitCode, 0)
  }
}

/** Of what was read without waiting. */
function versionOf(record: unknown): string {
  assert.ok(!(record instanceof Promise))
  return (record as SessionRecord).version
}

function placesIn(database: OpenDatabase): number {
  return (database.prepare('select count(*) as count from coatcheck_locks').get() as { count: number }).count
}

describe('several processes on one database', { skip }, () => {
  it('count exactly, by compare-and-set', async (t) => {
    const { store, path } = open(t)
    const first = recordOf(0)
    await store.write(first, undefined, options)
    const job: Job = { do: 'count', id: first.id, times: 200 }
    const counting = [nodeSqlite, betterSqlite3, nodeSqlite].map((driver) => start(t, path, driver, job))
    await allEnd(counting)
    assert.equal(numberIn(await store.read(first.id, options)), 600)
    assert.equal(new Set(counting.flatMap(({ said }) => said)).size, 600, 'no number was acknowledged twice')
  })

  it('count exactly, and meet no conflict, holding the lock', async (t) => {
    const { store, database, path } = open(t)
    const first = recordOf(0)
    await store.write(first, undefined, options)
    const job: Job = { do: 'count locked', id: first.id, times: 60 }
    await allEnd([nodeSqlite, betterSqlite3, nodeSqlite].map((driver) => start(t, path, driver, job)))
    assert.equal(numberIn(await store.read(first.id, options)), 180)
    assert.equal(placesIn(database), 0)
  })

  it('have the lock in the order in which they have asked for it', async (t) => {
    const { store, database, path } = open(t)
    const { id } = recordOf(0)
    await store.write(recordOf(0, { id }), undefined, options)
    const held = await store.lockAndRead(id, lease)
    const waiting: Running[] = []
    for (const driver of [betterSqlite3, nodeSqlite, betterSqlite3, nodeSqlite]) {
      const running = start(t, path, driver, { do: 'take a turn', id })
      waiting.push(running)
      await until(() => placesIn(database) === waiting.length + 1)
    }
    // Long enough for each to have renewed its place.
    await sleep(700)
    assert.deepEqual(
      waiting.flatMap(({ said }) => said),
      [],
    )
    await held?.lock.release()
    await allEnd(waiting)
    const moments = waiting.flatMap(({ said }) => said.flatMap((turn) => turn.split(' ').map(BigInt)))
    assert.equal(moments.length, 8)
    assert.deepEqual(
      moments,
      moments.toSorted((a, b) => Number(a - b)),
      'one turn after the other',
    )
  })

  it('go on when the one that has the lock is killed, long before its lease is over', async (t) => {
    const { store, database, path } = open(t)
    const { id } = recordOf(0)
    await store.write(recordOf(0, { id }), undefined, options)
    const holder = start(t, path, betterSqlite3, { do: 'keep the lock', id })
    await until(() => holder.said.includes('in'))
    const next = store.lockAndRead(id, lease) as Promise<{ lock: { release(): unknown } }>
    assert.equal(await Promise.race([next, sleep(100, 'waits')]), 'waits')
    const waiter = start(t, path, betterSqlite3, { do: 'take a turn', id })
    await until(() => placesIn(database) === 3)
    holder.process.kill('SIGKILL')
    await holder.ended
    const began = performance.now()
    const { lock } = await next
    const waited = performance.now() - began
    t.diagnostic(`had the lock ${waited.toFixed(0)} ms after the death of its holder`)
    assert.ok(waited < 3000, `waited ${waited} ms`)
    assert.deepEqual(waiter.said, [])
    await lock.release()
    await allEnd([waiter])
    assert.equal(waiter.said.length, 1)
  })

  it('lose nothing that was acknowledged, and leave a sound database, when they are killed', async (t) => {
    const path = newPath(t)
    for (let round = 0; round < 10; round++) {
      const writing = [nodeSqlite, betterSqlite3].map((driver) => start(t, path, driver, { do: 'create and delete' }))
      await until(() => writing.every(({ said }) => said.length > 0))
      await sleep(randomInt(0, 60))
      for (const { process } of writing) process.kill('SIGKILL')
      for (const { ended } of writing) await ended
      const { store, database } = open(t, path)
      assert.deepEqual(Object.values(database.prepare('pragma integrity_check').get() as object), ['ok'])
      for (const line of writing.flatMap(({ said }) => said)) {
        const [word, id] = line.split(' ') as ['kept' | 'gone', SessionId]
        const record = await store.read(id, options)
        assert.equal(record ? 'kept' : 'gone', word)
        if (record) numberIn(record)
      }
    }
  })

  it('set up a new database at the same moment', async (t) => {
    const path = newPath(t)
    const ids = Array.from({ length: 4 }, newId).sort()
    const from = Date.now() + 1500
    const databases = 20
    const starting = ids.map((id, index) =>
      start(t, path, index % 2 ? nodeSqlite : betterSqlite3, { do: 'set up', id, from, databases }),
    )
    await allEnd(starting)
    for (let index = 0; index < databases; index++) {
      const { store } = open(t, `${path}-${index}`)
      assert.deepEqual((await all(store.list(options))).map(({ id }) => id).sort(), ids)
    }
  })

  it('both get on, and their event loops go on, when they write all the time', async (t) => {
    const { path } = open(t)
    const job: Job = { do: 'write', duration: 2000 }
    const writing = [nodeSqlite, betterSqlite3].map((driver) => start(t, path, driver, job))
    await allEnd(writing)
    const reports = writing.map(({ said }) => JSON.parse(said[0] ?? '') as WriteReport)
    t.diagnostic(JSON.stringify(reports))
    const [less = 0, more = 0] = reports.map(({ writes }) => writes).sort((a, b) => a - b)
    assert.ok(less * 5 > more, `one wrote ${less}, the other ${more}`)
    for (const { delay99, longestDelay } of reports) {
      // Two and seven milliseconds on an idle machine.
      assert.ok(delay99 < 250, `99th percentile ${delay99} ms`)
      assert.ok(longestDelay < 1500, `longest ${longestDelay} ms`)
    }
  })
})

describe('a database that another tool has locked for a second', { skip }, () => {
  async function occupied(t: TestContext) {
    const opened = open(t)
    const record = recordOf(1)
    await opened.store.write(record, undefined, options)
    const tool = start(t, opened.path, nodeSqlite, { do: 'occupy', duration: 1000 })
    await until(() => tool.said.includes('busy'))
    return { ...opened, record, tool }
  }

  it('is read meanwhile, and written afterwards; the event loop goes on', async (t) => {
    const { store, record, tool } = await occupied(t)
    const delays = monitorEventLoopDelay({ resolution: 1 })
    delays.enable()
    await sleep(20) // it measures from its first tick on
    const began = performance.now()
    const next = { ...record, version: newVersion() }
    const writing = store.write(next, record.version, options)
    const touching = store.touch(record.id, { expiresAt: record.expiresAt + 1, lastSeenAt: record.lastSeenAt }, options)
    assert.equal(versionOf(store.read(record.id, options)), record.version)
    assert.deepEqual(await writing, { ok: true })
    await touching
    await sleep(20) // a delay is known once it is over
    delays.disable()
    assert.ok(performance.now() - began > 300, 'it was locked')
    assert.ok(delays.max / 1e6 < 700, `the event loop stood still for ${delays.max / 1e6} ms`)
    assert.equal(versionOf(store.read(record.id, options)), next.version)
    await allEnd([tool])
  })

  it('is not waited for longer than the caller wants, and nothing is written later', async (t) => {
    const { store, record, tool } = await occupied(t)
    const deadline = new AbortController()
    const call = { now: options.now, signal: deadline.signal }
    const calls = [
      store.write({ ...record, version: newVersion() }, record.version, call),
      store.delete(record.id, call),
      store.lockAndRead(record.id, { ...call, leaseMs: 1000 }),
    ]
    const reason = new Error('the deadline of the caller')
    setTimeout(() => deadline.abort(reason), 50)
    const began = performance.now()
    for (const result of await Promise.allSettled(calls)) {
      assert.deepEqual(result, { status: 'rejected', reason })
    }
    assert.ok(performance.now() - began < 800)
    await allEnd([tool])
    assert.equal(versionOf(store.read(record.id, options)), record.version)
  })

  it('can be opened, and is used once it is free', async (t) => {
    const { path, record, tool } = await occupied(t)
    const { store } = open(t, path)
    const other = recordOf(2)
    assert.deepEqual(await store.write(other, undefined, options), { ok: true })
    assert.equal((await all(store.list(options))).length, 2)
    assert.ok(await store.read(record.id, options))
    await allEnd([tool])
  })
})
