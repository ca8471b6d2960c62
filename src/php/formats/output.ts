import { SessionError } from '../../core/errors.ts'
import { maxLength } from './limits.ts'

const [colon, semicolon, quote, minus, zero] = [58, 59, 34, 45, 48]

/**
 * Bytes that grow. One such buffer serves one call after another, so that the usual session allocates nothing but its
 * copy.
 */
export class Output {
  length = 0
  #bytes: Buffer

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafeSlow(size)
  }

  get capacity(): number {
    return this.#bytes.length
  }

  copy(start = 0): Uint8Array {
    const copy = new Uint8Array(this.length - start)
    copy.set(this.#bytes.subarray(start, this.length))
    return copy
  }

  byte(code: number): void {
    this.#reserve(1)
    this.#bytes[this.length++] = code
  }

  /** ASCII text, short. */
  ascii(text: string): void {
    this.#reserve(text.length)
    const bytes = this.#bytes
    let at = this.length
    for (let index = 0; index < text.length; index++) bytes[at++] = text.charCodeAt(index)
    this.length = at
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** `i:5;` */
  integer(value: number): void {
    this.#reserve(24)
    this.#start(105, value)
    this.#bytes[this.length++] = semicolon
  }

  /** `s:5:"bytes";` */
  stringOf(bytes: Uint8Array): void {
    this.#quoted(115, bytes.length)
    this.bytes(bytes)
    this.#unquoted()
  }

  /** `s:4:"text";` False, and nothing written, when the text is not well-formed. */
  string(text: string): boolean {
    const size = text.length
    const start = this.length
    if (size > 40) return this.#longString(text)
    this.#reserve(size + 30)
    this.#quoted(115, size)
    const bytes = this.#bytes
    let at = this.length
    for (let index = 0; index < size; index++) {
      const code = text.charCodeAt(index)
      if (code > 127) {
        this.length = start
        return this.#longString(text)
      }
      bytes[at++] = code
    }
    bytes[at] = quote
    bytes[at + 1] = semicolon
    this.length = at + 2
    return true
  }

  /** `a:5:{`, `R:5;`: a letter, a number and what follows it. */
  counted(letter: number, count: number, ...after: readonly [number] | readonly [number, number]): void {
    this.#reserve(26)
    this.#start(letter, count)
    for (const code of after) this.#bytes[this.length++] = code
  }

  /** `5:{…}` around what has been written since. */
  embrace(start: number): void {
    const prefix = `${this.length - start}:{`
    this.#reserve(prefix.length + 1)
    this.#bytes.copyWithin(start + prefix.length, start, this.length)
    this.#bytes.write(prefix, start, 'latin1')
    this.length += prefix.length
    this.byte(125)
  }

  #longString(text: string): boolean {
    const size = Buffer.byteLength(text, 'utf8')
    if (size !== text.length && /\p{Surrogate}/u.test(text)) return false
    this.#quoted(115, size)
    this.#reserve(size + 2)
    this.length += this.#bytes.write(text, this.length, size === text.length ? 'latin1' : 'utf8')
    this.#unquoted()
    return true
  }

  #quoted(letter: number, size: number): void {
    this.#reserve(30)
    this.#start(letter, size)
    this.#bytes[this.length++] = colon
    this.#bytes[this.length++] = quote
  }

  #unquoted(): void {
    this.#reserve(2)
    this.#bytes[this.length++] = quote
    this.#bytes[this.length++] = semicolon
  }

  /** A letter, a colon and a number, where there is room. */
  #start(letter: number, value: number): void {
    const bytes = this.#bytes
    let at = this.length
    bytes[at++] = letter
    bytes[at++] = colon
    if (value >= 0 && value < 10) bytes[at++] = zero + value
    else if (value > 0x7fffffff || value < -0x7fffffff) at += bytes.write(String(value), at, 'latin1')
    else {
      let rest = value
      if (value < 0) {
        bytes[at++] = minus
        rest = -value
      }
      let digits = 1
      for (let power = 10; power <= rest; power *= 10) digits++
      for (let index = at + digits - 1; index >= at; index--) {
        const shorter = (rest / 10) | 0
        bytes[index] = zero + rest - shorter * 10
        rest = shorter
      }
      at += digits
    }
    this.length = at
  }

  #reserve(more: number): void {
    const needed = this.length + more
    if (needed <= this.#bytes.length) return
    if (needed > maxLength)
      throw new SessionError('ERR_SESSION_TOO_LARGE', `the session has more than ${maxLength} bytes`)
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.length))
    this.#bytes = larger
  }
}
