import type { StoreCalls } from './store-calls.ts'

const batch = 500

/** Removes what has expired, beside the writes: an idle server has nothing to clean, and needs no timer for it. */
export class CleanUp {
  readonly #calls: StoreCalls
  readonly #everyMs: number
  readonly #clock: () => number
  #lastAt = Number.NEGATIVE_INFINITY
  #running: Promise<void> = Promise.resolve()

  /** `everyMs` Infinity: never. */
  constructor(calls: StoreCalls, everyMs: number, clock: () => number) {
    this.#calls = calls
    this.#everyMs = calls.store.deleteExpired ? everyMs : Number.POSITIVE_INFINITY
    this.#clock = clock
  }

  afterWrite(): void {
    if (this.#everyMs === Number.POSITIVE_INFINITY) return
    const now = this.#clock()
    if (now - this.#lastAt < this.#everyMs) return
    this.#lastAt = now
    this.#running = this.#clean()
  }

  /** Begins nothing any more. Resolves when the batch at hand is done. */
  close(): Promise<void> {
    this.#lastAt = Number.POSITIVE_INFINITY
    return this.#running
  }

  async #clean(): Promise<void> {
    try {
      while (this.#lastAt !== Number.POSITIVE_INFINITY && (await this.#calls.deleteExpired(batch)) >= batch);
    } catch {
      // `coatcheck:store` has told; the next round tries again.
    }
  }
}
