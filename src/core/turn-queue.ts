import { busy } from './store-calls.ts'

/** First come, first served, by key, within this process: at most one of its requests waits for a store's lock. */
export class TurnQueue {
  readonly #waiting = new Map<string, (() => void)[]>()

  /** Resolves when it is this caller's turn, to a function that lets the next one in. Throws `ERR_SESSION_BUSY` after `waitMs`. */
  async take(key: string, waitMs: number): Promise<() => void> {
    const queue = this.#waiting.get(key)
    if (!queue) {
      this.#waiting.set(key, [])
      return this.#leaver(key)
    }
    await new Promise<void>((resolve, reject) => {
      const enter = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(enter), 1)
        reject(busy())
      }, waitMs)
      queue.push(enter)
    })
    return this.#leaver(key)
  }

  #leaver(key: string): () => void {
    let left = false
    return () => {
      if (left) return
      left = true
      const next = this.#waiting.get(key)?.shift()
      if (next) next()
      else this.#waiting.delete(key)
    }
  }
}
