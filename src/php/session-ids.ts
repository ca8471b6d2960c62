import { randomBytes } from 'node:crypto'

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-,'

/** A new session id as PHP makes them: random bits, taken low bits first, `bitsPerCharacter` (4, 5 or 6) in each character. */
export function createSessionId(length: number, bitsPerCharacter: number): string {
  const bytes = randomBytes(Math.ceil((length * bitsPerCharacter) / 8))
  const mask = 2 ** bitsPerCharacter - 1
  let id = ''
  let bits = 0
  let count = 0
  let next = 0
  while (id.length < length) {
    if (count < bitsPerCharacter) {
      bits |= bytes[next++]! << count
      count += 8
    }
    id += alphabet[bits & mask]
    bits >>= bitsPerCharacter
    count -= bitsPerCharacter
  }
  return id
}

/** What PHP drops without a word, as an id may be printed into a page: a quote, an angle bracket, white space. */
export function isDangerousId(id: string): boolean {
  return /[\r\n\t <>'"\\]/.test(id)
}

/** PHP's ids end at the first NUL, as strings in C do. */
export function cutAtNul(id: string): string {
  const end = id.indexOf('\0')
  return end === -1 ? id : id.slice(0, end)
}
