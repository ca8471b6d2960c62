import { andThen } from '../core/maybe-promise.ts'
import type {
  Lock,
  LockOptions,
  MaybePromise,
  SessionId,
  SessionRecord,
  Store,
  StoreOptions,
  Version,
  Written,
} from '../core/store.ts'

/** What `memoryStore` may be told. */
export interface MemoryStoreOptions {
  /** When there are more, the one seen longest ago goes, and one warning says so. Default: 100,000. */
  readonly maxSessions?: number
}

/**
 * Sessions in this process's memory: for tests, and for trying things out. They end with the process, are not shared with
 * any other, and are bounded in number. For anything else, `fileStore` needs no more set-up.
 */
export function memoryStore({ maxSessions = 100_000 }: MemoryStoreOptions = {}): Store {
  if (!(Number.isInteger(maxSessions) && maxSessions > 0)) {
    throw new TypeError(`maxSessions must be a positive integer, got ${maxSessions}`)
  }
  /** In the order they were last seen: a Map keeps the order of insertion. */
  const records = new Map<SessionId, SessionRecord>()
  const idsOfUser = new Map<string, Set<SessionId>>()
  const notBeforeOfUser = new Map<string, number>()
  const locks = new LockQueues()
  const expiries = new ExpiryBuckets()
  let hasWarned = false

  const live = (id: SessionId, now: number): SessionRecord | undefined => {
    const record = records.get(id)
    return record && record.expiresAt > now ? record : undefined
  }

  const put = (record: SessionRecord): void => {
    records.delete(record.id)
    records.set(record.id, record)
  }

  const remove = (id: SessionId): boolean => {
    const userId = records.get(id)?.userId
    const ids = userId === undefined ? undefined : idsOfUser.get(userId)
    if (ids?.delete(id) && ids.size === 0) idsOfUser.delete(userId!)
    return records.delete(id)
  }

  const makeRoom = (): void => {
    if (records.size <= maxSessions) return
    remove(records.keys().next().value!)
    if (!hasWarned)
      console.warn(
        `coatcheck: memoryStore holds ${maxSessions} sessions and has begun to drop the ones seen longest ago`,
      )
    hasWarned = true
  }

  const write = (record: SessionRecord, expected: Version | undefined, now: number): Written => {
    const current = live(record.id, now)
    if (current?.version === record.version) return { ok: true }
    if (current?.version !== expected) return { ok: false, current }
    const signedIn = current?.userId === undefined ? record.userId : undefined
    if (signedIn !== undefined && (record.openedAt ?? 0) < (notBeforeOfUser.get(signedIn) ?? 0)) {
      return { ok: false, current, reason: 'revoked' }
    }
    // An expired record may lie there, and its id in the list of another user.
    if (!current) remove(record.id)
    if (signedIn !== undefined) idsOfUser.set(signedIn, (idsOfUser.get(signedIn) ?? new Set()).add(record.id))
    put(record)
    if (!current || record.expiresAt < current.expiresAt) expiries.add(record.id, record.expiresAt)
    makeRoom()
    return { ok: true }
  }

  return {
    durability: 'memory',

    read: (id, { now }) => live(id, now),

    write(record, expected, { now, unlock }) {
      const written = write(record, expected, now)
      if (written.ok) unlock?.release()
      return written
    },

    touch(id, { expiresAt, lastSeenAt }, { now }) {
      const record = live(id, now)
      if (!record) return
      put({
        ...record,
        expiresAt: Math.max(record.expiresAt, expiresAt),
        lastSeenAt: Math.max(record.lastSeenAt, lastSeenAt),
      })
    },

    delete(id) {
      remove(id)
    },

    lockAndRead(id, options) {
      if (!live(id, options.now)) return undefined
      return andThen(locks.take(id, options), (lock) => {
        const record = live(id, options.now)
        if (record) return { lock, record }
        lock.release()
        return undefined
      })
    },

    users: {
      *list(userId, { now }) {
        for (const id of [...(idsOfUser.get(userId) ?? [])]) {
          const record = live(id, now)
          if (record) yield record
        }
      },

      deleteByUser(userId, { except, notBefore, now }) {
        notBeforeOfUser.set(userId, Math.max(notBefore, notBeforeOfUser.get(userId) ?? 0))
        const ids = [...(idsOfUser.get(userId) ?? [])].filter((id) => id !== except)
        const ended = ids.filter((id) => live(id, now))
        for (const id of ids) remove(id)
        return ended.length
      },
    },

    *list({ now }: StoreOptions) {
      for (const record of [...records.values()]) if (record.expiresAt > now) yield record
    },

    deleteExpired({ now, batch }) {
      // No request is under way for a day: what it was to keep out can't come any more.
      for (const [userId, notBefore] of notBeforeOfUser)
        if (notBefore < now - 86_400_000) notBeforeOfUser.delete(userId)
      let removed = 0
      for (const id of expiries.takeDue(now)) {
        const expiresAt = records.get(id)?.expiresAt ?? 0
        if (expiresAt > now) expiries.add(id, expiresAt)
        else if (remove(id)) removed++
        if (removed >= batch) break
      }
      return removed
    },
  }
}

/** Which records to look at by when. A record that lives on is looked at once per lifetime, not at every touch. */
class ExpiryBuckets {
  readonly #idsByMinute = new Map<number, Set<SessionId>>()

  add(id: SessionId, expiresAt: number): void {
    const minute = Math.ceil(expiresAt / 60_000)
    this.#idsByMinute.set(minute, (this.#idsByMinute.get(minute) ?? new Set()).add(id))
  }

  /** Takes them out one by one: those that live on are to be added again. */
  *takeDue(now: number): Iterable<SessionId> {
    for (const [minute, ids] of this.#idsByMinute) {
      if (minute * 60_000 > now) continue
      for (const id of ids) {
        ids.delete(id)
        yield id
      }
      this.#idsByMinute.delete(minute)
    }
  }
}

interface Waiter {
  readonly leaseMs: number
  readonly grant: (lock: Lock) => void
}

/** First come, first served. A lease that is not renewed lets the next one in. */
class LockQueues {
  readonly #waiting = new Map<SessionId, Waiter[]>()

  take(id: SessionId, options: LockOptions): MaybePromise<Lock> {
    const { leaseMs } = options
    const queue = this.#waiting.get(id)
    if (!queue) {
      this.#waiting.set(id, [])
      return this.#grant(id, leaseMs)
    }
    // Asked for only now: whoever makes a signal on demand need not make one for a free lock.
    const { signal } = options
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        queue.splice(queue.indexOf(waiter), 1)
        reject(signal.reason)
      }
      const waiter: Waiter = {
        leaseMs,
        grant(lock) {
          signal.removeEventListener('abort', abort)
          resolve(lock)
        },
      }
      if (signal.aborted) return reject(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      queue.push(waiter)
    })
  }

  #grant(id: SessionId, leaseMs: number): Lock {
    let isHeld = true
    const release = (): void => {
      if (!isHeld) return
      isHeld = false
      clearTimeout(lease)
      const next = this.#waiting.get(id)?.shift()
      if (next) next.grant(this.#grant(id, next.leaseMs))
      else this.#waiting.delete(id)
    }
    let lease = setTimeout(release, leaseMs)
    lease.unref?.()
    return {
      release,
      renew(ms) {
        if (!isHeld) return false
        clearTimeout(lease)
        lease = setTimeout(release, ms)
        lease.unref?.()
        return true
      },
    }
  }
}
