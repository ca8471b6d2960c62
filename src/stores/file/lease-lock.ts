import fs from 'node:fs'
import type { Lock, LockOptions, MaybePromise } from '../../core/store.ts'
import { hasEnded, newToken } from '../shared/process-identity.ts'
import { errorCode, type FileSystem, succeeds } from './file-system.ts'
import { evictFrom, makeDirectories, prepare, type Slots } from './slot.ts'

/**
 * Exclusive use of a file among all processes of a machine, first come first served.
 *
 * The lock is a directory, `f.lock/`, that holds its owner's token, taken by the same rename as a slot. The token's modification
 * time is the end of the lease. Those who wait leave a ticket, `f.queue/<arrival>-<token>`; only the oldest one takes the
 * lock, and who comes later and finds a queue joins it. The lock and the ticket of a process that has ended count for nothing,
 * at once where that can be known, else when the lease is over, or the ticket was not renewed for `TICKET_LIFETIME`.
 */
export class LeaseLocks {
  readonly #slots: Slots
  /** Who waits in this process, the first to come first. Only the first looks at the disk. */
  readonly #waiting = new Map<string, Waiter[]>()

  constructor(slots: Slots) {
    this.#slots = slots
  }

  /** At once when no one holds the lock or waits for it. Rejects with the signal's reason when that aborts first. */
  acquire(file: string, options: LockOptions): MaybePromise<Lock> {
    if (!this.#waiting.has(file) && !this.#slots.fs.exists(queueOf(file))) {
      const lock = this.#tryTake(file, options.leaseMs)
      if (lock) return lock
    }
    return this.#wait(file, options)
  }

  /** Removes what the dead have left beside a file that is gone. */
  clear(file: string): void {
    const { fs } = this.#slots
    if (fs.exists(lockOf(file))) this.#freeFromTheDead(file)
    if (!fs.exists(queueOf(file))) return
    for (const ticket of fs.names(queueOf(file))) {
      if (hasEnded(tokenOf(ticket))) this.#removeTicket(file, ticket)
    }
    removeIfEmpty(fs, queueOf(file))
  }

  #tryTake(file: string, leaseMs: number): Lock | undefined {
    const { fs, preparation } = this.#slots
    const token = prepare(this.#slots, NOTHING)
    const path = `${lockOf(file)}/${token}`
    setLease(`${preparation}/${token}/${token}`, leaseMs)
    try {
      fs.rename(`${preparation}/${token}`, lockOf(file))
    } catch (error) {
      evictFrom(fs, `${preparation}/${token}`, token)
      // EPERM, EACCES: taken, on Windows.
      if (['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES'].includes(errorCode(error) ?? '')) return undefined
      throw error
    }
    return {
      renew: (leaseMs) => setLease(path, leaseMs),
      release: () => {
        evictFrom(fs, lockOf(file), token)
        this.#waiting.get(file)?.[0]?.wake()
      },
    }
  }

  async #wait(file: string, { signal, leaseMs }: LockOptions): Promise<Lock> {
    signal.throwIfAborted()
    const waiter = new Waiter()
    const waiting = this.#waiting.get(file) ?? []
    this.#waiting.set(file, waiting)
    waiting.push(waiter)
    const wake = () => waiter.wake()
    signal.addEventListener('abort', wake)
    try {
      this.#addTicket(file, waiter.ticket)
      const isUnmoved = stillness()
      for (let pause = 1; ; pause = Math.min(10, pause + 1)) {
        signal.throwIfAborted()
        if (waiting[0] === waiter) {
          this.#renewTickets(file, waiting)
          if (this.#isFirst(file, waiter.ticket, isUnmoved) && this.#freeFromTheDead(file)) {
            const lock = this.#tryTake(file, leaseMs)
            if (lock) return lock
          }
          await waiter.sleep(pause)
        } else {
          pause = 0
          await waiter.sleep()
        }
      }
    } finally {
      signal.removeEventListener('abort', wake)
      waiting.splice(waiting.indexOf(waiter), 1)
      if (waiting.length === 0) this.#waiting.delete(file)
      this.#removeTicket(file, waiter.ticket)
      removeIfEmpty(this.#slots.fs, queueOf(file))
      waiting[0]?.wake()
    }
  }

  /** True when the lock is free now: it was, or its holder has ended, or the lease is over. */
  #freeFromTheDead(file: string): boolean {
    const { fs } = this.#slots
    const holder = fs.names(lockOf(file))[0]
    if (holder === undefined) return true
    if (!hasEnded(holder) && !isPast(`${lockOf(file)}/${holder}`)) return false
    evictFrom(fs, lockOf(file), holder)
    return true
  }

  /** True when no one alive came earlier. */
  #isFirst(file: string, own: string, isUnmoved: (ticket: string, path: string) => boolean): boolean {
    for (const ticket of this.#slots.fs.names(queueOf(file)).sort()) {
      if (ticket === own) return true
      if (!hasEnded(tokenOf(ticket)) && !isUnmoved(ticket, `${queueOf(file)}/${ticket}`)) return false
      this.#removeTicket(file, ticket)
    }
    // Someone thought this waiter dead: the event loop was blocked for long. Its place is still the one it had.
    this.#addTicket(file, own)
    return false
  }

  #addTicket(file: string, ticket: string): void {
    const { fs } = this.#slots
    while (!succeeds(() => fs.create(`${queueOf(file)}/${ticket}`, NOTHING), 'ENOENT'))
      makeDirectories(fs, queueOf(file))
  }

  #removeTicket(file: string, ticket: string): void {
    succeeds(() => this.#slots.fs.removeFile(`${queueOf(file)}/${ticket}`), 'ENOENT')
  }

  #renewTickets(file: string, waiting: readonly Waiter[]): void {
    const now = performance.now()
    for (const waiter of waiting) {
      if (now - waiter.renewedAt < TICKET_LIFETIME / 4) continue
      waiter.renewedAt = now
      setLease(`${queueOf(file)}/${waiter.ticket}`, 0)
    }
  }
}

/** Milliseconds without a sign of life, after which a waiter that can't be proved dead loses its place. */
const TICKET_LIFETIME = 2000

const NOTHING = new Uint8Array(0)

let lastArrival = 0

class Waiter {
  readonly ticket: string
  renewedAt: number = performance.now()
  #wake: (() => void) | undefined
  #isAwake = false

  constructor() {
    // Microseconds since 1970, each one later than the one before in this process.
    lastArrival = Math.max(lastArrival + 1, Math.floor((performance.timeOrigin + performance.now()) * 1000))
    this.ticket = `${String(lastArrival).padStart(17, '0')}-${newToken()}`
  }

  wake(): void {
    this.#isAwake = true
    this.#wake?.()
  }

  /** Until it is woken, or for `duration` milliseconds. */
  async sleep(duration?: number): Promise<void> {
    if (!this.#isAwake) {
      await new Promise<void>((resolve) => {
        const timer = duration === undefined ? undefined : setTimeout(resolve, duration)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#wake = undefined
    this.#isAwake = false
  }
}

function lockOf(file: string): string {
  return `${file}.lock`
}

function queueOf(file: string): string {
  return `${file}.queue`
}

function tokenOf(ticket: string): string {
  return ticket.slice(ticket.indexOf('-') + 1)
}

function removeIfEmpty(files: FileSystem, directory: string): void {
  succeeds(() => files.removeDirectory(directory), 'ENOENT', 'ENOTEMPTY', 'EEXIST')
}

/** False when the file is gone. */
function setLease(path: string, leaseMs: number): boolean {
  const end = (Date.now() + leaseMs) / 1000
  return succeeds(() => fs.utimesSync(path, end, end), 'ENOENT', 'ENOTDIR')
}

function isPast(path: string): boolean {
  const stats = fs.lstatSync(path, { throwIfNoEntry: false })
  return stats !== undefined && stats.mtimeMs <= Date.now()
}

/** Tells a ticket that was not renewed for its lifetime, by this process's clock alone: machines may disagree on the time. */
function stillness(): (ticket: string, path: string) => boolean {
  let seen = ''
  let since = 0
  return (ticket, path) => {
    const state = `${ticket} ${fs.lstatSync(path, { throwIfNoEntry: false })?.mtimeMs}`
    if (state !== seen) {
      seen = state
      since = performance.now()
    }
    return performance.now() - since > TICKET_LIFETIME
  }
}
