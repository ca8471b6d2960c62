import { CorruptRecordError } from './errors.ts'
import type { SessionId } from './store.ts'
import type { StoreCalls } from './store-calls.ts'

const pollEveryMs = 1_000

/** Tells open responses (server-sent events, long downloads) that their session has ended, in whichever process. */
export class EndWatch {
  readonly #calls: StoreCalls
  readonly #watched = new Map<SessionId, Set<AbortController>>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(calls: StoreCalls) {
    this.#calls = calls
  }

  /** Aborts when the session is destroyed, revoked or expired: at once in this process, within about a second from others. */
  watch(id: SessionId, onClose: (listener: () => void) => void): AbortSignal {
    const controller = new AbortController()
    const controllers = this.#watched.get(id) ?? new Set()
    this.#watched.set(id, controllers.add(controller))
    onClose(() => {
      controllers.delete(controller)
      if (controllers.size === 0 && this.#watched.get(id) === controllers) this.#watched.delete(id)
    })
    this.#schedule()
    return controller.signal
  }

  /** The session with this id has ended. */
  notify(id: SessionId): void {
    const controllers = this.#watched.get(id)
    this.#watched.delete(id)
    for (const controller of controllers ?? []) controller.abort()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#watched.clear()
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#watched.size === 0) return
    this.#timer = setTimeout(async () => {
      for (const id of [...this.#watched.keys()]) if (await this.#isGone(id)) this.notify(id)
      this.#timer = undefined
      this.#schedule()
    }, pollEveryMs)
    this.#timer.unref?.()
  }

  /** A store that fails has not said that the session ended. */
  async #isGone(id: SessionId): Promise<boolean> {
    try {
      return (await this.#calls.read(id)) === undefined
    } catch (error) {
      return error instanceof CorruptRecordError
    }
  }
}
