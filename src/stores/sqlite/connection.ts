import { setTimeout as sleep } from 'node:timers/promises'
import type { MaybePromise } from '../../core/store.ts'
import { isBusy, prepare, type SqliteDatabase, type SqliteStatement } from './database.ts'
import { LockTable } from './lock-table.ts'
import { rollBack, setUp } from './schema.ts'
import { SessionTable } from './session-table.ts'

export interface ConnectionOptions {
  readonly prefix: string
  readonly synchronous: 'full' | 'normal'
}

export interface Tables {
  readonly sessions: SessionTable
  readonly locks: LockTable
}

/** Throws once nobody waits any more. */
export type Patience = () => void

/** `relaxed`: a power loss may take it back, and does no harm by it. */
export type Care = 'durable' | 'relaxed'

interface Job {
  readonly run: (tables: Tables) => unknown
  readonly care: Care
  readonly patience: Patience
  readonly resolve: (answer: never) => void
  readonly reject: (error: unknown) => void
}

/** A batch is committed when it has taken this many milliseconds, so that the event loop goes on. */
const BATCH_TIME = 4

/**
 * How calls reach the database. A read runs at once. The writes of one turn of the event loop share a transaction,
 * and so the wait for the disk. Where SQLite says that someone else is writing, both are tried again after a random
 * pause, as waiting inside SQLite stops the event loop, and lets one process starve another.
 */
export class Connection {
  readonly #database: SqliteDatabase
  readonly #options: ConnectionOptions
  #tables: Tables | undefined
  #begin: SqliteStatement | undefined
  #commit: SqliteStatement | undefined
  #jobs: Job[] = []
  /** How many of the next jobs have been in a batch that failed. */
  #suspects = 0
  #isScheduled = false
  #isClosed = false
  readonly #onIdle: (() => void)[] = []

  constructor(database: SqliteDatabase, options: ConnectionOptions) {
    this.#database = database
    this.#options = options
    try {
      this.#open()
    } catch (error) {
      // The first call tries again.
      if (!isBusy(error)) throw error
    }
  }

  read<T>(run: (tables: Tables) => T, patience: Patience): MaybePromise<T> {
    try {
      return run(this.#open())
    } catch (error) {
      return isBusy(error) ? this.#readLater(run, patience) : Promise.reject(error)
    }
  }

  async #readLater<T>(run: (tables: Tables) => T, patience: Patience): Promise<T> {
    for (;;) {
      await sleep(randomPause())
      patience()
      try {
        return run(this.#open())
      } catch (error) {
        if (!isBusy(error)) throw error
      }
    }
  }

  /** `run` may run again, so it must change nothing but the tables. */
  write<T>(run: (tables: Tables) => T, patience: Patience, care: Care = 'durable'): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(new Error('the SQLite store is closed'))
      this.#jobs.push({ run, care, patience, resolve, reject })
      if (!this.#isScheduled) this.#schedule()
    })
  }

  /** Resolves when what was asked for before is done. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#jobs.length > 0) await new Promise<void>((resolve) => this.#onIdle.push(resolve))
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  #schedule(pause?: number): void {
    this.#isScheduled = true
    if (pause === undefined) setImmediate(this.#work)
    else setTimeout(this.#work, pause)
  }

  readonly #work = (): void => {
    this.#isScheduled = false
    const pause = this.#commitSome()
    if (this.#jobs.length > 0) this.#schedule(pause)
    else for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  /** Says how long to wait before the next ones, if the database is busy. */
  #commitSome(): number | undefined {
    const jobs = this.#suspects > 0 ? this.#jobs.slice(0, 1) : this.#jobs
    let answers: unknown[]
    try {
      answers = this.#transact(jobs)
    } catch (error) {
      if (isBusy(error)) {
        this.#dropTheForsaken()
        return randomPause()
      }
      // One that fails must not spoil the others: each by itself, then.
      if (jobs.length > 1) {
        this.#suspects = jobs.length
        return undefined
      }
      this.#suspects = Math.max(0, this.#suspects - 1)
      this.#jobs.shift()?.reject(error)
      return undefined
    }
    this.#suspects = Math.max(0, this.#suspects - 1)
    const done = this.#jobs.splice(0, answers.length)
    for (const [index, job] of done.entries()) job.resolve(answers[index] as never)
    return undefined
  }

  /** The answers of as many jobs as there was time for. */
  #transact(jobs: readonly Job[]): unknown[] {
    const tables = this.#open()
    const isRelaxed = this.#options.synchronous === 'full' && jobs.every(({ care }) => care === 'relaxed')
    // The next durable commit brings these to the disk with it.
    if (isRelaxed) this.#database.exec('pragma synchronous = normal')
    try {
      this.#begin?.run()
      try {
        const answers: unknown[] = []
        const end = performance.now() + BATCH_TIME
        for (const { run } of jobs) {
          answers.push(run(tables))
          if (performance.now() > end) break
        }
        this.#commit?.run()
        return answers
      } catch (error) {
        rollBack(this.#database)
        throw error
      }
    } finally {
      if (isRelaxed) this.#database.exec('pragma synchronous = full')
    }
  }

  #dropTheForsaken(): void {
    this.#jobs = this.#jobs.filter(({ patience, reject }) => {
      try {
        patience()
        return true
      } catch (error) {
        reject(error)
        return false
      }
    })
    this.#suspects = Math.min(this.#suspects, this.#jobs.length)
  }

  #open(): Tables {
    if (!this.#tables) {
      const { prefix, synchronous } = this.#options
      setUp(this.#database, prefix, synchronous)
      this.#begin = prepare(this.#database, 'begin immediate')
      this.#commit = prepare(this.#database, 'commit')
      this.#tables = {
        sessions: new SessionTable(this.#database, prefix),
        locks: new LockTable(this.#database, prefix),
      }
    }
    return this.#tables
  }
}

function randomPause(): number {
  return Math.random() * 10
}
