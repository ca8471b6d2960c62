import { SessionError } from './errors.ts'
import { publish } from './events.ts'

/** One may be chance, and a restart of the store breaks a few calls at once; each time-out has cost a visitor two seconds. */
const failuresToOpen = 5
const firstPauseMs = 500
/** So that the end of an outage is noticed within seconds. A probe costs one read for each process, so it need not be longer. */
const longestPauseMs = 5_000

/**
 * Notices that a store does not answer at all, so that visitors are told at once and need not wait out a deadline each. While
 * the circuit is open, nobody asks the store but one probe, now and then.
 *
 * What counts is failures in a row, without any success between: reads that fail, and calls of any kind that time out. A write
 * that fails says nothing, as it may be what a visitor sent that the store refuses. Calls that fail together, because a
 * connection broke under them, count as one.
 */
export class CircuitBreaker {
  /** Failures in a row. A call remembers it from when it began: it tells whether another failure was counted since. */
  failures = 0
  isOpen = false
  readonly #now: () => number
  readonly #random: () => number
  #isProbing = false
  #pauseMs = 0
  #openedAt = 0
  #probeAt = 0
  #cause: unknown

  /** `now` in milliseconds, by a clock that never goes back. */
  constructor(now: () => number = () => performance.now(), random: () => number = Math.random) {
    this.#now = now
    this.#random = random
  }

  succeeded(): void {
    this.failures = 0
    if (!this.isOpen) return
    this.isOpen = false
    this.#cause = undefined
    publish('availability', { state: 'available', duration: this.#now() - this.#openedAt })
  }

  /** A read, begun when there were `failuresBefore`, was refused or broken. */
  failed(error: unknown, failuresBefore: number): void {
    if (failuresBefore === this.failures) this.#count(error)
  }

  timedOut(error: unknown): void {
    this.#count(error)
  }

  /**
   * With the circuit open: resolves when the store is back. Throws `ERR_STORE_UNAVAILABLE`, at once for everyone but the one
   * caller in whose time a probe is due.
   */
  async passOrThrow(probe: () => Promise<unknown>): Promise<void> {
    if (this.#isProbing || this.#now() < this.#probeAt) throw this.#refusal()
    this.#isProbing = true
    publish('availability', { state: 'probing' })
    try {
      await probe()
    } catch (error) {
      this.#cause = error
    } finally {
      this.#isProbing = false
    }
    if (!this.isOpen) return
    this.#pause(Math.min(2 * this.#pauseMs, longestPauseMs))
    throw this.#refusal()
  }

  #count(error: unknown): void {
    this.failures += 1
    if (this.isOpen || this.failures < failuresToOpen) return
    this.isOpen = true
    this.#cause = error
    this.#openedAt = this.#now()
    this.#pause(firstPauseMs)
  }

  /** Between half and all of it, so that many processes do not probe in step. */
  #pause(pauseMs: number): void {
    this.#pauseMs = pauseMs
    const pause = (pauseMs * (1 + this.#random())) / 2
    this.#probeAt = this.#now() + pause
    publish('availability', { state: 'unavailable', failures: this.failures, pause, error: this.#cause })
  }

  #refusal(): SessionError {
    const retryAfter = Math.max(1, Math.ceil((this.#probeAt - this.#now()) / 1000))
    const message = `the session store was not asked: ${this.failures} calls in a row failed, and the circuit is open`
    return new SessionError('ERR_STORE_UNAVAILABLE', message, { cause: this.#cause, retryAfter })
  }
}
