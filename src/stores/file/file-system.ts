import fs from 'node:fs'
import { CorruptRecordError } from '../../core/errors.ts'

/**
 * The few synchronous calls that the store is made of. Each is one step that other processes see whole or not at all;
 * each throws what `node:fs` throws. It is an interface so that every interleaving of the steps can be tried.
 */
export interface FileSystem {
  /** The bytes of a regular file of at most `maxBytes`; undefined when nothing is there. Follows no symbolic link. */
  read(path: string, maxBytes: number): Uint8Array | undefined
  /** A new file, 0600. Throws EEXIST when something is there already. */
  create(path: string, content: Uint8Array): void
  /** A new directory, 0700. Throws EEXIST when something is there already. */
  makeDirectory(path: string): void
  /** Replaces a file by a file, or an absent or *empty* directory by a directory, in one step. */
  rename(from: string, to: string): void
  removeFile(path: string): void
  removeDirectory(path: string): void
  /** What a directory holds, in no particular order; nothing when it is absent. */
  names(path: string): string[]
  exists(path: string): boolean
}

/** The name of a failed system call's error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Does `step`; false when it failed with one of these codes. Other errors pass. */
export function succeeds(step: () => void, ...otherwise: readonly string[]): boolean {
  try {
    step()
    return true
  } catch (error) {
    if (otherwise.includes(errorCode(error) ?? '')) return false
    throw error
  }
}

// Absent on Windows, where links need a privilege to be made. Without O_NONBLOCK, opening a pipe would wait for its other end.
const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants
const READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK

const scratch = new Uint8Array(64 * 1024)

function read(path: string, maxBytes: number): Uint8Array | undefined {
  let file: number
  try {
    file = fs.openSync(path, READ)
  } catch (error) {
    const code = errorCode(error)
    if (code === 'ENOENT') return undefined
    // ELOOP (EMLINK on FreeBSD, EFTYPE on NetBSD): a symbolic link. ENXIO: a socket. EISDIR: a directory, on Windows.
    if (['ELOOP', 'EMLINK', 'EFTYPE', 'ENXIO', 'EISDIR'].includes(code ?? '')) {
      throw new CorruptRecordError(`not a regular file (${code})`, { cause: error })
    }
    throw error
  }
  try {
    // Most records are small: one call fewer than asking for the size first, which is a quarter of the whole.
    const length = fs.readSync(file, scratch, 0, Math.min(scratch.byteLength, maxBytes + 1), 0)
    if (length > 0 && length < scratch.byteLength && length <= maxBytes) return scratch.slice(0, length)
    const stats = fs.fstatSync(file)
    if (!stats.isFile()) throw new CorruptRecordError('not a regular file')
    if (stats.size > maxBytes) throw new CorruptRecordError(`larger than ${maxBytes} bytes: ${stats.size}`)
    const content = new Uint8Array(stats.size)
    return content.subarray(0, fs.readSync(file, content, 0, stats.size, 0))
  } catch (error) {
    // A directory; a pipe, which can't be read at a position.
    if (!['EISDIR', 'ESPIPE', 'EAGAIN'].includes(errorCode(error) ?? '')) throw error
    throw new CorruptRecordError(`not a regular file (${errorCode(error)})`, { cause: error })
  } finally {
    fs.closeSync(file)
  }
}

function create(path: string, content: Uint8Array): void {
  const file = fs.openSync(path, 'wx', 0o600)
  try {
    for (let written = 0; written < content.byteLength; ) written += fs.writeSync(file, content, written)
  } finally {
    fs.closeSync(file)
  }
}

function names(path: string): string[] {
  try {
    return fs.readdirSync(path)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw error
  }
}

/** The machine's own files. */
export const nodeFileSystem: FileSystem = {
  read,
  create,
  names,
  makeDirectory: (path) => fs.mkdirSync(path, 0o700),
  rename: fs.renameSync,
  removeFile: fs.unlinkSync,
  removeDirectory: (path) => fs.rmdirSync(path),
  exists: (path) => fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined,
}
