import type { RevokeOptions, SessionId, SessionRecord, StoreOptions, UserIndex } from '../../core/store.ts'
import { isSessionId } from '../shared/record-checks.ts'
import type { Connection, Reply } from './connection.ts'
import type { Keys } from './keys.ts'
import { packUser, unpackUser } from './record-value.ts'
import { checkScript, endScript, enterScript, entriesScript, forgetScript, markScript, run } from './scripts.ts'

const dayMs = 86_400_000

/** A user's list goes when no session of theirs was stored for so long beyond the last one's end. No browser keeps a cookie for longer. */
const keptForMs = 400 * dayMs

/** Up to this age an entry may be of a sign-in whose record is still to be written. */
const mayBeUnderWayMs = 60_000

/** How many sessions are asked for at once. */
const atOnce = 100

/**
 * A user's sessions. In a cluster the list lies elsewhere than the records, and no script reaches both, so a sign-in enters
 * the list, is written, and is looked at again; "sign out everywhere" marks, deletes, then forgets (rules I1 to I5). On a
 * single server, entry and record are one step, and the rest is the same.
 */
export class Users implements UserIndex {
  readonly #connection: Connection
  readonly #keys: Keys
  readonly #read: (id: SessionId, options: StoreOptions) => Promise<SessionRecord | undefined>

  constructor(
    connection: Connection,
    keys: Keys,
    read: (id: SessionId, options: StoreOptions) => Promise<SessionRecord | undefined>,
  ) {
    this.#connection = connection
    this.#keys = keys
    this.#read = read
  }

  async *list(userId: string, options: StoreOptions): AsyncGenerator<SessionRecord> {
    const entries = await this.#entries(userId)
    const marked = entries.filter(({ state }) => state === '-')
    if (marked.length > 0) await this.#finish(userId, idsOf(marked), options)
    const dead: Entry[] = []
    for (const some of chunks(entries.filter(({ state }) => state !== '-'))) {
      const records = await Promise.all(some.map(({ id }) => this.#read(id, options)))
      for (const [index, record] of records.entries()) {
        if (record?.userId === userId) yield record
        else if (!record && mayForget(some[index]!, options.now)) dead.push(some[index]!)
      }
    }
    if (dead.length > 0) this.#forget(userId, dead).catch(() => {})
  }

  async deleteByUser(userId: string, options: RevokeOptions): Promise<number> {
    const { notBefore, except = '' } = options
    if (!Number.isFinite(notBefore)) throw new TypeError(`notBefore must be a time in milliseconds, got ${notBefore}`)
    const key = this.#keys.user(userId)
    const marked = await run(this.#connection, markScript, [key], [String(notBefore), except, String(dayMs)])
    return this.#finish(userId, (marked as Reply[]).map(String).filter(isSessionId), options)
  }

  /** The number of entries; undefined when the sign-in is revoked. */
  async enter(userId: string, entry: UserEntry): Promise<number | undefined> {
    const { id, openedAt, enteredAt, ttl } = entry
    const count = await run(this.#connection, enterScript, [this.#keys.user(userId)], [id, openedAt, enteredAt, ttl])
    return (count as number | null) ?? undefined
  }

  /** Whether a sign-in that was written stands. If not, its record is gone when this resolves. */
  async check(userId: string, { id, openedAt }: UserEntry, isSecond: boolean, options: StoreOptions): Promise<boolean> {
    const args = [id, openedAt, isSecond ? '1' : '']
    if ((await run(this.#connection, checkScript, [this.#keys.user(userId)], args)) === 1) return true
    await this.#end(userId, id, options)
    return false
  }

  /** Takes a session that is gone off its user's list. Nobody waits for it: an entry alone shows and ends nothing (rule I3). */
  drop(packedUser: string, id: SessionId): void {
    const userId = unpackUser(packedUser)
    if (userId === undefined) return
    const key = this.#keys.user(userId)
    this.#connection.send(key, 'HDEL', key, id).catch(() => {})
  }

  /** Takes dead entries off a list that has become longer. Nobody waits for it. */
  async tidy(userId: string, options: StoreOptions): Promise<void> {
    try {
      for await (const _ of this.list(userId, options));
    } catch {
      // The next sign-in but fifteen will try again.
    }
  }

  async #finish(userId: string, ids: readonly SessionId[], options: StoreOptions): Promise<number> {
    let ended = 0
    for (const some of chunks(ids)) {
      for (const count of await Promise.all(some.map((id) => this.#end(userId, id, options)))) ended += count
    }
    await this.#forget(
      userId,
      ids.map((id) => ({ id, state: '-' })),
    )
    return ended
  }

  async #end(userId: string, id: SessionId, { now }: StoreOptions): Promise<number> {
    const args = [String(now), packUser(userId), this.#keys.ended, id]
    return (await run(this.#connection, endScript, [this.#keys.record(id)], args)) as number
  }

  async #forget(userId: string, entries: readonly Entry[]): Promise<void> {
    for (const some of chunks(entries)) {
      const args = [String(dayMs), ...some.flatMap(({ id, state }) => [id, state])]
      await run(this.#connection, forgetScript, [this.#keys.user(userId)], args)
    }
  }

  async #entries(userId: string): Promise<readonly Entry[]> {
    const fields = ((await run(this.#connection, entriesScript, [this.#keys.user(userId)], [])) as Reply[]).map(String)
    return fields.flatMap((id, index) =>
      index % 2 === 0 && isSessionId(id) ? [{ id, state: fields[index + 1]! }] : [],
    )
  }
}

/** What a sign-in puts on its user's list. */
export interface UserEntry {
  readonly id: SessionId
  readonly openedAt: string
  readonly enteredAt: string
  readonly ttl: string
}

export function userEntryOf({ id, openedAt, expiresAt }: SessionRecord, now: number): UserEntry {
  return {
    id,
    // Without a time it can't be told to have arrived later.
    openedAt: String(openedAt ?? -1e300),
    enteredAt: String(now),
    ttl: String(Math.max(0, Math.ceil(expiresAt - now)) + keptForMs),
  }
}

/** `-`: to be ended. Otherwise when it was made. */
interface Entry {
  readonly id: SessionId
  readonly state: string
}

function mayForget({ state }: Entry, now: number): boolean {
  return Number(state) < now - mayBeUnderWayMs
}

function idsOf(entries: readonly Entry[]): SessionId[] {
  return entries.map(({ id }) => id)
}

function* chunks<T>(items: readonly T[]): Iterable<readonly T[]> {
  for (let start = 0; start < items.length; start += atOnce) yield items.slice(start, start + atOnce)
}
