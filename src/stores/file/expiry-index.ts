import fs from 'node:fs'
import type { SessionId } from '../../core/store.ts'
import { isSessionId } from '../shared/record-checks.ts'
import { type FileSystem, succeeds } from './file-system.ts'
import type { Layout } from './layout.ts'
import { makeDirectories } from './slot.ts'

/** Says that a session may have expired at a moment: an empty file, `expiry/<day>/<minute>/<expiresAt>-<id>`. */
export interface ExpiryEntry {
  readonly id: SessionId
  readonly path: string
}

/** ISO 8601 dates sort as text up to the year 9999, and sessions end before. */
const LATEST = Date.parse('9999-12-31T23:59:00Z')

/** Where the entry of a session that expires then lies. Session ids are random: entries of a minute do not collide. */
export function expiryEntryPath(layout: Layout, id: SessionId, expiresAt: number): string {
  const time = clamp(expiresAt)
  return `${layout.expiry}/${dayOf(time)}/${minuteOf(time)}/${time}-${id}`
}

/** Adds an entry. One that is there already stays. */
export function addExpiryEntry(files: FileSystem, path: string): void {
  for (;;) {
    try {
      succeeds(() => files.create(path, NOTHING), 'EEXIST')
      return
    } catch (error) {
      // The clean-up removes a minute's directory when it is empty, maybe between these two calls.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      makeDirectories(files, path.slice(0, path.lastIndexOf('/')))
    }
  }
}

/**
 * The entries that are due, the oldest day first; undefined for each of the present minute that is not. Opens no directory of a
 * later minute; removes those of past minutes once they are empty.
 */
export function* dueEntries(layout: Layout, now: number): Generator<ExpiryEntry | undefined> {
  const time = clamp(now)
  const today = dayOf(time)
  const thisMinute = minuteOf(time)
  for (const day of names(layout.expiry)) {
    if (day > today) break
    for (const minute of names(`${layout.expiry}/${day}`)) {
      if (day === today && minute > thisMinute) break
      const directory = `${layout.expiry}/${day}/${minute}`
      for (const name of namesOneByOne(directory)) {
        const [expiresAt, id] = name.split('-')
        const isDue = id !== undefined && isSessionId(id) && Number(expiresAt) <= now
        yield isDue ? { id, path: `${directory}/${name}` } : undefined
      }
      if (day !== today || minute !== thisMinute) removeIfEmpty(directory)
    }
    if (day !== today) removeIfEmpty(`${layout.expiry}/${day}`)
  }
}

const NOTHING = new Uint8Array(0)

function clamp(time: number): number {
  return Math.min(Math.max(Math.ceil(time), 0), LATEST)
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

function minuteOf(time: number): string {
  return new Date(time).toISOString().slice(11, 16).replace(':', '-')
}

function names(directory: string): string[] {
  const found: string[] = []
  for (const name of namesOneByOne(directory)) found.push(name)
  return found.sort()
}

/** A minute of a busy site has more entries than one call should list. */
export function* namesOneByOne(directory: string): Generator<string> {
  let open: fs.Dir
  try {
    open = fs.opendirSync(directory, { bufferSize: 128 })
  } catch (error) {
    // A stray file, such as a .DS_Store, must not stop the clean-up.
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return
    throw error
  }
  try {
    for (let entry = open.readSync(); entry; entry = open.readSync()) yield entry.name
  } finally {
    open.closeSync()
  }
}

function removeIfEmpty(directory: string): void {
  succeeds(() => fs.rmdirSync(directory), 'ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR')
}
