import { isInMemory, isReadOnly, prepare, type SqliteDatabase } from './database.ts'

const VERSION = 1

/**
 * Makes a database ready, whoever else does so at the same moment. Throws a busy error when it has to be tried again,
 * and a TypeError when the database is read-only.
 */
export function setUp(database: SqliteDatabase, prefix: string, synchronous: 'full' | 'normal'): void {
  try {
    prepareTables(database, prefix, synchronous)
  } catch (error) {
    if (!isReadOnly(error)) throw error
    throw new TypeError('sqliteStore wants a database that it can write to; this one is read-only', { cause: error })
  }
}

function prepareTables(database: SqliteDatabase, prefix: string, synchronous: 'full' | 'normal'): void {
  // SQLite would wait by blocking the event loop.
  database.exec('pragma busy_timeout = 0')
  const answer = prepare(database, 'pragma journal_mode = wal').get() as { journal_mode: string }
  if (answer.journal_mode !== 'wal' && !isInMemory(database)) {
    throw new Error(`this database can't keep a write-ahead log; its journal_mode is ${answer.journal_mode}`)
  }
  database.exec(`pragma synchronous = ${synchronous}`)
  database.exec('begin immediate')
  try {
    database.exec(`create table if not exists ${prefix}schema (version integer not null) strict`)
    // Refused where the database is read-only, which `begin immediate` is not.
    database.exec(`delete from ${prefix}schema where version is null`)
    const found = prepare(database, `select version from ${prefix}schema`).get() as { version: number } | undefined
    if (!found) database.exec(tables(prefix))
    else if (found.version !== VERSION) {
      throw new Error(
        `the tables ${prefix}… are of version ${found.version}, this coatcheck knows version ${VERSION}: ` +
          'use the release that made them, or another `prefix`',
      )
    }
    database.exec('commit')
  } catch (error) {
    rollBack(database)
    throw error
  }
}

/**
 * Strict, so that no tool can store what can't be a record. Not `without rowid`, by which bodies would lie in the
 * inner nodes of a tree: creating sessions then costs three times as much. Times are real numbers, which both drivers
 * give as numbers.
 *
 * `due` is when the clean-up looks at a record next, never later than `expires_at`. A touch leaves it alone, as
 * moving an index entry costs more than the rest of a touch does.
 */
function tables(prefix: string): string {
  return `
    create table ${prefix}sessions (
      n integer primary key,
      k blob not null unique check (length(k) = 32),
      version text not null check (version <> ''),
      expires_at real not null,
      last_seen_at real not null,
      opened_at real,
      user_id text,
      due real not null,
      body blob not null
    ) strict;
    create index ${prefix}sessions_user on ${prefix}sessions (user_id) where user_id is not null;
    create index ${prefix}sessions_due on ${prefix}sessions (due);

    create table ${prefix}users (user_id text primary key, not_before real not null) strict, without rowid;
    create index ${prefix}users_not_before on ${prefix}users (not_before);

    create table ${prefix}locks (
      n integer primary key,
      k blob not null,
      owner text not null,
      until real not null
    ) strict;
    create index ${prefix}locks_k on ${prefix}locks (k);

    insert into ${prefix}schema (version) values (${VERSION});
  `
}

/** A failure may have ended the transaction already. */
export function rollBack(database: SqliteDatabase): void {
  try {
    database.exec('rollback')
  } catch {
    // There is none.
  }
}
