import { SessionError } from '../../core/errors.ts'
import type { OpenSession } from '../save-handler.ts'
import type { Argument, Reply, Send } from './connection.ts'
import { destroyScript, releaseScript, renewScript, run, type Script, writeScript } from './scripts.ts'

/** A session and its lock, which is ours as long as it has our value. */
export interface Held {
  readonly send: Send
  readonly session: string
  readonly lock: string
  readonly value: string
  readonly lockExpireMs: number
  readonly maxLifetimeSeconds: number
}

/** A session in Redis that is locked by us until it is closed. The lock is renewed until then. */
export class OpenKey implements OpenSession {
  readonly bytes: Uint8Array
  readonly #held: Held
  readonly #leave: () => void
  readonly #renewing: NodeJS.Timeout
  #isStored: boolean
  #isOpen = true

  constructor(held: Held, stored: Buffer | null, leave: () => void) {
    this.bytes = stored ?? new Uint8Array()
    this.#isStored = stored !== null
    this.#held = held
    this.#leave = leave
    const renew = (): void => void this.#run(renewScript, String(held.lockExpireMs)).catch(() => {})
    this.#renewing = setInterval(renew, held.lockExpireMs / 3).unref()
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { maxLifetimeSeconds } = this.#held
    const written = await this.#run(writeScript, String(maxLifetimeSeconds), bytes, this.#isStored ? '1' : '0')
    if (written === 0) {
      throw new SessionError(
        'ERR_SESSION_CONFLICT',
        "the session's lock expired, and somebody else may have changed it",
        {
          retryAfter: 0,
        },
      )
    }
    if (written === -1) {
      throw new SessionError('ERR_SESSION_GONE', 'the session was deleted while this request was changing it')
    }
    this.#isStored = true
  }

  async touch(): Promise<void> {
    this.#check()
    const { send, session, maxLifetimeSeconds } = this.#held
    await available(send('EXPIRE', session, String(maxLifetimeSeconds)))
  }

  async destroy(): Promise<void> {
    try {
      await this.#run(destroyScript)
    } finally {
      await this.close()
    }
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearInterval(this.#renewing)
    await release(this.#held)
    this.#leave()
  }

  async #run(script: Script, ...args: readonly Argument[]): Promise<Reply> {
    this.#check()
    const { send, session, lock, value } = this.#held
    return available(run(send, script, [session, lock], [value, ...args]))
  }

  #check(): void {
    if (!this.#isOpen) throw new SessionError('ERR_SESSION_SETTLED', 'the session is closed')
  }
}

/** Never throws: a lock that can't be released expires. */
export async function release({ send, lock, value }: Held): Promise<void> {
  await run(send, releaseScript, [lock], [value]).catch(() => {})
}

export async function available(reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply
  } catch (error) {
    throw new SessionError('ERR_STORE_UNAVAILABLE', `Redis failed: ${(error as Error | undefined)?.message}`, {
      retryAfter: 1,
    })
  }
}
