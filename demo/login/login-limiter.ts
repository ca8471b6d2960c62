/** So many tries in a row, then one more each time a while has passed. */
export interface Allowance {
  inARow: number
  /** Milliseconds until one more try is allowed. */
  every: number
}

export interface LoginLimiterOptions {
  clock: () => number
  perName?: Allowance
  perOrigin?: Allowance
  maxEntries?: number
}

export type Try = { allowed: true; giveBack: () => void } | { allowed: false; retryAfter: number }

/**
 * Slows down guessing without locking anybody out.
 *
 * Wrong passwords are counted per *origin and name* (guessing one account) and per origin (guessing many). An origin is a
 * network address or, better, a browser that has logged in as that name before. There is on purpose no count per name alone:
 * it would let anyone who knows the name `admin` keep the real admin out by guessing wrong. Whoever hammers on admin uses up
 * only their own tries, and is refused *before* a password is hashed, so they don't fill the queue for hashing either, in
 * which an origin has a bounded number of seats besides.
 *
 * A try is taken when the request arrives and given back when the password was right. Counting only afterwards would let a
 * thousand parallel guesses through.
 */
export class LoginLimiter {
  readonly #clock: () => number
  readonly #perName: Allowance
  readonly #perOrigin: Allowance
  readonly #maxEntries: number
  /** When this key will have all its tries back: the whole state of a "leaky bucket" is one number (GCRA, ITU-T I.371). */
  readonly #refilledAt = new Map<string, number>()

  constructor({
    clock,
    perName = { inARow: 5, every: 10_000 },
    perOrigin = { inARow: 60, every: 1_000 },
    maxEntries = 10_000,
  }: LoginLimiterOptions) {
    this.#clock = clock
    this.#perName = perName
    this.#perOrigin = perOrigin
    this.#maxEntries = maxEntries
  }

  take(origin: string, name: string): Try {
    const buckets = [
      { key: origin, allowance: this.#perOrigin },
      { key: `${origin}\n${name}`, allowance: this.#perName },
    ]
    const wait = Math.max(...buckets.map(({ key, allowance }) => this.#wait(key, allowance)))
    if (wait > 0) return { allowed: false, retryAfter: Math.ceil(wait / 1000) }
    for (const { key, allowance } of buckets) this.#move(key, allowance.every)
    return {
      allowed: true,
      giveBack: () => {
        for (const { key, allowance } of buckets) this.#move(key, -allowance.every)
      },
    }
  }

  #wait(key: string, { inARow, every }: Allowance): number {
    const now = this.#clock()
    return Math.max(now, this.#refilledAt.get(key) ?? now) - now - (inARow - 1) * every
  }

  #move(key: string, by: number): void {
    const now = this.#clock()
    const refilledAt = Math.max(now, this.#refilledAt.get(key) ?? now) + by
    this.#refilledAt.delete(key)
    if (refilledAt <= now) return
    this.#refilledAt.set(key, refilledAt)
    if (this.#refilledAt.size > this.#maxEntries) this.#makeRoom(now)
  }

  #makeRoom(now: number): void {
    for (const [key, refilledAt] of this.#refilledAt) if (refilledAt <= now) this.#refilledAt.delete(key)
    for (const key of this.#refilledAt.keys()) {
      if (this.#refilledAt.size <= this.#maxEntries) break
      this.#refilledAt.delete(key)
    }
  }
}
