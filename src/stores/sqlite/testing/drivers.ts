import fs from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { SqliteDatabase } from '../index.ts'

export type DriverName = 'node:sqlite' | 'better-sqlite3'

export interface OpenDatabase extends SqliteDatabase {
  close(): unknown
}

export interface Driver {
  readonly name: DriverName
  /** Why this Node can't have it. */
  readonly skip: string | undefined
  open(path: string, options?: { readonly readonly?: boolean }): OpenDatabase
  /** So that statements give bigints, and arrays where the driver can. Closed after the test. */
  openOddly(t: Pick<TestContext, 'after'>, path: string): OpenDatabase
}

type Database = new (path: string, options?: object) => OpenDatabase

const require = createRequire(import.meta.url)
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

/** A driver is loaded when it is first used, and never where `skip` says why not: better-sqlite3 13 crashes Node 20. */
export const drivers: readonly Driver[] = [
  {
    name: 'node:sqlite',
    skip: major > 22 || (major === 22 && minor >= 13) ? undefined : 'this Node has no node:sqlite (22.13 or later has)',
    open(path, { readonly = false } = {}) {
      const { DatabaseSync } = require('node:sqlite') as { DatabaseSync: Database }
      return new DatabaseSync(path, { readOnly: readonly })
    },
    openOddly(t, path) {
      const { DatabaseSync } = require('node:sqlite') as { DatabaseSync: Database }
      const database = new DatabaseSync(path, { readBigInts: true, returnArrays: true })
      t.after(() => database.close())
      return database
    },
  },
  {
    name: 'better-sqlite3',
    skip: major >= 22 ? undefined : 'better-sqlite3 13 needs Node 22',
    open(path, { readonly = false } = {}) {
      const BetterSqlite3 = require('better-sqlite3') as Database
      return new BetterSqlite3(path, { readonly })
    },
    openOddly(t, path) {
      const BetterSqlite3 = require('better-sqlite3') as Database
      const database = new BetterSqlite3(path) as OpenDatabase & { defaultSafeIntegers(toggle: boolean): unknown }
      database.defaultSafeIntegers(true)
      t.after(() => database.close())
      return database
    },
  },
]

export function driverNamed(name: string): Driver {
  const driver = drivers.find((driver) => driver.name === name)
  if (!driver) throw new Error(`there is no driver ${name}`)
  return driver
}

/** A path for a database, removed after the test. */
export function newPath(t: Pick<TestContext, 'after'>): string {
  const directory = fs.mkdtempSync(join(tmpdir(), 'coatcheck-sqlite-'))
  t.after(() => fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 }))
  return join(directory, 'sessions.db')
}
