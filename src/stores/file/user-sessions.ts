import { dirname } from 'node:path'
import type { RevokeOptions, SessionId, SessionRecord, StoreOptions, UserIndex } from '../../core/store.ts'
import { isSessionId } from '../shared/record-checks.ts'
import { namesOneByOne } from './expiry-index.ts'
import { succeeds } from './file-system.ts'
import { idFromName, parentsOf, recordPath, userPath } from './layout.ts'
import { isLive, type RecordDirectory, readIntactRecord, timeSlices } from './record-directory.ts'
import { inFreeSlot, inSlot } from './slot.ts'
import {
  addUserEntry,
  encodeUser,
  generationPath,
  nextGeneration,
  readUser,
  type User,
  userEntryPath,
} from './user-index.ts'

/** A user's sessions, listed and ended. */
export interface UserSessions extends UserIndex {
  list(userId: string, options: StoreOptions): AsyncIterable<SessionRecord>
  deleteByUser(userId: string, options: RevokeOptions): Promise<number>
  /** Deletes the sessions of all ending generations, and says how many were live. Any number may do it at the same time. */
  finish(userId: string, options: StoreOptions): Promise<number>
}

export function userSessions(directory: RecordDirectory): UserSessions {
  const { fs, layout, settle } = directory

  async function* list(userId: string, options: StoreOptions): AsyncGenerator<SessionRecord> {
    await finish(userId, options)
    const { sessions } = readUser(fs, layout, userId).user
    const nextSlice = timeSlices()
    for (const name of fs.names(generationPath(layout, userId, sessions))) {
      const id = idFromName(name)
      if (!id) continue
      const record = readIntactRecord(directory, id)
      if (isLive(record, options.now) && record.userId === userId) yield record
      else prune(userId, sessions, id, options.now)
      await nextSlice()
    }
  }

  /** The slot keeps it from taking away the entry of a sign-in that is under way. */
  function prune(userId: string, generation: string, id: SessionId, now: number): void {
    inFreeSlot(directory, recordPath(layout, id), (held) => {
      const record = readIntactRecord(directory, id)
      if (isLive(record, now) && record.userId === userId) return
      held.remove(userEntryPath(layout, userId, generation, id))
    })
  }

  async function deleteByUser(userId: string, options: RevokeOptions): Promise<number> {
    const { except, notBefore } = options
    if (!Number.isFinite(notBefore)) throw new TypeError(`notBefore must be a time in milliseconds, got ${notBefore}`)
    await change(userId, options, (user) => {
      // A new one at each try: what a refused try has put into its generation must not count.
      const next = nextGeneration(user, notBefore, directory.newToken())
      // Only from the present generation: of two devices that sign out all others at once, neither may keep itself.
      const isKept = except && isSessionId(except) && fs.exists(userEntryPath(layout, userId, user.sessions, except))
      if (isKept) addUserEntry(fs, userEntryPath(layout, userId, next.sessions, except))
      return next
    })
    await settle?.(...parentsOf(userPath(layout, userId)))
    return finish(userId, options)
  }

  async function finish(userId: string, options: StoreOptions): Promise<number> {
    const { ending } = readUser(fs, layout, userId).user
    if (ending.length === 0) return 0
    let ended = 0
    const changed = new Set<string>()
    for (const generation of ending) {
      const path = generationPath(layout, userId, generation)
      // A second time for an entry that came too late: that sign-in finds the new generation, and enters it instead.
      for (let pass = 0; pass < 2 && fs.exists(path); pass++) {
        for (const name of namesOneByOne(path)) {
          const id = idFromName(name)
          if (!id || !(await end(userId, id, `${path}/${name}`, options))) continue
          ended += 1
          changed.add(dirname(recordPath(layout, id)))
        }
        succeeds(() => fs.removeDirectory(path), 'ENOENT', 'ENOTEMPTY', 'EEXIST')
      }
    }
    await settle?.(...changed)
    await change(userId, options, (user) => ({ ...user, ending: user.ending.filter((name) => !ending.includes(name)) }))
    return ended
  }

  /** Deletes a session that is this user's, unless it has entered the present generation. Waits for a sign-in in its slot. */
  async function end(userId: string, id: SessionId, entry: string, options: StoreOptions): Promise<boolean> {
    const file = recordPath(layout, id)
    let ended = false
    await inSlot(directory, file, undefined, options, (held) => {
      const record = readIntactRecord(directory, id)
      const { user } = readUser(fs, layout, userId)
      if (record?.userId === userId && !fs.exists(userEntryPath(layout, userId, user.sessions, id))) {
        held.remove(file)
        ended ||= isLive(record, options.now)
      }
      held.remove(entry)
    })
    return ended
  }

  /** Compare-and-set on the user's file. */
  async function change(userId: string, options: StoreOptions, to: (user: User) => User): Promise<void> {
    const file = userPath(layout, userId)
    for (;;) {
      const base = readUser(fs, layout, userId)
      const isChanged = await inSlot(directory, file, encodeUser(to(base.user)), options, (held) => {
        const { content } = readUser(fs, layout, userId)
        if (!Buffer.from(content ?? '').equals(base.content ?? NOTHING)) return false
        held.commit()
        return true
      })
      if (isChanged) return
    }
  }

  return { list, deleteByUser, finish }
}

const NOTHING = new Uint8Array(0)
