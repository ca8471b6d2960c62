import assert from 'node:assert/strict'
import type { SessionRecord, Store, Version } from '../../core/store.ts'
import {
  assertOk,
  assertRefused,
  assertSame,
  at,
  newVersion,
  nextState,
  now,
  sampleRecord,
  stored,
} from './sample-record.ts'
import { casesOf, type StoreCase } from './store-case.ts'

export const versions: readonly StoreCase[] = [
  ...casesOf('W1, W5: a write needs the version that is stored', [], {
    'refuses to create where a live record exists, and returns that record': async (store) => {
      const record = await stored(store)
      assertRefused(await store.write(sampleRecord({ id: record.id }), undefined, at(now)), record)
      assertSame(await store.read(record.id, at(now)), record)
    },

    'refuses a write that expects an older version, and returns the current record': async (store) => {
      const first = await stored(store)
      const current = nextState(first)
      assertOk(await store.write(current, first.version, at(now)), 'the first writer is served')
      assertRefused(await store.write(nextState(first), first.version, at(now)), current)
      assertSame(await store.read(first.id, at(now)), current)
    },

    'creates nothing when it refuses a write to a session that is not there': async (store) => {
      const record = sampleRecord()
      assertRefused(await store.write(record, newVersion(), at(now)), undefined)
      assert.equal(await store.read(record.id, at(now)), undefined)
    },

    'tells versions apart that differ in the case of a letter only': async (store) => {
      const record = await stored(store, sampleRecord({ version: 'Aa4cdefghijklmnopqrstu' as Version }))
      assertRefused(await store.write(nextState(record), 'aA4cdefghijklmnopqrstu' as Version, at(now)), record)
    },

    'lets one of 50 writes win that come at once, and shows its record to the others': async (store) => {
      let current = await stored(store)
      for (let round = 0; round < 3; round++) {
        const expected = current.version
        current = await oneWins(store, () => nextState(current), expected)
      }
    },

    'lets one of 20 creates win that come at once under one id': async (store) => {
      const { id } = sampleRecord()
      await oneWins(store, () => sampleRecord({ id, body: Buffer.from(newVersion()) }), undefined, 20)
    },

    'counts exactly when each refused writer goes on from the record it is shown': async (store) => {
      const record = await stored(store, sampleRecord({ body: Buffer.from('0') }))
      const countOne = async (): Promise<void> => {
        let current = record
        for (;;) {
          const count = Number(Buffer.from(current.body).toString()) + 1
          const next = nextState(current, { body: Buffer.from(String(count)) })
          const written = await store.write(next, current.version, at(now))
          if (written.ok) return
          assert.ok(written.current, 'the refusal shows the current record')
          current = written.current
        }
      }
      await Promise.all(Array.from({ length: 20 }, countOne))
      const counted = await store.read(record.id, at(now))
      assert.equal(Buffer.from(counted?.body ?? []).toString(), '20')
    },
  }),

  ...casesOf('W2: the same write again is harmless', [], {
    'answers ok to a create that has happened': async (store) => {
      const record = await stored(store)
      assertOk(await store.write(record, undefined, at(now)), 'the same create again')
      assertSame(await store.read(record.id, at(now)), record)
    },

    'answers ok to a write that has happened, though its expected version is gone': async (store) => {
      const first = await stored(store)
      const next = nextState(first)
      assertOk(await store.write(next, first.version, at(now)), 'the write')
      assertOk(await store.write(next, first.version, at(now)), 'the same write again')
      assertSame(await store.read(first.id, at(now)), next)
    },

    'refuses a write that has happened, once another one came after it': async (store) => {
      const first = await stored(store)
      const next = nextState(first)
      const last = nextState(next)
      assertOk(await store.write(next, first.version, at(now)), 'the write')
      assertOk(await store.write(last, next.version, at(now)), 'the one after it')
      assertRefused(await store.write(next, first.version, at(now)), last)
    },
  }),
]

async function oneWins(
  store: Store,
  candidate: () => SessionRecord,
  expected: Version | undefined,
  count = 50,
): Promise<SessionRecord> {
  const candidates = Array.from({ length: count }, candidate)
  const answers = await Promise.all(candidates.map(async (record) => store.write(record, expected, at(now))))
  const winners = candidates.filter((_, index) => answers[index]?.ok)
  assert.equal(winners.length, 1, `of ${count} writers one wins`)
  const winner = winners[0]!
  assertSame(await store.read(winner.id, at(now)), winner)
  for (const answer of answers) if (!answer.ok) assertRefused(answer, winner)
  return winner
}
