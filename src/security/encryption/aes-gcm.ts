import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { pooledRandomBytes } from '../../core/ticket.ts'

const nonceBytes = 12
const tagBytes = 16
const randomBytes = pooledRandomBytes()

/** AES-256-GCM (NIST SP 800-38D): a random nonce of 96 bits, the encrypted bytes, the tag. */
export function encrypt(key: Uint8Array, plain: string | Uint8Array, context: string): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(Buffer.from(context))
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

/** Throws for anything that `encrypt` has not made with this key and context. */
export function decrypt(key: Uint8Array, sealed: Uint8Array, context: string): Buffer {
  if (sealed.length < nonceBytes + tagBytes) throw new TypeError('too short to have been encrypted')
  const end = sealed.length - tagBytes
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(end))
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, end)), decipher.final()])
}

/**
 * 32 bytes for one purpose and one place: HKDF-Expand with SHA-256, one block (RFC 5869 §2.3). Nothing is extracted first, as the key
 * is random already (§3.3), and it would cost four times as much. With a key of its own, no record comes near the number of nonces that GCM allows.
 */
export function derive(key: Uint8Array, purpose: string, place: string): Buffer {
  return createHmac('sha256', key).update(`coatcheck ${purpose}\0${place}\u0001`).digest()
}
