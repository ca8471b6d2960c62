import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { SessionId } from './store.ts'

/** What the cookie's value says: which session, and the proof that the visitor owns it. */
export interface Ticket {
  /** 16 random bytes, the same for the life of the session. */
  readonly sid: Uint8Array
  /** 32 random bytes, replaced at every rotation. Never logged, stored or shown. */
  readonly secret: Uint8Array
}

/** That many random bytes, which nobody can predict. */
export type RandomBytes = (size: number) => Uint8Array

/** Random bytes from `node:crypto`, fetched by the page: one call for each version and secret costs more than the rest of a write. */
export function pooledRandomBytes(): RandomBytes {
  let pool = Buffer.alloc(0)
  return (size) => {
    if (pool.length < size) pool = randomBytes(Math.max(size, 4096))
    const bytes = pool.subarray(0, size)
    pool = pool.subarray(size)
    return bytes
  }
}

export function issueTicket(random: RandomBytes): Ticket {
  return { sid: exactly(16, random), secret: exactly(32, random) }
}

/** A fresh proof for the same session. */
export function issueSecret(random: RandomBytes): Uint8Array {
  return exactly(32, random)
}

/** 128 random bits as text, for versions, epochs and turns. */
export function randomName(random: RandomBytes): string {
  return Buffer.from(exactly(16, random)).toString('base64url')
}

/**
 * The ticket as a cookie's value: 64 characters of the base64url alphabet. The session id is masked with the secret, so
 * that a rotation changes every character and two tickets of one session can't be told to be so.
 */
export function formatTicket({ sid, secret }: Ticket): string {
  return Buffer.concat([mask(sid, secret), secret]).toString('base64url')
}

/** Undefined for anything that `formatTicket` can't have made. 48 bytes fill 64 characters, so each ticket has one spelling. */
export function parseTicket(value: string): Ticket | undefined {
  if (!/^[A-Za-z0-9_-]{64}$/.test(value)) return undefined
  const bytes = Buffer.from(value, 'base64url')
  const secret = bytes.subarray(16)
  return { sid: mask(bytes.subarray(0, 16), secret), secret }
}

/** The record's key. The cookie's name is in it, so that two applications on one store never meet each other's sessions. */
export function sessionIdOf(cookieName: string, sid: Uint8Array): SessionId {
  if (keyed.cookieName !== cookieName) keyed = { cookieName, bytes: Buffer.from(`record\0${cookieName}\0${zeros(16)}`) }
  keyed.bytes.set(sid, keyed.bytes.length - 16)
  return hash('sha256', keyed.bytes, 'hex') as SessionId
}

/** What is stored of a secret. 256 random bits need neither salt nor stretching. */
export function hashSecret(secret: Uint8Array): string {
  return hash('sha256', secret, 'base64url')
}

/** The secret that follows in a periodic rotation. Whoever holds the old one and reads the salt finds the same successor. */
export function successorOf(secret: Uint8Array, salt: string): Uint8Array {
  return createHmac('sha256', secret).update(`successor\0${salt}`).digest()
}

export function isSameHash(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one), Buffer.from(other)]
  return first.length === second.length && timingSafeEqual(first, second)
}

/** A short public name of a session, for lists and logs. It opens nothing, and the record's key can't be made from it. */
export function handleOf(id: SessionId): string {
  return `s_${hash('sha256', `handle\0${id}`, 'base64url').slice(0, 12)}`
}

function mask(bytes: Uint8Array, secret: Uint8Array): Uint8Array {
  masking.set(secret, 3)
  const key = hash('sha256', masking, 'binary')
  const masked = new Uint8Array(16)
  for (let index = 0; index < 16; index++) masked[index] = bytes[index]! ^ key.charCodeAt(index)
  return masked
}

const zeros = (count: number): string => '\0'.repeat(count)

// Filled in and hashed at once, request after request: putting the bytes together anew costs as much as the hash.
const masking = Buffer.from(`sid${zeros(32)}`)
let keyed = { cookieName: '', bytes: Buffer.alloc(16) }

function exactly(size: number, random: RandomBytes): Uint8Array {
  const bytes = random(size)
  if (bytes.length !== size) throw new Error(`randomBytes(${size}) returned ${bytes.length} bytes`)
  return bytes
}
