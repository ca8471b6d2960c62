import type { OpenSession } from './save-handler.ts'

/** A session that a request keeps from all others, from its start to its end, whatever ids it goes by in between. */
export class Hold {
  #open: OpenSession
  /** Those under former ids, still locked. They end when this one is stored: until then the visitor has no other. */
  readonly #former: OpenSession[] = []
  readonly #timer: NodeJS.Timeout

  constructor(open: OpenSession, maxHoldMs: number, giveUp: () => void) {
    this.#open = open
    this.#timer = setTimeout(giveUp, maxHoldMs).unref()
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#open.write(bytes)
  }

  touch(): Promise<void> {
    return this.#open.touch()
  }

  destroy(): Promise<void> {
    return this.#open.destroy()
  }

  /** Goes on under another id. */
  async moveTo(next: OpenSession, deletesFormer: boolean): Promise<void> {
    const former = this.#open
    this.#open = next
    if (deletesFormer) this.#former.push(former)
    else await former.close()
  }

  async endFormer(): Promise<void> {
    for (const each of this.#former) await each.destroy()
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    for (const each of [this.#open, ...this.#former]) await each.close()
  }
}
