/** Where handlers wait until the test lets them go on: it puts requests in an order without any sleep. */
export class Gate {
  #waiting: (() => void)[] = []
  #arrived: (() => void) | undefined

  /** For handlers. */
  pass(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#arrived?.()
    })
  }

  /** Resolves when that many wait. */
  async reached(count = 1): Promise<void> {
    while (this.#waiting.length < count) {
      await new Promise<void>((resolve) => {
        this.#arrived = resolve
      })
    }
  }

  /** Lets go all who wait. */
  open(): void {
    for (const go of this.#waiting.splice(0)) go()
  }
}
