import { randomUUID } from 'node:crypto'
import type { EndListener, SessionId } from '../../core/store.ts'
import { type Notification, type PostgresClient, type PostgresPool, withClient } from './pool.ts'

export interface ListeningOptions {
  readonly channel: string
  /** Sends a notification by another connection than the one that listens. */
  readonly notify: (payload: string, signal: AbortSignal) => Promise<unknown>
  /** How often a notification of its own must come back, or the connection is given up. Default 10,000. */
  readonly beatEveryMs?: number
}

const slowestRetryMs = 5_000

/**
 * One connection on which the store hears of deletions and of turns, for all who wait in this process. It is opened when
 * someone first wants to hear, tried again when it is lost, and proves by a beat of its own that notifications arrive: they
 * don't through a pooler in transaction mode, nor from a server that is frozen.
 */
export class Listening {
  readonly #pool: PostgresPool
  readonly #channel: string
  readonly #notify: ListeningOptions['notify']
  readonly #beatEveryMs: number
  readonly #listeners = new Set<EndListener>()
  readonly #awaited = new Map<string, () => void>()
  readonly #closing = new AbortController()
  #connection: Promise<void> | undefined
  #hears = false
  #hasWarned = false

  constructor(pool: PostgresPool, { channel, notify, beatEveryMs = 10_000 }: ListeningOptions) {
    this.#pool = pool
    this.#channel = channel
    this.#notify = notify
    this.#beatEveryMs = beatEveryMs
  }

  get hears(): boolean {
    return this.#hears
  }

  subscribe(listener: EndListener): () => void {
    this.#listeners.add(listener)
    if (this.#hears) queueMicrotask(() => this.#hears && this.#listeners.has(listener) && listener.onHearing(true))
    this.open()
    return () => this.#listeners.delete(listener)
  }

  /** Calls `onTurn` when this token's turn is told of, and when one may have been missed. */
  expect(token: string, onTurn: () => void): () => void {
    this.#awaited.set(token, onTurn)
    return () => this.#awaited.delete(token)
  }

  open(): void {
    this.#connection ??= this.#stayConnected()
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the store was closed'))
    await this.#connection
  }

  async #stayConnected(): Promise<void> {
    const closing = this.#closing.signal
    for (let failures = 0; !closing.aborted && !this.#pool.ending; failures++) {
      const over = new AbortController()
      const onClose = (): void => over.abort(closing.reason)
      // `pool.end()` waits for all clients. The idle ones go first, and that is when ours can know.
      const onRemove = (): void => {
        if (this.#pool.ending) over.abort()
      }
      closing.addEventListener('abort', onClose)
      this.#pool.on?.('remove', onRemove)
      try {
        await withClient(this.#pool, over.signal, (client) => this.#listen(client, over))
      } catch (error) {
        if (this.#hears) failures = 0
        else if (error === isDeaf) this.#warn()
      }
      closing.removeEventListener('abort', onClose)
      this.#pool.removeListener?.('remove', onRemove)
      over.abort()
      this.#tell(false)
      await sleep(Math.min(slowestRetryMs, 50 * 2 ** failures) * (0.5 + Math.random() / 2), closing)
    }
  }

  /** Rejects when the connection is lost or given up. It never resolves, as what listens must not go back into the pool. */
  async #listen(client: PostgresClient, over: AbortController): Promise<never> {
    client.unref?.() // hearing is no reason for a process to stay; being waited for is one
    over.signal.addEventListener('abort', () => this.#pool.ending && client.ref?.())
    let awaited: { readonly payload: string; readonly resolve: () => void } | undefined
    client.on('notification', ({ channel, payload = '' }: Notification) => {
      if (over.signal.aborted || channel !== this.#channel) return
      if (payload === awaited?.payload) awaited.resolve()
      else this.#hear(payload)
    })
    let patience = abortLater(over, this.#beatEveryMs / 2)
    await client.query({ text: `listen ${this.#channel}` })
    for (;;) {
      await new Promise<void>((resolve, reject) => {
        awaited = { payload: `beat ${randomUUID()}`, resolve }
        this.#notify(awaited.payload, over.signal).catch(reject)
      })
      clearTimeout(patience)
      this.#tell(true)
      await sleep(this.#beatEveryMs, over.signal)
      if (over.signal.aborted || this.#pool.ending) throw new Error('nobody listens any more')
      patience = abortLater(over, this.#beatEveryMs / 2)
    }
  }

  #warn(): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    console.warn(
      'coatcheck: postgresStore listens, and no notification arrives. Through a pooler in transaction mode none does: give it { pooler: "transaction" }, and as `listen` a pool that reaches the server directly',
    )
  }

  #hear(payload: string): void {
    const [kind, subject = ''] = payload.split(' ')
    if (kind === 'turn') this.#awaited.get(subject)?.()
    if (kind !== 'end' || !/^[0-9a-f]{64}$/.test(subject)) return
    for (const listener of this.#listeners) listener.onEnd(subject as SessionId)
  }

  #tell(hears: boolean): void {
    if (hears === this.#hears || (hears && this.#closing.signal.aborted)) return
    this.#hears = hears
    // Turns may have been told of while nobody heard.
    if (hears) for (const onTurn of [...this.#awaited.values()]) onTurn()
    for (const listener of this.#listeners) listener.onHearing(hears)
  }
}

const isDeaf = new Error('no notification arrives')

function abortLater(controller: AbortController, milliseconds: number): ReturnType<typeof setTimeout> {
  const timer = setTimeout(() => controller.abort(isDeaf), milliseconds)
  timer.unref?.()
  return timer
}

/** Keeps no process alive, and ends early when the signal aborts. */
function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    timer.unref?.()
    signal.addEventListener('abort', end, { once: true })
  })
}
