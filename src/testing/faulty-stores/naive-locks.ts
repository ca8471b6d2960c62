import type { Lock, SessionId } from '../../core/store.ts'

/** What is wrong with the queue; nothing is. None of them knows leases. */
export type QueueOrder = 'fair' | 'last first' | 'one for each release' | 'one for all'

export class NaiveLocks {
  readonly #order: QueueOrder
  readonly #waiting = new Map<SessionId, ((lock: Lock) => void)[]>()

  constructor(order: QueueOrder) {
    this.#order = order
  }

  take(id: SessionId): Lock | Promise<Lock> {
    const queue = this.#waiting.get(id)
    if (queue) return new Promise((resolve) => queue.push(resolve))
    this.#waiting.set(id, [])
    return this.#grant(id)
  }

  #grant(id: SessionId): Lock {
    let isHeld = true
    const release = (): void => {
      if (!isHeld && this.#order !== 'one for each release') return
      isHeld = false
      const queue = this.#waiting.get(id)
      const next = this.#order === 'last first' ? queue?.pop() : queue?.shift()
      if (next) next(this.#grant(id))
      else this.#waiting.delete(id)
    }
    return { renew: () => isHeld, release }
  }
}
