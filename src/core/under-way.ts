import type { SessionState } from './state.ts'

/**
 * Requests that have opened their session and are still to commit it. They are counted, not kept: one that never commits
 * must not stay in memory for it. Those with an exclusive turn are kept for as long as they have it.
 */
export class UnderWay {
  readonly #exclusive = new Set<SessionState>()
  #count = 0
  #onNone = (): void => {}
  #isOver = false

  begin(): void {
    this.#count += 1
  }

  opened(state: SessionState): void {
    if (!state.turn) return
    if (this.#isOver) void state.turn.release()
    else this.#exclusive.add(state)
  }

  end(state: SessionState | undefined): void {
    if (state) this.#exclusive.delete(state)
    this.#count -= 1
    if (this.#count === 0) this.#onNone()
  }

  /** Resolves when there are none, or after that time. */
  async settled(withinMs: number): Promise<void> {
    if (this.#count > 0) await within(withinMs, new Promise<void>((resolve) => (this.#onNone = resolve)))
  }

  /** Gives back the turns that are still held, and those that are yet to come. */
  async release(): Promise<void> {
    this.#isOver = true
    await Promise.allSettled([...this.#exclusive].map(({ turn }) => turn?.release()))
  }
}

/** Resolves when the promise has settled either way, or after that time. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([promise.catch(() => {}), late])
  clearTimeout(timer)
}
