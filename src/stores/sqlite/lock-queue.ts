import type { Lock, LockOptions, SessionId, SessionRecord } from '../../core/store.ts'
import { newToken } from '../shared/process-identity.ts'
import type { Connection, Patience } from './connection.ts'
import { type Place, WAITING_LEASE } from './lock-table.ts'

/** Milliseconds between two looks of one who waits: another process tells nobody that it has left. */
const SHORTEST_PAUSE = 2
const LONGEST_PAUSE = 25

/**
 * Exclusive use of a session among the processes of a machine, first come first served. Who waits is woken by those
 * who leave in this process, and looks every few milliseconds for those who leave in others, by a read that takes
 * some microseconds.
 */
export class LockQueue {
  readonly #connection: Connection
  /** Who sleeps, and the number of its place. */
  readonly #sleeping = new Map<SessionId, Map<() => void, number>>()
  readonly #places = new WeakMap<Lock, Place>()

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async lockAndRead(id: SessionId, options: LockOptions): Promise<{ lock: Lock; record: SessionRecord } | undefined> {
    const { now, leaseMs } = options
    const owner = newToken()
    const patience: Patience = () => options.signal.throwIfAborted()
    let place: Place | undefined
    try {
      for (;;) {
        const mine = place
        const taken = await this.#connection.write(
          ({ sessions, locks }) => {
            const record = sessions.find(id, now)
            if (record) return { record, ...locks.take(id, owner, mine, leaseMs) }
            if (mine) locks.remove(mine)
            return undefined
          },
          patience,
          'relaxed',
        )
        if (!taken) return undefined
        if (taken.isHeld) return { lock: this.#lock(taken.place, leaseMs), record: taken.record }
        place = taken.place
        await this.#untilMoved(place, options)
      }
    } catch (error) {
      if (place) void this.#leave(place, WAITING_LEASE).catch(() => {})
      throw error
    }
  }

  /** The place of a lock that was granted here, and not released since. */
  placeOf(lock: Lock | undefined): Place | undefined {
    return lock && this.#places.get(lock)
  }

  /** A write has released the lock. */
  wasReleased(lock: Lock): void {
    const place = this.#places.get(lock)
    this.#places.delete(lock)
    if (place) this.#wake(place.id)
  }

  async #leave(place: Place, leaseMs: number): Promise<void> {
    await this.#connection.write(({ locks }) => locks.remove(place), lasting(leaseMs), 'relaxed')
    this.#wake(place.id)
  }

  /** Of those in this process who wait for this session, the one with the first place looks again. */
  #wake(id: SessionId): void {
    let first: [wake: () => void, number: number] | undefined
    for (const one of this.#sleeping.get(id) ?? []) if (!first || one[1] < first[1]) first = one
    first?.[0]()
  }

  #lock(place: Place, leaseMs: number): Lock {
    let lease = leaseMs
    const lock: Lock = {
      renew: (renewedMs) => {
        lease = renewedMs
        return this.#connection.write(({ locks }) => locks.extend(place, renewedMs), lasting(renewedMs), 'relaxed')
      },
      release: async () => {
        if (this.#places.delete(lock)) await this.#leave(place, lease)
      },
    }
    this.#places.set(lock, place)
    return lock
  }

  /** Until it may be this one's turn, or its place must be renewed. */
  async #untilMoved(place: Place, { signal }: LockOptions): Promise<void> {
    const patience: Patience = () => signal.throwIfAborted()
    const end = performance.now() + WAITING_LEASE / 4
    for (let pause = SHORTEST_PAUSE; performance.now() < end; pause = Math.min(LONGEST_PAUSE, pause * 1.5)) {
      await this.#sleep(place, pause, signal)
      patience()
      if (this.#connection.isClosed) return
      const asksForTheDead = pause === LONGEST_PAUSE
      if (await this.#connection.read(({ locks }) => locks.hasMoved(place, asksForTheDead), patience)) return
    }
  }

  #sleep({ id, number }: Place, pause: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const sleeping = this.#sleeping.get(id) ?? new Map<() => void, number>()
      const wake = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        sleeping.delete(wake)
        if (sleeping.size === 0 && this.#sleeping.get(id) === sleeping) this.#sleeping.delete(id)
        resolve()
      }
      const timer = setTimeout(wake, pause)
      signal.addEventListener('abort', wake, { once: true })
      this.#sleeping.set(id, sleeping.set(wake, number))
      if (signal.aborted) wake()
    })
  }
}

/** After the lease there is nothing left to renew or to release. */
function lasting(leaseMs: number): Patience {
  const end = performance.now() + leaseMs
  return () => {
    if (performance.now() > end) throw new Error('the database was busy until the lease was over')
  }
}
