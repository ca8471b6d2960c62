import { isAscii, isUtf8 } from 'node:buffer'
import { PhpFormatError } from './error.ts'
import { textOfBytes } from './keys.ts'
import { classNameBytes, enumNameBytes, maxLength } from './limits.ts'
import { parseCount, parseInteger } from './numbers.ts'
import { PhpEnum, PhpFloat } from './values.ts'

const [quote, plus, minus, zero, nine, colon, semicolon] = [34, 43, 45, 48, 57, 58, 59]
// Linear: digits can be matched in one way only.
const float = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/

/**
 * A place in the bytes of a session, and what can be read there that holds nothing else: each method passes what it
 * reads.
 */
export class Cursor {
  /** Each character is a byte. */
  readonly text: string
  readonly bytes: Buffer
  at = 0
  end: number
  readonly #isAscii: boolean

  constructor(bytes: Uint8Array) {
    if (bytes.length > maxLength)
      throw new PhpFormatError(`${bytes.length} bytes are too many for a session`, maxLength)
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.text = this.bytes.toString('latin1')
    this.end = this.text.length
    this.#isAscii = isAscii(this.bytes)
  }

  fail(message: string, at: number = this.at): never {
    throw new PhpFormatError(message, at)
  }

  expect(code: number, what: string): void {
    if (this.text.charCodeAt(this.at) !== code || this.at >= this.end) this.fail(`There should be a ${what}`)
    this.at++
  }

  string(): string | Uint8Array {
    const length = this.quoted()
    const end = this.at - 2
    if (this.#isAsciiAt(end - length, end)) return this.text.slice(end - length, end)
    return this.stringOf(this.bytes.subarray(end - length, end))
  }

  integer(): number | bigint {
    const { text, at: start } = this
    let at = start
    const sign = text.charCodeAt(at)
    if (sign === minus || sign === plus) at++
    const first = at
    let value = 0
    for (let code = text.charCodeAt(at); code >= zero && code <= nine; code = text.charCodeAt(++at)) {
      value = value * 10 + code - zero
    }
    if (at === first) this.fail('An integer should be here')
    this.at = at
    this.expect(semicolon, ';')
    if (at - first > 15) return parseInteger(text.slice(start, at))
    return sign === minus && value !== 0 ? -value : value
  }

  float(): number | PhpFloat {
    const { text, at: start } = this
    let end = start
    while (end < this.end && text.charCodeAt(end) !== semicolon) end++
    const digits = end < this.end ? text.slice(start, end) : ''
    this.at = end + 1
    if (float.test(digits)) {
      const value = Number(digits)
      return Number.isSafeInteger(value) && !Object.is(value, -0) ? new PhpFloat(value) : value
    }
    if (digits === 'NAN') return Number.NaN
    if (digits === 'INF') return Number.POSITIVE_INFINITY
    if (digits === '-INF') return Number.NEGATIVE_INFINITY
    return this.fail('A float should be here', start)
  }

  boolean(): boolean {
    const code = this.text.charCodeAt(this.at)
    if (code !== zero && code !== zero + 1) this.fail('A boolean is 0 or 1')
    this.at++
    this.expect(semicolon, ';')
    return code !== zero
  }

  enum(): PhpEnum {
    const start = this.at
    const length = this.quoted()
    const end = this.at - 2
    const bytes = this.text.slice(end - length, end)
    if (!enumNameBytes.test(bytes)) this.fail('No case of a PHP enum can have this name', start)
    const separator = end - length + bytes.indexOf(':')
    return new PhpEnum(this.name(end - length, separator), this.name(separator + 1, end))
  }

  className(): string {
    const length = this.count()
    const { text } = this
    const start = this.at + 2
    if (text.charCodeAt(this.at) !== colon || text.charCodeAt(this.at + 1) !== quote)
      this.fail('A length is followed by :"')
    const end = start + length
    if (end + 2 > this.end) this.fail(`A name of ${length} bytes doesn't fit into the data`)
    if (!classNameBytes.test(text.slice(start, end))) this.fail('No PHP class can have this name', start)
    this.at = end
    this.expect(quote, '"')
    this.expect(colon, ':')
    return this.name(start, end)
  }

  /** After the name of a class PHP takes a sign, and no digits for none. */
  looseCount(): number {
    const { text, at: start } = this
    let at = start
    const sign = text.charCodeAt(at)
    if (sign === minus || sign === plus) at++
    while (text.charCodeAt(at) >= zero && text.charCodeAt(at) <= nine) at++
    this.at = at
    const count = Number(parseInteger(text.slice(start, at)))
    if (count < 0) this.fail('A count is not negative', start)
    return count
  }

  /** Passes digits, without a sign. */
  count(): number {
    const { text, at: start } = this
    let at = start
    let count = 0
    for (let code = text.charCodeAt(at); code >= zero && code <= nine; code = text.charCodeAt(++at)) {
      count = count * 10 + code - zero
    }
    if (at === start) this.fail('A number should be here')
    this.at = at
    return at - start < 16 ? count : parseCount(text.slice(start, at))
  }

  /** Passes `5:"bytes";` and returns the length. */
  quoted(): number {
    const length = this.count()
    const { text } = this
    const at = this.at
    if (text.charCodeAt(at) !== colon || text.charCodeAt(at + 1) !== quote) this.fail('A length is followed by :"')
    const end = at + 2 + length
    if (end + 2 > this.end) this.fail(`A string of ${length} bytes doesn't fit into the data`)
    if (text.charCodeAt(end) !== quote || text.charCodeAt(end + 1) !== semicolon) {
      this.fail(`A string of ${length} bytes should end with ";`, end)
    }
    this.at = end + 2
    return length
  }

  /** Strings of an `S:`, where `\41` is a byte by its two hexadecimal digits. */
  escaped(): Buffer {
    const length = this.count()
    const { text } = this
    if (text.charCodeAt(this.at) !== colon || text.charCodeAt(this.at + 1) !== quote)
      this.fail('A length is followed by :"')
    let at = this.at + 2
    // What is no escape takes a byte, an escape three.
    if (at + length > this.end) this.fail(`A string of ${length} bytes doesn't fit into the data`)
    const bytes = Buffer.alloc(length)
    for (let index = 0; index < length; index++) {
      if (at >= this.end) this.fail(`A string of ${length} bytes doesn't fit into the data`)
      if (text[at] !== '\\') bytes[index] = text.charCodeAt(at++)
      else {
        const digits = text.slice(at + 1, at + 3)
        if (!/^[\da-fA-F]{2}$/.test(digits) || at + 3 > this.end) this.fail('Two hexadecimal digits follow a \\', at)
        bytes[index] = Number.parseInt(digits, 16)
        at += 3
      }
    }
    this.at = at
    this.expect(quote, '"')
    this.expect(semicolon, ';')
    return bytes
  }

  stringOf(bytes: Buffer): string | Uint8Array {
    return isUtf8(bytes) ? bytes.toString('utf8') : new Uint8Array(bytes)
  }

  /** Text of these bytes, as the key of an array or a name has it. */
  name(start: number, end: number): string {
    if (this.#isAsciiAt(start, end)) return this.text.slice(start, end)
    return textOfBytes(this.bytes.subarray(start, end))
  }

  #isAsciiAt(start: number, end: number): boolean {
    if (this.#isAscii) return true
    for (let at = start; at < end; at++) if (this.text.charCodeAt(at) > 127) return false
    return true
  }
}
