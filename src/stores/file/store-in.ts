import { dirname } from 'node:path'
import { andThen, answer } from '../../core/maybe-promise.ts'
import type {
  Lock,
  LockOptions,
  MaybePromise,
  SessionId,
  SessionRecord,
  Store,
  StoreOptions,
  UserIndex,
  Version,
  WriteOptions,
  Written,
} from '../../core/store.ts'
import { isSessionId } from '../shared/record-checks.ts'
import { deleteExpired } from './clean-up.ts'
import { addExpiryEntry, expiryEntryPath, namesOneByOne } from './expiry-index.ts'
import { idFromName, parentsOf, pathOf, recordPath } from './layout.ts'
import { LeaseLocks } from './lease-lock.ts'
import { isLive, type RecordDirectory, readIntactRecord, readRecord, timeSlices } from './record-directory.ts'
import { encodeRecord } from './record-file.ts'
import { inSlot } from './slot.ts'
import { enterUser, leaveUser, removeEmptyGeneration, type User, userEntryPath } from './user-index.ts'
import { userSessions } from './user-sessions.ts'

/** What `fileStore` returns: a store that offers everything, and says where a session's file is. */
export interface FileStore extends Store {
  readonly durability: 'kept'
  readonly users: UserIndex
  lockAndRead: NonNullable<Store['lockAndRead']>
  list: NonNullable<Store['list']>
  deleteExpired: NonNullable<Store['deleteExpired']>
  /** The absolute path of a session's file, whether or not there is one. Throws for what is not a session id. */
  pathOf(id: SessionId): string
}

/** The store itself: every call does its work on the thread that makes it, and most are done when they return. */
export function storeIn(directory: RecordDirectory): FileStore {
  const { fs, layout, maxFileBytes, settle } = directory
  const locks = new LeaseLocks(directory)
  const users = userSessions(directory)

  function read(id: SessionId, { now }: StoreOptions): SessionRecord | undefined {
    const record = isSessionId(id) ? readRecord(directory, id) : undefined
    return isLive(record, now) ? record : undefined
  }

  function write(record: SessionRecord, expected: Version | undefined, options: WriteOptions): MaybePromise<Written> {
    const { id, userId } = record
    if (!isSessionId(id)) throw new TypeError('a session id has 64 lower-case hexadecimal digits')
    const content = encodeRecord(record)
    if (content.byteLength > maxFileBytes) {
      throw new RangeError(`the record has ${content.byteLength} bytes; maxFileBytes is ${maxFileBytes}`)
    }
    const expiryEntry = expiryEntryPath(layout, id, record.expiresAt)
    // Before the slot, so that the clean-up finds what is left of a create that was killed.
    if (expected === undefined) addExpiryEntry(fs, expiryEntry)
    let user: User | undefined
    const written = inSlot(directory, recordPath(layout, id), content, options, (held): Written => {
      const stored = readIntactRecord(directory, id)
      const current = isLive(stored, options.now) ? stored : undefined
      if (current?.version === record.version) return { ok: true }
      if (current?.version !== expected) return current ? { ok: false, current } : { ok: false }
      if (userId !== undefined && current?.userId !== userId) {
        user = enterUser(fs, layout, record)
        if (!user) return current ? { ok: false, current, reason: 'revoked' } : { ok: false, reason: 'revoked' }
      }
      if (!current || record.expiresAt < current.expiresAt) {
        if (!fs.exists(expiryEntry)) addExpiryEntry(fs, expiryEntry)
      }
      held.commit()
      return { ok: true }
    })
    return andThen(written, (result) => {
      if (!result.ok) return result
      return andThen(afterWrite(record, user, expected === undefined ? expiryEntry : undefined, options), () => result)
    })
  }

  function afterWrite(
    { id, userId }: SessionRecord,
    user: User | undefined,
    expiryEntry: string | undefined,
    options: WriteOptions,
  ): MaybePromise<void> {
    const isRevoking = user !== undefined && user.ending.length > 0
    if (!settle && !isRevoking) return options.unlock?.release()
    return (async () => {
      const paths = [recordPath(layout, id)]
      if (expiryEntry) paths.push(expiryEntry)
      if (user) paths.push(userEntryPath(layout, user.userId, user.sessions, id))
      await settle?.(...paths.flatMap(parentsOf))
      await options.unlock?.release()
      if (isRevoking && userId !== undefined) await users.finish(userId, options)
    })()
  }

  function touch(
    id: SessionId,
    times: { readonly expiresAt: number; readonly lastSeenAt: number },
    options: StoreOptions,
  ): MaybePromise<void> {
    const base = isSessionId(id) ? readIntactRecord(directory, id) : undefined
    if (!isLive(base, options.now)) return
    const expiresAt = Math.max(base.expiresAt, times.expiresAt)
    const lastSeenAt = Math.max(base.lastSeenAt, times.lastSeenAt)
    if (expiresAt === base.expiresAt && lastSeenAt === base.lastSeenAt) return
    const content = encodeRecord({ ...base, expiresAt, lastSeenAt })
    const isDone = inSlot(directory, recordPath(layout, id), content, options, (held) => {
      const current = readIntactRecord(directory, id)
      const { version, expiresAt, lastSeenAt } = base
      if (current?.version !== version || current.expiresAt !== expiresAt || current.lastSeenAt !== lastSeenAt)
        return false
      held.commit()
      return true
    })
    return andThen(isDone, (done) => (done ? undefined : touch(id, times, options)))
  }

  function remove(id: SessionId, options: StoreOptions): MaybePromise<void> {
    const file = isSessionId(id) ? recordPath(layout, id) : undefined
    if (!file || !fs.exists(file)) return
    let userId: string | undefined
    const removed = inSlot(directory, file, undefined, options, (held) => {
      userId ??= userOf(id)
      held.remove(file)
      if (userId !== undefined) leaveUser(fs, layout, held, userId, id)
    })
    return andThen(removed, () => {
      if (userId !== undefined) removeEmptyGeneration(fs, layout, userId)
      return settle?.(dirname(file))
    })
  }

  /** What can't be read can be deleted all the same. */
  function userOf(id: SessionId): string | undefined {
    try {
      return readRecord(directory, id)?.userId
    } catch {
      return undefined
    }
  }

  function lockAndRead(
    id: SessionId,
    options: LockOptions,
  ): MaybePromise<{ lock: Lock; record: SessionRecord } | undefined> {
    if (!read(id, options)) return undefined
    return andThen(locks.acquire(recordPath(layout, id), options), (lock) => {
      try {
        const record = read(id, options)
        if (record) return { lock, record }
      } catch (error) {
        lock.release()
        throw error
      }
      lock.release()
      return undefined
    })
  }

  async function* list({ now }: StoreOptions): AsyncGenerator<SessionRecord> {
    const nextSlice = timeSlices()
    for (const shard of fs.names(layout.records)) {
      for (const name of namesOneByOne(`${layout.records}/${shard}`)) {
        const id = idFromName(name)
        const record = id && readIntactRecord(directory, id)
        if (isLive(record || undefined, now)) yield record as SessionRecord
        await nextSlice()
      }
    }
  }

  return {
    durability: 'kept',
    read: (id, options) => answer(() => read(id, options)),
    write: (record, expected, options) => answer(() => write(record, expected, options)),
    touch: (id, times, options) => answer(() => touch(id, times, options)),
    delete: (id, options) => answer(() => remove(id, options)),
    lockAndRead: (id, options) => answer(() => lockAndRead(id, options)),
    users,
    list,
    deleteExpired: (options) => deleteExpired(directory, locks, options),
    pathOf: (id) => pathOf(layout, id),
  }
}
