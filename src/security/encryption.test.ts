import assert from 'node:assert/strict'
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import type { Cipher, SealedPlace, SealNote } from '../core/cipher.ts'
import type { SessionId } from '../core/store.ts'
import { decrypt, derive, encrypt } from './encryption/aes-gcm.ts'
import type { EncryptionKey } from './encryption/keys.ts'
import { encryption } from './encryption.ts'

const [key, oldKey, foreignKey] = [randomBytes(32), randomBytes(32), randomBytes(32)]
const place: SealedPlace = { id: 'a'.repeat(64) as SessionId, userId: 'alice' }
const parts = { own: '{"device":{}}', contents: '{}\ncard:"4111"' }
const head = (note: SealNote): string => JSON.stringify({ epoch: 'e', note })
const secret = randomBytes(32)

const open = (cipher: Cipher, at: SealedPlace, sealed: ReturnType<Cipher['seal']>): string =>
  cipher.openContents(at, sealed, undefined)

describe('encryption at rest', () => {
  const cipher = encryption({ keys: [key, oldKey] })
  const sealed = cipher.seal(place, parts, {}, head)

  it('opens what it has sealed, and shows nothing of it', () => {
    assert.deepEqual([open(cipher, place, sealed), cipher.openOwn(place, sealed.note)], [parts.contents, parts.own])
    const shown = sealed.head + sealed.contents.toString()
    assert.doesNotMatch(shown, /4111|card|device/)
    assert.ok(!shown.includes(key.toString('base64url')))
  })

  it('never seals the same bytes the same way', () => {
    const again = cipher.seal(place, parts, {}, head)
    assert.notDeepEqual(again.contents, sealed.contents)
    assert.notEqual(again.note.own, sealed.note.own)
  })

  const elsewhere: [string, SealedPlace][] = [
    ['another record', { ...place, id: 'b'.repeat(64) as SessionId }],
    ['another user’s', { ...place, userId: 'mallory' }],
    ['nobody’s', { ...place, userId: undefined }],
  ]
  for (const [what, at] of elsewhere) {
    it(`opens nothing that was moved to ${what}`, () => {
      assert.throws(() => open(cipher, at, sealed))
      assert.throws(() => cipher.openOwn(at, sealed.note))
    })
  }

  it('opens nothing beside a first line that was changed', () => {
    assert.throws(() => open(cipher, place, { ...sealed, head: sealed.head.replace('"e"', '"f"') }))
  })

  it('opens nothing of which a single bit was changed, or a byte cut off', () => {
    for (let index = 0; index < sealed.contents.length; index++) {
      const changed = Uint8Array.from(sealed.contents)
      changed[index]! ^= 1 << (index % 8)
      assert.throws(() => open(cipher, place, { ...sealed, contents: changed }), `bit ${index}`)
      assert.throws(() => open(cipher, place, { ...sealed, contents: sealed.contents.subarray(0, index) }), `${index}`)
    }
  })

  it('opens what an earlier key has sealed, and asks to have it sealed anew', () => {
    const old = encryption({ keys: [oldKey] }).seal(place, parts, {}, head)
    assert.equal(open(cipher, place, old), parts.contents)
    assert.deepEqual([cipher.isOutdated(old.note), cipher.isOutdated(sealed.note)], [true, false])
    assert.throws(() => open(encryption({ keys: [foreignKey] }), place, old), /not in `keys`/)
  })

  const wrong: [string, readonly unknown[], RegExp][] = [
    ['no key', [], /one key at least/],
    ['a passphrase', ['correct horse battery staple'], /keys\[0\] must be 32 random bytes, and is no bytes/],
    ['a key that is too short', [key, key.subarray(1)], /keys\[1\] must be 32 random bytes, and is 31 bytes/],
    ['a key that is not set', [undefined], /keys\[0\] must be 32 random bytes, and is nothing/],
    ['zeros', [new Uint8Array(32)], /keys\[0\] is not random/],
    ['one key twice', [key, key.toString('hex')], /named twice/],
  ]
  for (const [what, keys, message] of wrong) {
    it(`refuses ${what}, says how to make one, and shows none`, () => {
      const make = () => encryption({ keys: keys as [EncryptionKey] })
      assert.throws(make, (error: Error) => {
        assert.match(error.message, message)
        assert.ok(!error.message.includes('horse') && !error.message.includes(key.toString('hex')))
        return error instanceof TypeError
      })
    })
  }

  it('takes a key as text', () => {
    for (const encoding of ['base64', 'base64url', 'hex'] as const)
      assert.equal(open(encryption({ keys: [key.toString(encoding)] }), place, sealed), parts.contents)
  })
})

describe('encryption that is bound to the visitor', () => {
  const cipher = encryption({ keys: [key], bindToVisitor: true })
  const [next, other] = [randomBytes(32), randomBytes(32)]
  const sealed = cipher.seal(place, parts, { secrets: { current: secret } }, head)
  const openFor = (holder: Uint8Array, isPrevious: boolean, from: ReturnType<Cipher['seal']>): string =>
    cipher.openContents(place, from, cipher.unwrap(place, from.note, { secret: holder, isPrevious }))

  it('opens for the visitor alone, who has the secret', () => {
    assert.equal(openFor(secret, false, sealed), parts.contents)
    assert.throws(() => openFor(other, false, sealed))
    assert.throws(() => open(cipher, place, sealed), 'by the server’s key')
    assert.equal(cipher.openOwn(place, sealed.note), parts.own, 'what the server notes is its own')
  })

  it('opens for nobody who has the secret, and not the server’s key', () => {
    const thief = encryption({ keys: [foreignKey], bindToVisitor: true })
    assert.throws(() => thief.unwrap(place, { ...sealed.note, key: 'x' }, { secret, isPrevious: false }))
  })

  it('opens under both secrets after a rotation, and goes on so when it is written', () => {
    const { note, contentKey } = sealed
    const rotated = cipher.seal(
      place,
      parts,
      { before: { note, contentKey }, secrets: { current: next, previous: secret } },
      head,
    )
    const written = cipher.seal(place, parts, { before: rotated }, head)
    for (const from of [rotated, written])
      assert.deepEqual([openFor(next, false, from), openFor(secret, true, from)], [parts.contents, parts.contents])
    assert.deepEqual(written.note.wraps, rotated.note.wraps)
  })

  it('opens under the new secret alone after a change of privilege, with a key that nobody had before', () => {
    const changed = cipher.seal(place, parts, { secrets: { current: next } }, head)
    assert.notDeepEqual(changed.contentKey, sealed.contentKey)
    assert.equal(openFor(next, false, changed), parts.contents)
    assert.throws(() => openFor(secret, true, changed))
  })

  it('binds a record of before as soon as its visitor gets a secret, and not without', () => {
    const unbound = encryption({ keys: [key] }).seal(place, parts, {}, head)
    const written = cipher.seal(place, parts, { before: unbound }, head)
    assert.equal(written.note.wraps, undefined)
    const rotated = cipher.seal(place, parts, { before: unbound, secrets: { current: next, previous: secret } }, head)
    assert.deepEqual([openFor(next, false, rotated), openFor(secret, true, rotated)], [parts.contents, parts.contents])
  })

  it('keeps the key that a secret was wrapped under until there is a new one', () => {
    const old = encryption({ keys: [oldKey], bindToVisitor: true }).seal(
      place,
      parts,
      { secrets: { current: secret } },
      head,
    )
    const renewing = encryption({ keys: [key, oldKey], bindToVisitor: true })
    const written = renewing.seal(place, parts, { before: old }, head)
    assert.equal(written.note.key, old.note.key)
    const rotated = renewing.seal(place, parts, { before: written, secrets: { current: next, previous: secret } }, head)
    assert.equal(rotated.note.key, sealed.note.key)
    assert.equal(openFor(next, false, rotated), parts.contents)
  })
})

describe('AES-256-GCM', () => {
  it('gives back what it was given, and nothing in another context', () => {
    for (const text of ['', 'ü', 'x'.repeat(100_000)]) {
      const sealed = encrypt(key, text, 'here')
      assert.equal(decrypt(key, sealed, 'here').toString(), text)
      assert.throws(() => decrypt(key, sealed, 'there'))
    }
  })

  it('takes no shorter tag', () => {
    const sealed = encrypt(key, 'text', 'here')
    for (let bytes = 0; bytes < 28; bytes++) assert.throws(() => decrypt(key, sealed.subarray(0, bytes), 'here'))
  })
})

describe('a key for one purpose and one place', () => {
  it('is the first block of HKDF-Expand', () => {
    // HKDF of node:crypto extracts first: HMAC under a salt of zeros. Given the same pseudorandom key, the rest must agree.
    const extracted = createHmac('sha256', Buffer.alloc(32)).update(key).digest()
    const expected = Buffer.from(hkdfSync('sha256', key, '', 'coatcheck record\0here', 32))
    assert.deepEqual(derive(extracted, 'record', 'here'), expected)
  })

  it('is another one for another key, purpose or place', () => {
    const keys = [
      derive(key, 'record', 'a'),
      derive(oldKey, 'record', 'a'),
      derive(key, 'wrap', 'a'),
      derive(key, 'record', 'b'),
    ]
    assert.equal(new Set(keys.map(String)).size, 4)
  })
})
