import type { RevokeOptions, SessionId, SessionRecord, Version, Written } from '../../core/store.ts'
import { isSessionId } from '../shared/record-checks.ts'
import { prepare, type SqliteDatabase, type SqliteStatement } from './database.ts'

interface Row {
  readonly n: number
  readonly k: Uint8Array
  readonly version: string
  readonly expires_at: number
  readonly last_seen_at: number
  readonly opened_at: number | null
  readonly user_id: Uint8Array | null
  readonly body: Uint8Array
}

type State = Pick<Row, 'n' | 'version' | 'expires_at' | 'user_id'> & { readonly due: number }

/** As bytes, because node:sqlite of Node 22 reads a text up to its first NUL. */
const userIdColumn = 'cast(user_id as blob) as user_id'

/** node:sqlite of Node 22 binds no bytes as null. */
const bodyValue = "coalesce(?, x'')"

const columns = `n, k, version, expires_at, last_seen_at, opened_at, ${userIdColumn}, body`

/** No request is under way for a day: what a `notBefore` was to keep out can't come any more. */
const day = 86_400_000

export interface Page {
  readonly records: readonly SessionRecord[]
  /** Where the next page begins. Undefined: this was the last one. */
  readonly next: number | undefined
}

/** The sessions and their users, in SQL. Each method is one step of the transaction it is called in. */
export class SessionTable {
  readonly #find: SqliteStatement
  readonly #findState: SqliteStatement
  readonly #insert: SqliteStatement
  readonly #update: SqliteStatement
  readonly #updateIndexed: SqliteStatement
  readonly #touch: SqliteStatement
  readonly #delete: SqliteStatement
  readonly #deleteNumber: SqliteStatement
  readonly #page: SqliteStatement
  readonly #pageOfUser: SqliteStatement
  readonly #countOfUser: SqliteStatement
  readonly #deleteOfUser: SqliteStatement
  readonly #findNotBefore: SqliteStatement
  readonly #setNotBefore: SqliteStatement
  readonly #forgetNotBefore: SqliteStatement
  readonly #findDue: SqliteStatement
  readonly #setDue: SqliteStatement

  constructor(database: SqliteDatabase, prefix: string) {
    const sql = (text: string): SqliteStatement => prepare(database, text.replaceAll('@', prefix))
    this.#find = sql(`select ${columns} from @sessions where k = ? and expires_at > ?`)
    this.#findState = sql(`select n, version, expires_at, ${userIdColumn}, due from @sessions where k = ?`)
    this.#insert = sql(
      `insert into @sessions (k, version, expires_at, last_seen_at, opened_at, body, user_id, due)
       values (?, ?, ?, ?, ?, ${bodyValue}, ?, ?)`,
    )
    this.#update = sql(
      `update @sessions
       set version = ?, expires_at = ?, last_seen_at = ?, opened_at = ?, body = ${bodyValue} where n = ?`,
    )
    this.#updateIndexed = sql('update @sessions set user_id = ?, due = ? where n = ?')
    this.#touch = sql(
      `update @sessions set expires_at = max(expires_at, ?), last_seen_at = max(last_seen_at, ?)
       where k = ? and expires_at > ?`,
    )
    this.#delete = sql('delete from @sessions where k = ?')
    this.#deleteNumber = sql('delete from @sessions where n = ?')
    this.#page = sql(`select ${columns} from @sessions where n > ? and expires_at > ? order by n limit ?`)
    this.#pageOfUser = sql(
      `select ${columns} from @sessions where user_id = ? and n > ? and expires_at > ? order by n limit ?`,
    )
    this.#countOfUser = sql(
      'select count(*) as count from @sessions where user_id = ? and k is not ? and expires_at > ?',
    )
    this.#deleteOfUser = sql('delete from @sessions where user_id = ? and k is not ?')
    this.#findNotBefore = sql('select not_before from @users where user_id = ?')
    this.#setNotBefore = sql(
      `insert into @users (user_id, not_before) values (?, ?)
       on conflict (user_id) do update set not_before = max(not_before, excluded.not_before)`,
    )
    this.#forgetNotBefore = sql('delete from @users where not_before < ?')
    this.#findDue = sql('select n, expires_at from @sessions where due <= ? order by due limit ?')
    this.#setDue = sql('update @sessions set due = ? where n = ?')
  }

  find(id: SessionId, now: number): SessionRecord | undefined {
    const row = this.#find.get(keyOf(id), now) as Row | null | undefined
    return row ? recordOf(row, id) : undefined
  }

  write(record: SessionRecord, expected: Version | undefined, now: number): Written {
    const { id, version, expiresAt, lastSeenAt, openedAt, userId, body } = record
    const key = keyOf(id)
    const stored = this.#findState.get(key) as State | null | undefined
    const current = stored && stored.expires_at > now ? stored : undefined
    if (current?.version === version) return { ok: true }
    if (current?.version !== expected) return { ok: false, current: this.find(id, now) }
    const currentUserId = textOf(current?.user_id)
    if (userId !== undefined && currentUserId === undefined && this.#isRevoked(userId, openedAt)) {
      return { ok: false, current: this.find(id, now), reason: 'revoked' }
    }
    if (current) {
      this.#update.run(version, expiresAt, lastSeenAt, openedAt ?? null, body, current.n)
      if (userId !== currentUserId || expiresAt < current.due) {
        this.#updateIndexed.run(userId ?? null, Math.min(expiresAt, current.due), current.n)
      }
    } else {
      if (stored) this.#deleteNumber.run(stored.n)
      this.#insert.run(key, version, expiresAt, lastSeenAt, openedAt ?? null, body, userId ?? null, expiresAt)
    }
    return { ok: true }
  }

  #isRevoked(userId: string, openedAt: number | undefined): boolean {
    const found = this.#findNotBefore.get(userId) as { not_before: number } | null | undefined
    return found ? !(openedAt !== undefined && openedAt >= found.not_before) : false
  }

  touch(id: SessionId, { expiresAt, lastSeenAt }: { expiresAt: number; lastSeenAt: number }, now: number): void {
    this.#touch.run(expiresAt, lastSeenAt, keyOf(id), now)
  }

  delete(id: SessionId): void {
    this.#delete.run(keyOf(id))
  }

  page(after: number, now: number, size: number): Page {
    return pageOf(this.#page.all(after, now, size), size)
  }

  pageOfUser(userId: string, after: number, now: number, size: number): Page {
    return pageOf(this.#pageOfUser.all(userId, after, now, size), size)
  }

  deleteByUser(userId: string, { except, notBefore, now }: RevokeOptions): number {
    const kept = except !== undefined && isSessionId(except) ? keyOf(except) : null
    this.#setNotBefore.run(userId, notBefore)
    const { count } = this.#countOfUser.get(userId, kept, now) as { count: number }
    this.#deleteOfUser.run(userId, kept)
    return count
  }

  forgetOldRevocations(now: number): void {
    this.#forgetNotBefore.run(now - day)
  }

  /**
   * Looks at no more than `limit` of the records that are due. A live one is looked at again when it is to expire as
   * things stand now.
   */
  removeDue(now: number, limit: number): { readonly removed: number; readonly looked: number } {
    const rows = this.#findDue.all(now, limit) as Pick<Row, 'n' | 'expires_at'>[]
    let removed = 0
    for (const { n, expires_at } of rows) {
      if (expires_at > now) this.#setDue.run(expires_at, n)
      else removed += Number(this.#deleteNumber.run(n).changes)
    }
    return { removed, looked: rows.length }
  }
}

export function keyOf(id: SessionId): Uint8Array {
  return Buffer.from(id, 'hex')
}

function recordOf(row: Row, id: SessionId): SessionRecord {
  const userId = textOf(row.user_id)
  return {
    id,
    version: row.version as Version,
    expiresAt: row.expires_at,
    lastSeenAt: row.last_seen_at,
    ...(userId !== undefined && { userId }),
    ...(row.opened_at !== null && { openedAt: row.opened_at }),
    body: row.body,
  }
}

function pageOf(found: readonly unknown[], size: number): Page {
  const rows = found as readonly Row[]
  const records = rows.map((row) => recordOf(row, asBuffer(row.k).toString('hex') as SessionId))
  return { records, next: rows.length < size ? undefined : rows.at(-1)?.n }
}

function textOf(bytes: Uint8Array | null | undefined): string | undefined {
  return bytes ? asBuffer(bytes).toString() : undefined
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
