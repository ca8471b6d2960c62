import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const size = 32

/**
 * A token of a session and its epoch: 86 characters. The session id is the key, which the store does not know, so neither a stolen
 * store nor a token of another session tells it. Each is masked anew, as the length of a compressed page would give away one that
 * stays the same (BREACH).
 */
export function makeToken(sid: Uint8Array, epoch: string): string {
  const mask = randomBytes(size)
  return Buffer.concat([mask, xor(digestOf(sid, epoch), mask)]).toString('base64url')
}

export function isTokenOf(sid: Uint8Array, epoch: string, token: unknown): boolean {
  if (typeof token !== 'string' || !/^[A-Za-z0-9_-]{86}$/.test(token)) return false
  const bytes = Buffer.from(token, 'base64url')
  return timingSafeEqual(xor(bytes.subarray(size), bytes.subarray(0, size)), digestOf(sid, epoch))
}

function digestOf(sid: Uint8Array, epoch: string): Uint8Array {
  return createHmac('sha256', sid).update(`csrf\0${epoch}`).digest()
}

function xor(bytes: Uint8Array, mask: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => byte ^ mask[index]!)
}
