/** Too many are waiting already. Trying again in a second or two makes sense. */
export class TooBusy extends Error {
  override readonly name = 'TooBusy'
  readonly retryAfter = 2
}

export interface FewAtATimeOptions {
  /** How many run at once. An argon2id hash takes 19 MiB and one of the four threads that the file system needs too. */
  atOnce?: number
  waiting?: number
  /** Of those waiting, how many may have the same origin. It keeps one crowd from taking every seat in the queue. */
  waitingPerOrigin?: number
}

/** Runs expensive work a few at a time, first come first served, and refuses what would have to wait too long. */
export class FewAtATime {
  readonly #atOnce: number
  readonly #waiting: number
  readonly #waitingPerOrigin: number
  readonly #queue: { origin: string; start: () => void }[] = []
  #running = 0

  constructor({ atOnce = 2, waiting = 64, waitingPerOrigin = 32 }: FewAtATimeOptions = {}) {
    this.#atOnce = atOnce
    this.#waiting = waiting
    this.#waitingPerOrigin = waitingPerOrigin
  }

  async run<T>(origin: string, work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) await this.#wait(origin)
    else this.#running++
    try {
      return await work()
    } finally {
      const next = this.#queue.shift()
      if (next) next.start()
      else this.#running--
    }
  }

  #wait(origin: string): Promise<void> {
    const ofThisOrigin = this.#queue.filter((each) => each.origin === origin).length
    if (this.#queue.length >= this.#waiting || ofThisOrigin >= this.#waitingPerOrigin) {
      throw new TooBusy('Too many logins at once')
    }
    return new Promise((resolve) => this.#queue.push({ origin, start: resolve }))
  }
}
