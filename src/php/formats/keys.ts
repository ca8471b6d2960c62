import { isUtf8 } from 'node:buffer'
import type { PhpKey } from './values.ts'

const integer = /^(?:0|-?[1-9]\d{0,18})$/

/**
 * The key that a PHP array uses for this string: the integer 5 for `'5'`, and the string itself for `'05'`, `'5.0'` or
 * `'name'`.
 */
export function toPhpKey(name: string): PhpKey {
  const first = name.charCodeAt(0)
  if (first > 57 || first < 45 || !integer.test(name)) return name
  const value = Number(name)
  if (Number.isSafeInteger(value)) return value
  const exact = BigInt(name)
  return isInt64(exact) ? exact : name
}

export function isInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value
}

/** Text of any bytes: UTF-8, and each byte that is none as a lone surrogate, U+DC80 to U+DCFF. */
export function textOfBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const length = utf8Length(bytes, at)
    text += length ? bytes.toString('utf8', at, at + length) : String.fromCharCode(0xdc00 + bytes[at]!)
    at += length || 1
  }
  return text
}

/** Zero where no character starts. */
function utf8Length(bytes: Buffer, at: number): number {
  const first = bytes[at]!
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0
}

/** The bytes of such a text; `undefined` for one that no bytes have. */
export function bytesOfText(text: string): Buffer | undefined {
  if (!/\p{Surrogate}/u.test(text)) return Buffer.from(text, 'utf8')
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udc7f\udd00-\udfff]/.test(text)) return undefined
  const parts = text.split(/((?<![\ud800-\udbff])[\udc80-\udcff])/)
  const bytes = Buffer.concat(
    parts.map((part, index) => (index % 2 ? Buffer.of(part.charCodeAt(0) - 0xdc00) : Buffer.from(part, 'utf8'))),
  )
  // Escaped bytes that make a character together are that character.
  return textOfBytes(bytes) === text ? bytes : undefined
}
