import { CorruptRecordError } from '../../core/errors.ts'
import type { SessionId, SessionRecord } from '../../core/store.ts'
import type { Token } from '../shared/process-identity.ts'
import { errorCode, type FileSystem, succeeds } from './file-system.ts'
import { type Layout, userPath } from './layout.ts'
import { type Held, makeDirectories } from './slot.ts'

/**
 * What is known of a user. A user who never chose "sign out everywhere" has no file.
 *
 * Sessions lie in a *generation*, a directory of empty files named after them. "Sign out everywhere" begins a new one that holds
 * the session to keep, and declares the generation before as ending; with `notBefore` that is one compare-and-set
 * of this file. So all is marked in one step, and whoever comes next can finish what a crash left.
 */
export interface User {
  readonly userId: string
  /** Sign-ins whose request arrived earlier are refused. */
  readonly notBefore: number
  /** The name of the generation that sign-ins enter. */
  readonly sessions: string
  /** Generations whose sessions are to be deleted. */
  readonly ending: readonly string[]
}

export interface UserFile {
  readonly user: User
  /** As stored; undefined when there is no file. */
  readonly content: Uint8Array | undefined
}

/** Throws `CorruptRecordError` rather than taking what it can't read for "never signed out". */
export function readUser(fs: FileSystem, layout: Layout, userId: string): UserFile {
  const path = userPath(layout, userId)
  const content = fs.read(path, MAX_BYTES)
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (!content) return { user: { userId, notBefore: -Infinity, sessions: `${name}.sessions`, ending: [] }, content }
  const { coatcheck, notBefore, sessions, ending, userId: stored } = parse(content, path)
  const isGeneration = (value: unknown): value is string =>
    typeof value === 'string' && value.startsWith(`${name}.sessions`) && !value.includes('/')
  if (
    coatcheck !== 1 ||
    stored !== userId ||
    typeof notBefore !== 'number' ||
    !isGeneration(sessions) ||
    !Array.isArray(ending) ||
    !ending.every(isGeneration)
  ) {
    throw new CorruptRecordError(`the file of a user is damaged; remove it to let the user sign in again: ${path}`)
  }
  return { user: { userId, notBefore, sessions, ending }, content }
}

export function encodeUser(user: User): Uint8Array {
  return Buffer.from(`${JSON.stringify({ coatcheck: 1, ...user })}\n`)
}

/** The user after "sign out everywhere". */
export function nextGeneration(user: User, notBefore: number, token: Token): User {
  return {
    userId: user.userId,
    notBefore: Math.max(user.notBefore, notBefore),
    sessions: `${user.sessions.split('-')[0]}-${token}`,
    ending: [...user.ending, user.sessions],
  }
}

export function generationPath(layout: Layout, userId: string, generation: string): string {
  const path = userPath(layout, userId)
  return `${path.slice(0, path.lastIndexOf('/'))}/${generation}`
}

export function userEntryPath(layout: Layout, userId: string, generation: string, id: SessionId): string {
  return `${generationPath(layout, userId, generation)}/sess_${id}`
}

export function addUserEntry(fs: FileSystem, path: string): void {
  for (;;) {
    try {
      succeeds(() => fs.create(path, NOTHING), 'EEXIST')
      return
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
      makeDirectories(fs, path.slice(0, path.lastIndexOf('/')))
    }
  }
}

/**
 * Enters a session in its user's list; undefined when the sign-in is revoked. For the one who holds the session's slot, before
 * its commit: whoever ends the user's sessions visits each through its slot, after this commit or in place of it.
 */
export function enterUser(fs: FileSystem, layout: Layout, record: SessionRecord): User | undefined {
  const userId = record.userId ?? ''
  let { user } = readUser(fs, layout, userId)
  for (;;) {
    // Without a time it can't be told to have arrived later.
    if (user.notBefore > (record.openedAt ?? -Infinity)) return undefined
    addUserEntry(fs, userEntryPath(layout, userId, user.sessions, record.id))
    // A generation that ended before the entry was there may have been listed without it.
    const again = readUser(fs, layout, userId).user
    if (again.sessions === user.sessions) return user
    user = again
  }
}

/** Takes a session that is gone off its user's list. For the one who holds the session's slot. */
export function leaveUser(fs: FileSystem, layout: Layout, held: Held, userId: string, id: SessionId): void {
  try {
    held.remove(userEntryPath(layout, userId, readUser(fs, layout, userId).user.sessions, id))
  } catch (error) {
    // The entry stays, and speaks of a session that does not exist.
    if (!(error instanceof CorruptRecordError)) throw error
  }
}

/** A user without sessions costs nothing. */
export function removeEmptyGeneration(fs: FileSystem, layout: Layout, userId: string): void {
  try {
    const { user } = readUser(fs, layout, userId)
    const path = generationPath(layout, userId, user.sessions)
    succeeds(() => fs.removeDirectory(path), 'ENOENT', 'ENOTEMPTY', 'EEXIST')
  } catch (error) {
    if (!(error instanceof CorruptRecordError)) throw error
  }
}

const NOTHING = new Uint8Array(0)
const MAX_BYTES = 1 << 20

function parse(content: Uint8Array, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(content).toString())
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch (error) {
    throw new CorruptRecordError(`the file of a user is damaged: ${path}`, { cause: error })
  }
  throw new CorruptRecordError(`the file of a user is damaged: ${path}`)
}
