import { SessionError } from '../core/errors.ts'

/** How long somebody waits for a session's lock: for so many milliseconds, or until the signal is aborted. */
export class Patience {
  readonly #until: number
  readonly #signal: AbortSignal | undefined

  constructor(waitMs: number, signal?: AbortSignal) {
    this.#until = performance.now() + waitMs
    this.#signal = signal
  }

  /** Throws the signal's reason, or `ERR_SESSION_BUSY`, when it is at its end. */
  check(): void {
    this.#signal?.throwIfAborted()
    if (performance.now() >= this.#until) throw busy()
  }

  /** Resolves when `begin` calls back. At the end of the patience, what `begin` returned is called instead, and it throws as `check` does. */
  wait(begin: (done: (error?: unknown) => void) => () => void): Promise<void> {
    this.check()
    return new Promise((resolve, reject) => {
      const settle = (settled: () => void): void => {
        clearTimeout(timer)
        this.#signal?.removeEventListener('abort', onAbort)
        settled()
      }
      const giveUp = (error: unknown): void =>
        settle(() => {
          cancel()
          reject(error)
        })
      const onAbort = (): void => giveUp(this.#signal?.reason)
      const timer = setTimeout(() => giveUp(busy()), this.#until - performance.now())
      this.#signal?.addEventListener('abort', onAbort)
      const cancel = begin((error) => settle(() => (error === undefined ? resolve() : reject(error))))
    })
  }

  sleep(ms: number): Promise<void> {
    return this.wait((done) => {
      const timer = setTimeout(done, ms)
      return () => clearTimeout(timer)
    })
  }
}

function busy(): SessionError {
  const message = 'other requests of this session, here or in PHP, held its lock for longer than `lockWait`'
  return new SessionError('ERR_SESSION_BUSY', message, { retryAfter: 1 })
}
