import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'

/**
 * What only a server that is given the session's cookie can read: the key is made from the session id in it, of which the store
 * knows a hash. Whoever has the store alone can't even try guesses, as with hashes of an address or a browser's name they could.
 */
export function seal(sid: Uint8Array, value: unknown): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyOf(sid), nonce)
  const text = [cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]
  return Buffer.concat([nonce, cipher.getAuthTag(), ...text]).toString('base64url')
}

/** Undefined for whatever `seal` has not made for this session. */
export function unseal(sid: Uint8Array, sealed: unknown): unknown {
  if (typeof sealed !== 'string') return undefined
  const bytes = Buffer.from(sealed, 'base64url')
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(sid), bytes.subarray(0, 12), { authTagLength: 16 })
    decipher.setAuthTag(bytes.subarray(12, 28))
    const text = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()])
    return JSON.parse(text.toString())
  } catch {
    return undefined
  }
}

function keyOf(sid: Uint8Array): Buffer {
  return createHmac('sha256', sid).update('coatcheck fingerprint').digest()
}
