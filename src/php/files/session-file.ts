import fs from 'node:fs'
import type { Patience } from '../patience.ts'
import { foreignOwner, unavailable } from './file-error.ts'
import type { Flock } from './flock.ts'

const { O_CREAT, O_NOFOLLOW, O_RDWR } = fs.constants

/** An open session file, locked by whoever has it. */
export interface LockedFile {
  readonly file: number
  readonly stats: fs.Stats
}

export interface Place {
  /** Named in errors, in which the path must not be. */
  readonly directory: string
  readonly path: string
  readonly mode: number
}

/**
 * Opens and locks the file that lies at the path when the lock is granted. PHP deletes files that others wait for, or use: a
 * lock on one that has gone is worth nothing, and another that has come since is the session.
 */
export async function openLocked(place: Place, flock: Flock, patience: Patience): Promise<LockedFile> {
  for (;;) {
    const file = openOrCreate(place)
    try {
      check(place.directory, fs.fstatSync(file))
      if (!flock.tryNow(file)) await flock.wait(file, patience)
      const stats = fs.fstatSync(file)
      if (isStillAt(place.path, stats)) return { file, stats }
      patience.check()
    } catch (error) {
      fs.closeSync(file)
      throw error
    }
    fs.closeSync(file)
  }
}

/** Opens and locks a file that nobody has locked. Undefined when somebody has, or it isn't there. */
export async function openUnlocked(place: Place, flock: Flock): Promise<LockedFile | undefined> {
  const file = openExisting(place)
  if (file === undefined) return undefined
  try {
    check(place.directory, fs.fstatSync(file))
    if (await flock.tryLock(file)) {
      const stats = fs.fstatSync(file)
      if (isStillAt(place.path, stats)) return { file, stats }
    }
  } catch (error) {
    fs.closeSync(file)
    throw error
  }
  fs.closeSync(file)
  return undefined
}

/** First without O_CREAT: where `fs.protected_regular` is set, even root is refused with it for another user's file. */
function openOrCreate(place: Place): number {
  return openExisting(place) ?? fs.openSync(place.path, O_RDWR | O_CREAT | O_NOFOLLOW, place.mode)
}

function openExisting({ path }: Place): number | undefined {
  try {
    return fs.openSync(path, O_RDWR | O_NOFOLLOW)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function check(directory: string, stats: fs.Stats): void {
  if (!stats.isFile()) throw unavailable(directory, 'it is no file')
  const user = process.geteuid?.()
  if (user !== 0 && stats.uid !== 0 && stats.uid !== user) throw foreignOwner(directory, stats.uid)
}

function isStillAt(path: string, { dev, ino, nlink }: fs.Stats): boolean {
  if (nlink === 0) return false
  const there = fs.lstatSync(path, { throwIfNoEntry: false })
  return there?.ino === ino && there.dev === dev
}

export function readWhole(file: number, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let length = 0
  while (length < size) {
    const count = fs.readSync(file, bytes, length, size - length, length)
    if (count === 0) break
    length += count
  }
  return bytes.subarray(0, length)
}

/** Truncated first: a PHP that waits reads the whole of an old value or of a new one, and after a crash nothing rather than half of each. */
export function deleteLocked(file: number, path: string): void {
  fs.ftruncateSync(file, 0)
  fs.rmSync(path, { force: true })
}
