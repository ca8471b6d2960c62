import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { SessionRecord, Store } from '../../core/store.ts'
import {
  assertOk,
  assertSame,
  at,
  minute,
  newId,
  nextState,
  now,
  sampleRecord,
  sessionOf,
  stored,
} from './sample-record.ts'
import { casesOf, type StoreCase } from './store-case.ts'

export const readingAndWriting: readonly StoreCase[] = casesOf('What is read is what was written', [], {
  'says how durable it is': async ({ durability }) => {
    assert.ok(['kept', 'may-lose-last', 'memory'].includes(durability), `durability is ${durability}`)
  },

  'reads nothing for a session that was never stored': async (store) => {
    await stored(store)
    assert.equal(await store.read(newId(), at(now)), undefined)
  },

  'reads a record back at once, with all its fields and no others': async (store) => {
    const anonymous = await stored(store)
    const signedIn = await stored(store, sessionOf('alice', { openedAt: now - 7, lastSeenAt: now - 3 }))
    assertSame(await store.read(anonymous.id, at(now)), anonymous)
    assertSame(await store.read(signedIn.id, at(now)), signedIn)
  },

  'reads the next state of a record, and nothing of the one before': async (store) => {
    const first = await stored(store, sampleRecord({ body: Buffer.from('a long body, of which nothing may stay') }))
    const next = nextState(first, {
      body: Buffer.from('short'),
      expiresAt: first.expiresAt - minute,
      lastSeenAt: now + 5,
    })
    assertOk(await store.write(next, first.version, at(now)), 'the next state is stored')
    assertSame(await store.read(first.id, at(now)), next)
  },

  'keeps every byte of a body': async (store) => {
    await comesBack(store, sampleRecord({ body: Uint8Array.from({ length: 512 }, (_, index) => index) }))
    await comesBack(store, sampleRecord({ body: Buffer.from('\r\n\0"\\\u2028{}\ufeff naïve 🎩', 'utf8') }))
  },

  'keeps bodies of any size from nothing to one mebibyte': async (store) => {
    for (const size of [0, 1, 255, 256, 4_095, 4_096, 4_097, 65_536, 1_048_576]) {
      await comesBack(store, sampleRecord({ body: randomBytes(size) }))
    }
  },

  'keeps a view into a larger buffer as what it shows': async (store) => {
    await comesBack(store, sampleRecord({ body: new Uint8Array(Buffer.from('before|shown|after')).subarray(7, 12) }))
  },

  'keeps a user id exactly, whatever characters it has': async (store) => {
    for (const userId of oddUserIds) await comesBack(store, sessionOf(userId))
  },

  'keeps two sessions apart whose ids differ in one digit': async (store) => {
    const { id } = sampleRecord()
    const other = `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}` as typeof id
    const one = await stored(store, sampleRecord({ id }))
    const two = await stored(store, sampleRecord({ id: other }))
    assertSame(await store.read(id, at(now)), one)
    assertSame(await store.read(other, at(now)), two)
  },
})

/** What people have for names, and what attackers take for them. `signIn` admits any string of 1 to 256 characters. */
export const oddUserIds: readonly string[] = [
  'Zoë Ångström',
  '山田太郎',
  'שָׁלוֹם',
  '👩‍👩‍👧‍👦',
  '..',
  '../../etc/passwd',
  'C:\\Windows\\system.ini',
  'a/b%2Fc',
  "'; DROP TABLE sessions; --",
  '*?[a-z]{1}',
  '__proto__',
  'line\r\nbreak\ttab',
  'nul\0byte',
  ' ',
  'x'.repeat(256),
  '語'.repeat(256),
]

async function comesBack(store: Store, record: SessionRecord): Promise<void> {
  await stored(store, record)
  assertSame(await store.read(record.id, at(now)), record)
}
