import { createHash } from 'node:crypto'

// What a thief could do who has read the source: take tickets apart and put them together anew.

const sha256 = (...parts: (string | Uint8Array)[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()

/** 16 bytes of session id, masked with the secret, then the 32 bytes of the secret. */
export function takeApart(ticket: string): { sid: Buffer; secret: Buffer } {
  const bytes = Buffer.from(ticket, 'base64url')
  const secret = bytes.subarray(16)
  return { sid: mask(bytes.subarray(0, 16), secret), secret }
}

export function putTogether({ sid, secret }: { sid: Uint8Array; secret: Uint8Array }): string {
  return Buffer.concat([mask(sid, secret), secret]).toString('base64url')
}

/** The key of the record that a ticket speaks of. */
export function recordIdOf(cookieName: string, ticket: string): string {
  return sha256(`record\0${cookieName}\0`, takeApart(ticket).sid).toString('hex')
}

function mask(bytes: Uint8Array, secret: Uint8Array): Buffer {
  const key = sha256('sid', secret)
  return Buffer.from(bytes.map((byte, index) => byte ^ key[index]!))
}
