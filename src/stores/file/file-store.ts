import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
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
import { deleteExpired } from './clean-up.ts'
import { addExpiryEntry, expiryEntryPath, namesOneByOne } from './expiry-index.ts'
import { errorCode, nodeFileSystem } from './file-system.ts'
import { idFromName, isSessionId, layoutOf, parentsOf, recordPath } from './layout.ts'
import { LeaseLocks } from './lease-lock.ts'
import { andThen, answer } from './maybe-promise.ts'
import { newToken } from './process-identity.ts'
import { isLive, type RecordDirectory, readIntactRecord, readRecord, timeSlices } from './record-directory.ts'
import { encodeRecord } from './record-file.ts'
import { makeSafeDirectories } from './safe-directory.ts'
import { inSlot } from './slot.ts'
import { enterUser, leaveUser, removeEmptyGeneration, type User, userEntryPath } from './user-index.ts'
import { userSessions } from './user-sessions.ts'

export interface FileStoreOptions {
  /**
   * True: what was acknowledged survives a power loss, for one or two waits for the disk per write. False, the default: it
   * survives the death of any process, kill -9 included, but a power loss or a crash of the system may take back the last
   * seconds, and so bring back sessions that were ended in them.
   */
  readonly fsync?: boolean
  /** Larger files are not read, and larger records refused. Default 16 MiB. */
  readonly maxFileBytes?: number
}

export interface FileStore extends Store {
  readonly durability: 'kept'
  readonly users: UserIndex
  lockAndRead: NonNullable<Store['lockAndRead']>
  list: NonNullable<Store['list']>
  deleteExpired: NonNullable<Store['deleteExpired']>
  /** The absolute path of a session's file, whether or not there is one. Throws for what is not a session id. */
  pathOf(id: SessionId): string
}

/**
 * Sessions in a directory: one readable file each, which several processes of a machine may share.
 *
 * The directory is made, 0700, if it isn't there. Throws when others could write to it, and when this process can't. Only for
 * file systems of this machine: over NFS a process may be shown an old record for seconds.
 *
 * @example
 * const sessions = new Sessions({ store: fileStore('./sessions') })
 */
export function fileStore(directory: string, options: FileStoreOptions = {}): FileStore {
  const { fsync = false, maxFileBytes = 16 * 1024 * 1024 } = options
  if (!(maxFileBytes > 0)) throw new TypeError(`maxFileBytes must be positive, got ${maxFileBytes}`)
  const layout = layoutOf(resolve(directory))
  makeSafeDirectories(layout)
  const settle = fsync ? bringToDisk : undefined
  return storeIn({ fs: nodeFileSystem, layout, preparation: layout.preparation, newToken, maxFileBytes, settle })
}

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
    const written = inSlot(directory, recordPath(layout, id), content, options.signal, (held): Written => {
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
    const isDone = inSlot(directory, recordPath(layout, id), content, options.signal, (held) => {
      const current = readIntactRecord(directory, id)
      const { version, expiresAt, lastSeenAt } = base
      if (current?.version !== version || current.expiresAt !== expiresAt || current.lastSeenAt !== lastSeenAt)
        return false
      held.commit()
      return true
    })
    return andThen(isDone, (done) => (done ? undefined : touch(id, times, options)))
  }

  function remove(id: SessionId, { signal }: StoreOptions): MaybePromise<void> {
    const file = isSessionId(id) ? recordPath(layout, id) : undefined
    if (!file || !fs.exists(file)) return
    let userId: string | undefined
    const removed = inSlot(directory, file, undefined, signal, (held) => {
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
    pathOf(id) {
      if (!isSessionId(id)) throw new TypeError('a session id has 64 lower-case hexadecimal digits')
      return recordPath(layout, id)
    },
  }
}

async function bringToDisk(...paths: string[]): Promise<void> {
  for (const path of new Set(paths)) {
    try {
      const file = await open(path, 'r')
      await file.sync().finally(() => file.close())
    } catch (error) {
      // A directory that someone else has emptied and removed since: what was to be kept in it is gone on purpose.
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }
}
