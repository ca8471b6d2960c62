import type { Database } from './database.ts'

const patienceMs = 2_000
const atOnce = 1_000

/**
 * Tells other processes of ends and of turns, a moment after they happened. Not in the same transaction: those that notify
 * commit one after the other, and each would wait for the disk alone.
 */
export class Announcements {
  readonly #database: Database
  readonly #channel: string
  readonly #waiting: string[] = []
  #sending: Promise<void> | undefined

  constructor(database: Database, channel: string) {
    this.#database = database
    this.#channel = channel
  }

  tell(payload: string): void {
    this.#waiting.push(payload)
    this.#sending ??= this.#send()
  }

  async notify(payloads: readonly string[], signal: AbortSignal): Promise<void> {
    const text = 'select pg_notify($1, payload) from unnest($2::text[]) payload'
    await this.#database.run(text, [this.#channel, payloads], signal)
  }

  /** Resolves when all was told that can be told. */
  async close(): Promise<void> {
    await this.#sending
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      try {
        await this.notify(this.#waiting.splice(0, atOnce), AbortSignal.timeout(patienceMs))
      } catch {
        // It may be told of not at all: whoever waits for a turn asks now and then, and whoever watches a session looks.
      }
    }
    this.#sending = undefined
  }
}
