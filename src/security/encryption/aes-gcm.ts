import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

const nonceBytes = 12
const tagBytes = 16

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

/** 32 bytes for one purpose and one place (HKDF with SHA-256, RFC 5869). With a key of its own, no record comes near the number of nonces that GCM allows. */
export function derive(key: Uint8Array, purpose: string, place: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `coatcheck ${purpose}\0${place}`, 32))
}
