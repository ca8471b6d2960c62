import { EndChannel } from './end-channel.ts'
import { CorruptRecordError, SessionError } from './errors.ts'
import type { SessionId } from './store.ts'
import type { StoreCalls } from './store-calls.ts'

const roundEveryMs = 1_000
/** A round of reads goes out in parts, one after the other: 2,000 a second at most, and other requests get between them. */
const readsAtOnce = 50
const betweenPartsMs = 25
/** Where the store tells of what ends, a look now and then all the same. */
const safetyCheckMs = 60_000

interface Watched {
  readonly controllers: Set<AbortController>
  /** By the caller's clock, as last read. */
  expiresAt: number
  /** When the last look at it began, by `performance.now`; undefined before the first. */
  checkedAt: number | undefined
  /** Not the same for all, so that they do not come due together. */
  readonly checkEveryMs: number
}

/**
 * Tells open responses (server-sent events, long downloads) that their session has ended, in whichever process.
 *
 * Each session that is watched is read once, since it may have ended just before. Then, while the store tells of what ends,
 * it is read when it is due to expire, and once a minute; otherwise once a second.
 */
export class EndWatch {
  readonly #calls: StoreCalls
  readonly #clock: () => number
  readonly #channel: EndChannel
  readonly #watched = new Map<SessionId, Watched>()
  #timer: ReturnType<typeof setTimeout> | undefined
  #closedBy: SessionError | undefined

  constructor(calls: StoreCalls, clock: () => number) {
    this.#calls = calls
    this.#clock = clock
    this.#channel = new EndChannel(calls.store, (id) => this.notify(id))
  }

  /** Aborts when the session is destroyed, revoked or expired: at once in this process, within about a second from others. */
  watch(id: SessionId, onClose: (listener: () => void) => void): AbortSignal {
    const controller = new AbortController()
    if (this.#closedBy) {
      controller.abort(this.#closedBy)
      return controller.signal
    }
    const watched = this.#watched.get(id) ?? {
      controllers: new Set(),
      expiresAt: Number.NEGATIVE_INFINITY,
      checkedAt: undefined,
      checkEveryMs: safetyCheckMs * (0.5 + Math.random() / 2),
    }
    watched.controllers.add(controller)
    watched.checkedAt = undefined
    this.#watched.set(id, watched)
    onClose(() => {
      watched.controllers.delete(controller)
      if (watched.controllers.size === 0 && this.#watched.get(id) === watched) this.#watched.delete(id)
    })
    this.#channel.open()
    this.#timer ??= this.#after(roundEveryMs)
    return controller.signal
  }

  /** The session with this id has ended. */
  notify(id: SessionId): void {
    const watched = this.#watched.get(id)
    if (!watched) return
    this.#watched.delete(id)
    const message = 'the session was destroyed or revoked, or has expired'
    abortAll(watched, new SessionError('ERR_SESSION_GONE', message))
  }

  /** Long responses must end too, so that the server can: they are told that it is the server which stops, not their session. */
  close(): void {
    clearTimeout(this.#timer)
    this.#channel.close()
    const message = 'this server is stopping, and the session lives on'
    this.#closedBy = new SessionError('ERR_SERVER_STOPPING', message, { retryAfter: 1 })
    for (const watched of this.#watched.values()) abortAll(watched, this.#closedBy)
    this.#watched.clear()
  }

  #after(delayMs: number): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => void this.#round(), delayMs)
    timer.unref?.()
    return timer
  }

  async #round(): Promise<void> {
    if (this.#watched.size === 0) {
      this.#timer = undefined
      this.#channel.close()
      return
    }
    const startedAt = performance.now()
    this.#channel.open()
    const due = this.#due(startedAt)
    for (let next = 0; next < due.length && !this.#closedBy; next += readsAtOnce) {
      if (next > 0) await pause(betweenPartsMs)
      await Promise.all(due.slice(next, next + readsAtOnce).map((id) => this.#check(id)))
    }
    if (!this.#closedBy) this.#timer = this.#after(Math.max(0, roundEveryMs - (performance.now() - startedAt)))
  }

  #due(now: number): SessionId[] {
    const { hearsSince } = this.#channel
    const time = this.#clock()
    const due: SessionId[] = []
    for (const [id, { checkedAt, expiresAt, checkEveryMs }] of this.#watched) {
      const isTold = hearsSince !== undefined && checkedAt !== undefined && checkedAt > hearsSince
      if (!isTold || time >= expiresAt || now - checkedAt >= checkEveryMs) due.push(id)
    }
    return due
  }

  async #check(id: SessionId): Promise<void> {
    const watched = this.#watched.get(id)
    if (!watched) return
    const startedAt = performance.now()
    try {
      const record = await this.#calls.read(id)
      if (this.#watched.get(id) !== watched) return
      if (!record) return this.notify(id)
      watched.expiresAt = record.expiresAt
      watched.checkedAt = startedAt
    } catch (error) {
      // A store that fails has not said that the session ended.
      if (error instanceof CorruptRecordError) this.notify(id)
    }
  }
}

function abortAll({ controllers }: Watched, reason: SessionError): void {
  for (const controller of controllers) controller.abort(reason)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref?.()
  })
}
