import { hash } from 'node:crypto'

/** 32 random bytes, or their text in base64, base64url or hexadecimal. */
export type EncryptionKey = Uint8Array | string

/** The keys by their names, which are stored beside what they sealed. */
export interface Keyring {
  /** The name of the key that seals. */
  readonly current: string
  /** Throws for a name that is none of the keys'. */
  find(name: string): Uint8Array
}

/** Throws a TypeError that says which key is none, and how to make one. Never shows a key. */
export function keyring(keys: readonly EncryptionKey[]): Keyring {
  if (!Array.isArray(keys) || keys.length === 0)
    throw new TypeError(`encryption: keys must name one key at least. ${howTo}`)
  const all = new Map(keys.map((key, index) => keyOf(key, index)).map((bytes) => [nameOf(bytes), bytes]))
  if (all.size < keys.length) throw new TypeError('encryption: the same key is named twice in `keys`')
  const [current] = all.keys()
  return {
    current: current!,
    find(name) {
      const key = all.get(name)
      if (!key) throw new TypeError('sealed under a key that is not in `keys`')
      return key
    },
  }
}

const howTo = `Make one with: node --eval "console.log(crypto.randomBytes(32).toString('base64url'))"`

function keyOf(key: unknown, index: number): Uint8Array {
  const bytes = typeof key === 'string' ? decoded(key) : key instanceof Uint8Array ? key : undefined
  if (bytes?.length !== 32) {
    const found = bytes ? `${bytes.length} bytes` : key === undefined ? 'nothing' : 'no bytes, and no text of such'
    throw new TypeError(`encryption: keys[${index}] must be 32 random bytes, and is ${found}. ${howTo}`)
  }
  if (new Set(bytes).size < 8) throw new TypeError(`encryption: keys[${index}] is not random. ${howTo}`)
  return Uint8Array.from(bytes)
}

function decoded(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  return /^[\w+/-]+=*$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

/** Tells nothing of the key. */
function nameOf(key: Uint8Array): string {
  return hash('sha256', Buffer.concat([Buffer.from('coatcheck key name\0'), key]), 'base64url').slice(0, 8)
}
