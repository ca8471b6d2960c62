import fs from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionId } from '../../../core/store.ts'
import { type SqliteStore, sqliteStore } from '../index.ts'
import { type Driver, driverNamed, type OpenDatabase } from './drivers.ts'
import { lease, newVersion, numberIn, options, recordOf } from './records.ts'

/** What one process is to do with a database that others use too. */
export type Job =
  /**
   * Opens `<path>-0`, `<path>-1` and so on, 25 ms apart from a moment of `Date` on, and stores this session in each.
   */
  | { readonly do: 'set up'; readonly id: string; readonly from: number; readonly databases: number }
  /** Counts to `times` more; says each number once it is acknowledged. */
  | { readonly do: 'count' | 'count locked'; readonly id: string; readonly times: number }
  /** Has the lock for a moment; then says `<from> <to>`, by the clock that all processes share. */
  | { readonly do: 'take a turn'; readonly id: string }
  /** Says `in`, and keeps the lock for ever. */
  | { readonly do: 'keep the lock'; readonly id: string }
  /** Creates sessions, eight at a time, deletes every other one again, and says `kept <id>` or `gone <id>` of each. */
  | { readonly do: 'create and delete' }
  /** Writes for so many milliseconds, 16 at a time, and gives a `WriteReport`. */
  | { readonly do: 'write'; readonly duration: number }
  /** As another tool would: says `busy`, and keeps the database from being written for so long. */
  | { readonly do: 'occupy'; readonly duration: number }

/** The delays are those of the event loop, in milliseconds. */
export interface WriteReport {
  readonly writes: number
  readonly longestDelay: number
  readonly delay99: number
}

/** At once, and not when the event loop comes to it: what is said must have been said when the process is killed. */
function say(text: string | number): void {
  const line = Buffer.from(`${text}\n`)
  for (let written = 0; written < line.length; ) {
    try {
      written += fs.writeSync(1, line, written)
    } catch (error) {
      // The pipe is full.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}

async function count(store: SqliteStore, id: SessionId, times: number): Promise<void> {
  let current = await store.read(id, options)
  for (let done = 0; done < times; ) {
    const next = recordOf(numberIn(current) + 1, { id })
    const written = await store.write(next, current?.version, options)
    current = written.ok ? next : written.current
    if (!written.ok) continue
    done += 1
    say(numberIn(next))
  }
}

async function countLocked(store: SqliteStore, id: SessionId, times: number): Promise<void> {
  for (let done = 0; done < times; done++) {
    const held = await store.lockAndRead(id, lease)
    if (!held) throw new Error('the session is gone')
    const next = recordOf(numberIn(held.record) + 1, { id })
    const written = await store.write(next, held.record.version, { ...options, unlock: held.lock })
    if (!written.ok) throw new Error('a conflict, in spite of the lock')
    say(numberIn(next))
  }
}

async function createAndDelete(store: SqliteStore): Promise<never> {
  const run = async (): Promise<never> => {
    for (let turn = 0; ; turn++) {
      const record = recordOf(turn)
      await store.write(record, undefined, options)
      if (turn % 2 === 1) await store.delete(record.id, options)
      say(`${turn % 2 === 1 ? 'gone' : 'kept'} ${record.id}`)
    }
  }
  return Promise.race(Array.from({ length: 8 }, run))
}

async function write(store: SqliteStore, duration: number): Promise<WriteReport> {
  const delays = monitorEventLoopDelay({ resolution: 1 })
  delays.enable()
  const end = performance.now() + duration
  let writes = 0
  const run = async (): Promise<void> => {
    let record = recordOf(1)
    await store.write(record, undefined, options)
    while (performance.now() < end) {
      const next = { ...record, version: newVersion() }
      await store.write(next, record.version, options)
      record = next
      writes += 1
    }
  }
  await Promise.all(Array.from({ length: 16 }, run))
  delays.disable()
  return { writes, longestDelay: delays.max / 1e6, delay99: delays.percentile(99) / 1e6 }
}

async function work(store: SqliteStore, job: Job): Promise<void> {
  if (job.do === 'count') await count(store, job.id as SessionId, job.times)
  else if (job.do === 'count locked') await countLocked(store, job.id as SessionId, job.times)
  else if (job.do === 'create and delete') await createAndDelete(store)
  else if (job.do === 'write') say(JSON.stringify(await write(store, job.duration)))
  else if (job.do === 'take a turn' || job.do === 'keep the lock') {
    const held = await store.lockAndRead(job.id as SessionId, lease)
    const from = process.hrtime.bigint()
    if (job.do === 'keep the lock') {
      say('in')
      await new Promise(() => setInterval(() => {}, 1000))
    }
    say(`${from} ${process.hrtime.bigint()}`)
    await held?.lock.release()
  }
}

async function setUp(path: string, driver: Driver, { id, from, databases }: Job & { do: 'set up' }): Promise<void> {
  for (let index = 0; index < databases; index++) {
    await sleep(from + index * 25 - Date.now() - 2)
    while (Date.now() < from + index * 25);
    const database = driver.open(`${path}-${index}`)
    const store = sqliteStore(database)
    await store.write(recordOf(index, { id: id as SessionId }), undefined, options)
    database.close()
  }
}

function occupy(database: OpenDatabase, duration: number): void {
  database.exec('begin immediate')
  say('busy')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, duration)
  database.exec('commit')
}

const [path = '', driverName = '', text = ''] = process.argv.slice(2)
const driver = driverNamed(driverName)
const job: Job = JSON.parse(text)
if (job.do === 'set up') await setUp(path, driver, job)
else {
  const database = driver.open(path)
  if (job.do === 'occupy') occupy(database, job.duration)
  else {
    const store = sqliteStore(database)
    await work(store, job)
    await store.close()
  }
  database.close()
}
