import { randomBytes } from 'node:crypto'
import type { Cipher, SealedPlace, Sealing, SealNote } from '../core/cipher.ts'
import { decrypt, derive, encrypt } from './encryption/aes-gcm.ts'
import { type EncryptionKey, keyring } from './encryption/keys.ts'

export type { EncryptionKey } from './encryption/keys.ts'

/** What `encryption()` is told. */
export interface EncryptionOptions {
  /**
   * 32 random bytes each, as bytes or as text in base64, base64url or hexadecimal. The first one seals; all of them open. To change it, put
   * a new one in front on every server, and take the old one away when no session of before can live any more
   * (`absoluteTimeout`, also of `remember`). Whoever has a key and the store has the data.
   */
  readonly keys: readonly [current: EncryptionKey, ...previous: EncryptionKey[]]
  /**
   * What becomes of sessions that were stored before there was an encryption. `refuse`: their visitors are anonymous; so a record that
   * someone plants in the store, or strips of its encryption, opens nothing. `accept`: they are read, and sealed at the next change; for the time
   * until the last of them has expired. Default: `refuse`.
   */
  readonly plaintext?: 'refuse' | 'accept'
  /**
   * Seals the data under the visitor's cookie besides, so that neither the store nor the store with the keys is enough to read it. Then only a
   * request of the visitor's reads the data: `sessions.ofUser(…).list()` shows the sessions without it, and `ofUser(…).update()` is refused.
   * Default: false.
   */
  readonly bindToVisitor?: boolean
}

/**
 * Encrypts what sessions hold, for `new Sessions({ encryption: encryption({ keys }) })`: AES-256-GCM (NIST SP 800-38D) under a key of each
 * record's own (HKDF, RFC 5869). The record's id, its user and the protocol's own fields are authenticated with it: what was moved,
 * cut off or changed in the store opens nothing, and `coatcheck:rejected` says `corrupt`. User ids, times and hashes of
 * secrets stay readable: the store needs them.
 *
 * Throws a TypeError for keys that are none.
 *
 * @example
 * // node --eval "console.log(crypto.randomBytes(32).toString('base64url'))"
 * const sessions = new Sessions({ store, encryption: encryption({ keys: [process.env.SESSION_KEY] }) })
 */
export function encryption({ keys, plaintext = 'refuse', bindToVisitor = false }: EncryptionOptions): Cipher {
  if (plaintext !== 'refuse' && plaintext !== 'accept')
    throw new TypeError(`encryption: plaintext must be 'refuse' or 'accept', got ${JSON.stringify(plaintext)}`)
  const { current, find } = keyring(keys)

  // Asked for once for each part of a record, one after the other.
  let latest: { readonly id: string; readonly keyName: string; readonly key: Buffer } | undefined
  const recordKey = ({ id }: SealedPlace, keyName: string): Buffer => {
    if (latest?.id !== id || latest.keyName !== keyName)
      latest = { id, keyName, key: derive(find(keyName), 'record', id) }
    return latest.key
  }
  /** The secret alone would do for the visitor, the server's key alone for the server: it takes both. */
  const wrapKey = (place: SealedPlace, keyName: string, secret: Uint8Array): Buffer =>
    derive(Buffer.concat([recordKey(place, keyName), secret]), 'wrap', place.id)
  const wrapAll = (
    place: SealedPlace,
    keyName: string,
    contentKey: Uint8Array,
    { current, previous }: NonNullable<Sealing['secrets']>,
  ): SealNote['wraps'] => {
    const wrap = (secret: Uint8Array): string =>
      encrypt(wrapKey(place, keyName, secret), contentKey, wrapContext(place)).toString('base64url')
    return { current: wrap(current), ...(previous && { previous: wrap(previous) }) }
  }

  return {
    acceptsPlaintext: plaintext === 'accept',
    isOutdated: ({ key, wraps }) => key !== current || (wraps !== undefined && !bindToVisitor),

    seal(place, { own, contents }, { before, secrets }, head) {
      // A record becomes bound when its visitor is given a secret. Without one, what was wrapped stays under the key that it is wrapped under.
      const isBound = bindToVisitor && (secrets !== undefined || before?.note.wraps !== undefined)
      const key = isBound && !secrets ? before!.note.key : current
      const contentKey = isBound ? (before?.contentKey ?? randomBytes(32)) : undefined
      const sealedOwn = own === undefined ? undefined : encrypt(recordKey(place, key), own, ownContext(place))
      const note: SealNote = {
        key,
        ...(sealedOwn && { own: sealedOwn.toString('base64url') }),
        ...(contentKey && { wraps: secrets ? wrapAll(place, key, contentKey, secrets) : before!.note.wraps }),
      }
      const line = head(note)
      const sealed = encrypt(contentKey ?? recordKey(place, key), contents, contentsContext(place, line))
      return { head: line, contents: sealed, note, contentKey }
    },

    openOwn: (place, { key, own }) =>
      own === undefined
        ? undefined
        : decrypt(recordKey(place, key), Buffer.from(own, 'base64url'), ownContext(place)).toString(),

    unwrap(place, { key, wraps }, { secret, isPrevious }) {
      const wrapped = isPrevious ? wraps?.previous : wraps?.current
      if (wrapped === undefined) throw new TypeError('not wrapped for this secret')
      return decrypt(wrapKey(place, key, secret), Buffer.from(wrapped, 'base64url'), wrapContext(place))
    },

    openContents: (place, { note, head, contents }, contentKey) =>
      decrypt(contentKey ?? recordKey(place, note.key), contents, contentsContext(place, head)).toString(),
  }
}

/* What each part is authenticated with: it can't be opened in another place. */

const ownContext = ({ id, userId = '' }: SealedPlace): string => `own\0${id}\0${userId}`
const wrapContext = ({ id }: SealedPlace): string => `wrap\0${id}`
const contentsContext = ({ id, userId = '' }: SealedPlace, head: string): string =>
  `contents\0${id}\0${userId}\0${head}`
