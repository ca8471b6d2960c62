/**
 * An open database, of which the store calls just this: `DatabaseSync` of `node:sqlite`, or `Database` of
 * better-sqlite3.
 */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
}

/** A prepared statement, of which the store calls just this. */
export interface SqliteStatement {
  run(...values: SqliteValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint }
  get(...values: SqliteValue[]): unknown
  all(...values: SqliteValue[]): unknown[]
}

/** What both drivers bind: neither takes undefined or a boolean. */
export type SqliteValue = string | number | Uint8Array | null

/** Where the two drivers differ in how a statement answers, set to one way whatever the database's own setting is. */
interface StatementSettings {
  setReadBigInts?(enabled: boolean): unknown
  setReturnArrays?(enabled: boolean): unknown
  safeIntegers?(enabled: boolean): unknown
}

/** A statement that gives rows as objects and integers as numbers. */
export function prepare(database: SqliteDatabase, sql: string): SqliteStatement {
  const statement: SqliteStatement & StatementSettings = database.prepare(sql)
  statement.setReadBigInts?.(false)
  statement.setReturnArrays?.(false)
  statement.safeIntegers?.(false)
  return statement
}

/**
 * Whether it is gone when the handle is closed: `:memory:`, or SQLite's temporary file. Throws a TypeError for what
 * is not an open database of a driver that answers at once.
 */
export function isInMemory(database: SqliteDatabase): boolean {
  try {
    // Unlike a select, it is answered while another process has the file for itself.
    const rows = prepare(database, 'pragma database_list').all() as { name: string; file: string | null }[]
    const main = rows.find(({ name }) => name === 'main')
    if (main) return !main.file
    throw new TypeError('it answers otherwise')
  } catch (error) {
    const wanted = 'new DatabaseSync(path) of node:sqlite or new Database(path) of better-sqlite3'
    const reason = error instanceof Error ? error.message : String(error)
    throw new TypeError(`sqliteStore wants an open database, ${wanted}: ${reason}`, { cause: error })
  }
}

/**
 * Whether to try again later: someone else is writing, or the caller has a transaction or a query of its own on this
 * handle.
 */
export function isBusy(error: unknown): boolean {
  const { code, errcode, message } = (error ?? {}) as { code?: unknown; errcode?: unknown; message?: unknown }
  // node:sqlite has SQLite's number, better-sqlite3 its name; both may be extended, as SQLITE_BUSY_RECOVERY is.
  if (typeof errcode === 'number' && [SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL].includes(errcode & 0xff)) return true
  if (typeof code === 'string' && /^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(code)) return true
  return typeof message === 'string' && /(within|inside) a transaction|connection is busy/.test(message)
}

const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
/** Too many others have opened or left the database at this moment. */
const SQLITE_PROTOCOL = 15

export function isReadOnly(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown }
  if (typeof errcode === 'number') return (errcode & 0xff) === SQLITE_READONLY
  return typeof code === 'string' && code.startsWith('SQLITE_READONLY')
}

const SQLITE_READONLY = 8
