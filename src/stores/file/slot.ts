import { dirname } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { MaybePromise } from '../../core/store.ts'
import { hasEnded, type Token } from '../shared/process-identity.ts'
import { errorCode, type FileSystem, succeeds } from './file-system.ts'

/**
 * Compare-and-set on a file, out of rename(2) alone.
 *
 * Beside a file `f` there may be a directory, its *slot*, `f.next/`. Whoever wants to change `f` prepares a directory elsewhere
 * that holds one thing named by a fresh token, and renames that directory to the slot. rename(2) replaces a directory only
 * if it is absent or empty, so **one token at most is in the slot**, and nothing is ever added to a slot. Each step that then
 * changes anything is a rename through a path that contains the token, `f.next/<token>…`:
 *
 * - *commit*: `f.next/<token>` (a file with the new content) → `f`
 * - *remove*: `f`, or a file that belongs to it → `f.next/<token>/<name>` (here the token is a directory)
 *
 * It happens if, and only if, the token is in the slot at that moment, and so nothing else was committed since it got there.
 * Anyone may *evict* a token that seems abandoned, by that very name. If its owner lives after all, its next step fails with
 * ENOENT and it starts again: safety never rests on knowing who is alive. Tokens are used once, so there is no ABA.
 */
export interface Slots {
  readonly fs: FileSystem
  /** A directory on the same file system, where changes are prepared. */
  readonly preparation: string
  /** Never the same name twice, on any machine. */
  readonly newToken: () => Token
  /** Brings what was prepared to the disk before it can become part of a record. Absent: no need to survive a power loss. */
  readonly settle?: ((...paths: string[]) => Promise<void>) | undefined
}

/** What a change may do while its token is in the slot. Each throws `Evicted` when the token no longer is. */
export interface Held {
  /** The prepared content becomes the file, in one step. The slot is free after it. */
  commit(): void
  /** Removes a file: the slot's own, or one that only changes under this slot. Nothing there: nothing happens. */
  remove(file: string): void
}

/** The token was taken out of the slot by someone who thought its owner dead. Nothing was changed by the step that throws it. */
export class Evicted extends Error {}

/** Its signal is asked for only by those who wait: most never do, and it may be made on demand. */
export interface Interruptible {
  readonly signal?: AbortSignal | undefined
}

/** `undefined` prepares for removals. */
type Content = Uint8Array | undefined

const TAKEN: unique symbol = Symbol('taken')
const EVICTED: unique symbol = Symbol('evicted')

/** Where the changes of `file` take turns. */
export function slotOf(file: string): string {
  return `${file}.next`
}

/**
 * Runs `section` with a token in the slot of `file`; at once when the slot is free, which it nearly always is. The section is
 * synchronous, so it takes microseconds. It runs again when its token was evicted.
 */
export function inSlot<T>(
  slots: Slots,
  file: string,
  content: Content,
  options: Interruptible,
  section: (held: Held) => T,
): MaybePromise<T> {
  if (slots.settle && content) return waitForSlot(slots, file, content, options.signal, section, undefined)
  const token = prepare(slots, content)
  const result = attempt(slots, file, token, section)
  if (result !== TAKEN && result !== EVICTED) return result
  return waitForSlot(slots, file, content, options.signal, section, result === TAKEN ? token : undefined)
}

/** As `inSlot`, but undefined when someone alive is in the slot, without waiting. */
export function inFreeSlot<T>(slots: Slots, file: string, section: (held: Held) => T): T | undefined {
  const occupant = slots.fs.names(slotOf(file))[0]
  if (occupant !== undefined) {
    if (!hasEnded(occupant)) return undefined
    evict(slots.fs, file, occupant)
  }
  const token = prepare(slots, undefined)
  const result = attempt(slots, file, token, section)
  if (result === TAKEN) discard(slots, token)
  return result === TAKEN || result === EVICTED ? undefined : result
}

/** Puts a directory with one token in it where others find it. */
export function prepare(slots: Slots, content: Content): Token {
  const { fs, preparation } = slots
  const token = slots.newToken()
  const directory = `${preparation}/${token}`
  if (!succeeds(() => fs.makeDirectory(directory), 'ENOENT')) {
    makeDirectories(fs, preparation)
    fs.makeDirectory(directory)
  }
  try {
    if (content) fs.create(`${directory}/${token}`, content)
    else fs.makeDirectory(`${directory}/${token}`)
  } catch (error) {
    discard(slots, token)
    throw error
  }
  return token
}

/** Undoes `prepare`. */
export function discard({ fs, preparation }: Slots, token: string): void {
  evictFrom(fs, `${preparation}/${token}`, token)
}

/** One try. The section is not run when the slot is taken; the preparation is then still there. */
export function attempt<T>(
  { fs, preparation }: Slots,
  file: string,
  token: Token,
  section: (held: Held) => T,
): T | typeof TAKEN | typeof EVICTED {
  const slot = slotOf(file)
  const entered = enter(fs, `${preparation}/${token}`, slot)
  if (entered !== true) return entered
  let committed = false
  let removed = 0
  try {
    return section({
      commit() {
        if (!succeeds(() => fs.rename(`${slot}/${token}`, file), 'ENOENT', 'ENOTDIR')) throw new Evicted()
        committed = true
      },
      remove(target) {
        if (succeeds(() => fs.rename(target, `${slot}/${token}/${removed}`), 'ENOENT', 'ENOTDIR')) removed += 1
        // Either there was nothing to remove, or the token is gone. A token that is in the slot now has been there all along.
        else if (!fs.exists(`${slot}/${token}`)) throw new Evicted()
      },
    })
  } catch (error) {
    if (error instanceof Evicted) return EVICTED
    throw error
  } finally {
    if (committed) succeeds(() => fs.removeDirectory(slot), 'ENOENT', 'ENOTEMPTY', 'EEXIST')
    else evictFrom(fs, slot, token)
  }
}

function enter(fs: FileSystem, prepared: string, slot: string): true | typeof TAKEN | typeof EVICTED {
  for (let tries = 0; ; tries++) {
    try {
      fs.rename(prepared, slot)
      return true
    } catch (error) {
      const code = errorCode(error)
      if (code === 'ENOTEMPTY' || code === 'EEXIST') return TAKEN
      // Windows renames no directory over another, empty or not, and refuses for a moment what a virus scanner holds open.
      if (process.platform === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(code ?? '')) {
        if (tries > 0 || !succeeds(() => fs.removeDirectory(slot), 'ENOENT', 'ENOTEMPTY', 'EPERM', 'EBUSY'))
          return TAKEN
      } else if (code !== 'ENOENT') throw error
      else if (tries > 0) return EVICTED
      else makeDirectories(fs, dirname(slot))
    }
  }
}

/** Takes this token, and no other, out of the slot of `file`. */
export function evict(fs: FileSystem, file: string, token: string): void {
  evictFrom(fs, slotOf(file), token)
}

/** Takes a token out of a directory that `prepare` made, then removes the directory if that leaves it empty. */
export function evictFrom(fs: FileSystem, directory: string, token: string): void {
  removeTree(fs, `${directory}/${token}`)
  succeeds(() => fs.removeDirectory(directory), 'ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')
}

function removeTree(fs: FileSystem, path: string): void {
  try {
    fs.removeFile(path)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return
    // A directory: EISDIR on Linux, EPERM on macOS and Windows.
    if (code !== 'EISDIR' && code !== 'EPERM') throw error
    // The owner of an evicted token may go on moving files into it until it is gone.
    while (fs.exists(path) && !removeDirectory(fs, path));
  }
}

function removeDirectory(fs: FileSystem, path: string): boolean {
  for (const name of fs.names(path)) removeTree(fs, `${path}/${name}`)
  try {
    fs.removeDirectory(path)
    return true
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false
    if (code === 'ENOENT') return true
    throw error
  }
}

/** A token that stays this long, in milliseconds, in a slot that is meant for microseconds is taken for abandoned. */
const ABANDONED_AFTER = 2000

/** Tells a token whose process has ended, at once, and one that does not move, after `ABANDONED_AFTER` by this process's own clock. */
export function watcher(): (token: string) => boolean {
  let seen: string | undefined
  let since = 0
  return (token) => {
    if (token !== seen) {
      seen = token
      since = performance.now()
      return hasEnded(token)
    }
    return performance.now() - since > ABANDONED_AFTER || hasEnded(token)
  }
}

async function waitForSlot<T>(
  slots: Slots,
  file: string,
  content: Content,
  signal: AbortSignal | undefined,
  section: (held: Held) => T,
  prepared: Token | undefined,
): Promise<T> {
  const isAbandoned = watcher()
  let token = prepared
  for (let tries = 0; ; tries++) {
    if (signal?.aborted) {
      if (token) discard(slots, token)
      throw signal.reason
    }
    const occupant = slots.fs.names(slotOf(file))[0]
    if (occupant !== undefined && isAbandoned(occupant)) evict(slots.fs, file, occupant)
    if (!token) {
      token = prepare(slots, content)
      if (content) await slots.settle?.(`${slots.preparation}/${token}/${token}`)
    }
    const result = attempt(slots, file, token, section)
    if (result === EVICTED) token = undefined
    else if (result !== TAKEN) return result
    // The section of another process takes some 100 µs: first look again at once, then less and less often.
    await (tries < 20 ? nextTurn() : sleep(Math.min(10, tries - 19) * (0.5 + Math.random())))
  }
}

/** As `mkdir -p`, 0700. */
export function makeDirectories(fs: FileSystem, path: string): void {
  if (succeeds(() => fs.makeDirectory(path), 'ENOENT', 'EEXIST') || fs.exists(path)) return
  makeDirectories(fs, dirname(path))
  succeeds(() => fs.makeDirectory(path), 'EEXIST')
}
