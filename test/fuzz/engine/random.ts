/** Numbers that look random and follow from the seed alone (xorshift128+, 32 bits at a time). */
export class Random {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = 0x9e3779b9
    this.#c = 0x243f6a88
    this.#d = 0xb7e15162
    for (let round = 0; round < 16; round++) this.next()
  }

  /** 32 bits. */
  next(): number {
    const t = this.#a ^ (this.#a << 11)
    this.#a = this.#b
    this.#b = this.#c
    this.#c = this.#d
    this.#d = this.#d ^ (this.#d >>> 19) ^ t ^ (t >>> 8)
    return (this.#d + Math.imul(this.#b, 0x85ebca6b)) >>> 0
  }

  /** From 0 to `count - 1`; 0 where there is nothing to choose from. */
  below(count: number): number {
    return count > 0 ? this.next() % count : 0
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  pick<T>(list: readonly T[]): T | undefined {
    return list[this.below(list.length)]
  }
}
