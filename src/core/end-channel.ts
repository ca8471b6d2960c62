import type { SessionId, Store } from './store.ts'

/** After a subscription that could not even be begun. */
const retryAfterMs = 30_000

/** What a store tells of sessions that end in other processes, for as long as anyone here wants to know. */
export class EndChannel {
  /** Since when it hears of every deletion, by `performance.now`. Undefined: it does not, and whoever cares must look. */
  hearsSince: number | undefined
  readonly #store: Store
  readonly #onEnd: (id: SessionId) => void
  #stop: (() => void) | undefined
  #retryAt = 0

  constructor(store: Store, onEnd: (id: SessionId) => void) {
    this.#store = store
    this.#onEnd = onEnd
  }

  /** Does nothing where it is open already, or where the store offers none. */
  open(): void {
    if (this.#stop || !this.#store.subscribe || performance.now() < this.#retryAt) return
    let isOurs = true
    try {
      const unsubscribe = this.#store.subscribe({
        onEnd: (id) => {
          if (isOurs) this.#onEnd(id)
        },
        onHearing: (hears) => {
          if (isOurs) this.hearsSince = hears ? performance.now() : undefined
        },
      })
      this.#stop = () => {
        isOurs = false
        unsubscribe()
      }
    } catch {
      isOurs = false
      this.hearsSince = undefined
      this.#retryAt = performance.now() + retryAfterMs
    }
  }

  close(): void {
    const stop = this.#stop
    this.#stop = undefined
    this.hearsSince = undefined
    try {
      stop?.()
    } catch {
      // The store's own affair: nothing of ours hangs on it.
    }
  }
}
