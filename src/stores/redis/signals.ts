import type { EndListener, SessionId } from '../../core/store.ts'
import { isSessionId } from '../shared/record-checks.ts'
import type { Connection, Subscriber } from './connection.ts'
import { type Keys, randomName } from './keys.ts'

const firstDelayMs = 50
const longestDelayMs = 2_000

/** A connection that is cut off without a word shows in a ping that is not answered. */
const pingEveryMs = 5_000

/**
 * What this process is told by others through Redis: that a session has ended, and that it is somebody's turn. Has a
 * connection of its own, opened when first needed and again whenever it is lost. A message may be lost with it.
 */
export class Signals {
  /** Names this process's channel. */
  readonly #name = randomName()
  readonly #connection: Connection
  readonly #keys: Keys
  readonly #listeners = new Set<EndListener>()
  readonly #bells = new Map<string, Bell>()
  #tokens = 0
  #hears = false
  #isOpening = false
  #isClosed = false
  #subscriber: Subscriber | undefined
  #endDelay: (() => void) | undefined

  constructor(connection: Connection, keys: Keys) {
    this.#connection = connection
    this.#keys = keys
  }

  subscribe(listener: EndListener): () => void {
    this.#listeners.add(listener)
    if (this.#hears) queueMicrotask(() => this.#listeners.has(listener) && this.#hears && listener.onHearing(true))
    this.open()
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /** A bell that rings when it is its turn, and whenever messages may have been missed. */
  newBell(): Bell {
    const bell = new Bell(`${this.#name}.${++this.#tokens}`, () => this.#bells.delete(bell.token))
    this.#bells.set(bell.token, bell)
    return bell
  }

  open(): void {
    if (this.#isOpening || this.#isClosed) return
    this.#isOpening = true
    void this.#stayOpen()
  }

  close(): void {
    this.#isClosed = true
    this.#subscriber?.close()
    this.#endDelay?.()
    this.#listeners.clear()
  }

  async #stayOpen(): Promise<void> {
    const { ended, turns } = this.#keys
    const onMessage = (channel: string, message: string): void => {
      if (channel !== ended) this.#bells.get(message)?.ring()
      else if (isSessionId(message)) this.#tellEnd(message)
    }
    let delayMs = firstDelayMs
    while (!this.#isClosed) {
      try {
        const subscriber = await this.#connection.openSubscriber([ended, `${turns}${this.#name}`], onMessage)
        this.#subscriber = subscriber
        if (this.#isClosed) return subscriber.close()
        delayMs = firstDelayMs
        this.#setHearing(true)
        for (const bell of this.#bells.values()) bell.ring()
        await whileAnswering(subscriber)
        subscriber.close()
      } catch {
        // Tried again below; whoever listens was told that nothing is heard.
      }
      this.#setHearing(false)
      if (!this.#isClosed) await this.#wait(delayMs)
      delayMs = Math.min(2 * delayMs, longestDelayMs)
    }
  }

  #tellEnd(id: SessionId): void {
    for (const listener of this.#listeners) listener.onEnd(id)
  }

  #setHearing(hears: boolean): void {
    if (this.#hears === hears) return
    this.#hears = hears
    for (const listener of this.#listeners) listener.onHearing(hears)
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(end, ms)
      timer.unref?.()
      this.#endDelay = end
    })
  }
}

/** Resolves when the connection is lost, or a ping is not answered before the next one is due. */
async function whileAnswering(subscriber: Subscriber): Promise<void> {
  let timer: ReturnType<typeof setInterval> | undefined
  const silent = new Promise<void>((resolve) => {
    let isAnswered = true
    timer = setInterval(() => {
      if (!isAnswered) resolve()
      isAnswered = false
      subscriber.ping().then(
        () => {
          isAnswered = true
        },
        () => resolve(),
      )
    }, pingEveryMs)
    timer.unref?.()
  })
  await Promise.race([subscriber.lost, silent])
  clearInterval(timer)
}

/** Rings once for each wait, also when it was rung before. */
export class Bell {
  readonly token: string
  /** Nobody will wait for it any more. */
  readonly remove: () => void
  #hasRung = false
  #answer: (() => void) | undefined

  constructor(token: string, remove: () => void) {
    this.token = token
    this.remove = remove
  }

  ring(): void {
    this.#hasRung = true
    this.#answer?.()
  }

  /** Resolves when it rings, after so many milliseconds, or when the signal aborts. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#hasRung && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, ms)
        signal.addEventListener('abort', done)
        this.#answer = done
      })
    }
    this.#hasRung = false
  }
}
