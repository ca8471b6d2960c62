import type { Patience } from './patience.ts'

interface Line {
  readonly waiting: (() => void)[]
  /** When this process began to take turns without a break. */
  since: number
}

/** How long a process may go on passing a session from one of its requests to the next, and how long it then keeps its hands off. */
export interface Fairness {
  readonly runMs: number
  readonly pauseMs: number
}

/**
 * First come, first served, by session, within this process: at most one of its requests asks for the lock itself. Where others
 * ask now and then whether the lock is free, they would hardly ever find it so while there is a long line here: `fairness` lets them in.
 */
export class Turns {
  readonly #lines = new Map<string, Line>()
  readonly #fairness: Fairness | undefined

  constructor(fairness?: Fairness) {
    this.#fairness = fairness
  }

  /** Resolves when it is this caller's turn, to a function that lets the next one in. */
  async take(id: string, patience: Patience): Promise<() => void> {
    const line = this.#lines.get(id)
    if (line) {
      await patience.wait((done) => {
        line.waiting.push(done)
        return () => line.waiting.splice(line.waiting.indexOf(done), 1)
      })
      return this.#leaver(id, line)
    }
    const own: Line = { waiting: [], since: performance.now() }
    this.#lines.set(id, own)
    return this.#leaver(id, own)
  }

  #leaver(id: string, line: Line): () => void {
    const next = (): void => {
      const enter = line.waiting.shift()
      if (enter) enter()
      else this.#lines.delete(id)
    }
    let left = false
    return () => {
      if (left) return
      left = true
      const { runMs = Number.POSITIVE_INFINITY, pauseMs } = this.#fairness ?? {}
      if (line.waiting.length === 0 || performance.now() - line.since < runMs) return next()
      setTimeout(() => {
        line.since = performance.now()
        next()
      }, pauseMs)
    }
  }
}
