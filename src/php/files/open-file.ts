import fs from 'node:fs'
import { SessionError } from '../../core/errors.ts'
import type { OpenSession } from '../save-handler.ts'
import { fileError } from './file-error.ts'
import { deleteLocked, type LockedFile, type Place, readWhole } from './session-file.ts'

/** Most sessions are closed long before: then nothing has to be kept from expiring. */
const longHeldMs = 1_000

/** A session in a file that is locked by us until it is closed. */
export class OpenFile implements OpenSession {
  readonly bytes: Uint8Array
  readonly #place: Place
  readonly #file: number
  readonly #maxLifetimeMs: number
  readonly #leave: () => void
  #stored: Uint8Array
  #isOpen = true
  #keeping: NodeJS.Timeout

  /** An expired session is emptied, so that PHP, which looks at no file's age, finds nothing of it either. */
  constructor(place: Place, { file, stats }: LockedFile, maxLifetimeMs: number, leave: () => void) {
    const age = Date.now() - stats.mtimeMs
    if (age > maxLifetimeMs && stats.size > 0) fs.ftruncateSync(file, 0)
    this.bytes = age > maxLifetimeMs ? new Uint8Array() : readWhole(file, stats.size)
    this.#place = place
    this.#file = file
    this.#maxLifetimeMs = maxLifetimeMs
    this.#leave = leave
    this.#stored = this.bytes
    this.#keeping = setTimeout(() => this.#keep(), longHeldMs).unref()
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#do(() => {
      if (fs.fstatSync(this.#file).nlink === 0) throw gone()
      try {
        replace(this.#file, bytes)
      } catch (error) {
        // On a full disk PHP leaves half a value, which it deletes when it reads it.
        replace(this.#file, this.#stored)
        throw error
      }
      this.#stored = bytes
    })
  }

  touch(): Promise<void> {
    return this.#do(() => this.#touch())
  }

  async destroy(): Promise<void> {
    try {
      await this.#do(() => deleteLocked(this.#file, this.#place.path))
    } finally {
      await this.close()
    }
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearTimeout(this.#keeping)
    fs.closeSync(this.#file)
    this.#leave()
  }

  async #do(act: () => void): Promise<void> {
    if (!this.#isOpen) throw new SessionError('ERR_SESSION_SETTLED', 'the session file is closed')
    try {
      act()
    } catch (error) {
      throw fileError(this.#place.directory, error)
    }
  }

  #touch(): void {
    const now = new Date()
    try {
      fs.futimesSync(this.#file, now, now)
    } catch (error) {
      // Root's file, which we may only write to.
      if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
      replace(this.#file, this.#stored)
    }
  }

  /** PHP's garbage collection, and Debian's, delete files that are in use: they look at the time alone. */
  #keep(): void {
    try {
      if (Date.now() - fs.fstatSync(this.#file).mtimeMs > this.#maxLifetimeMs / 2) this.#touch()
    } catch {
      // The write that follows will say so.
    }
    this.#keeping = setTimeout(() => this.#keep(), Math.max(longHeldMs, this.#maxLifetimeMs / 4)).unref()
  }
}

/** In place, since others wait for this very file. Shrinking, it is truncated first, as PHP does: no reader ever finds an old value's end. */
function replace(file: number, bytes: Uint8Array): void {
  if (bytes.byteLength < fs.fstatSync(file).size) fs.ftruncateSync(file, 0)
  for (let written = 0; written < bytes.byteLength; ) {
    written += fs.writeSync(file, bytes, written, bytes.byteLength - written, written)
  }
}

function gone(): SessionError {
  return new SessionError('ERR_SESSION_GONE', 'the session was deleted while this request was changing it')
}
