import assert from 'node:assert/strict'
import { textOf } from '../processes/jobs.ts'
import { soon } from '../processes/process-store.ts'
import {
  assertOk,
  assertRefused,
  assertSame,
  at,
  newVersion,
  now,
  sampleRecord,
  stored,
} from '../store-cases/sample-record.ts'
import { type ProcessCase, processCasesOf } from './process-case.ts'

export const competing: readonly ProcessCase[] = [
  ...processCasesOf('G2: changes to different keys never lose each other', [], {
    'keeps each of 180 keys that three processes set on one session': async ({ one, two, three }) => {
      const { id } = await stored(one, sampleRecord({ body: Buffer.from('{}') }))
      const keysOf = (name: string): string[] => Array.from({ length: 60 }, (_, index) => `${name} ${index}`)
      const begin = soon()
      await Promise.all([
        one.begin(begin).run('setKeys', { id, now, keys: keysOf('one') }),
        two.begin(begin).run('setKeys', { id, now, keys: keysOf('two') }),
        three.begin(begin).run('setKeys', { id, now, keys: keysOf('three') }),
      ])
      const record = await one.read(id, at(now))
      const found = Object.keys(JSON.parse(record ? textOf(record) : '{}')).sort()
      assert.deepEqual(found, [...keysOf('one'), ...keysOf('two'), ...keysOf('three')].sort())
    },
  }),

  ...processCasesOf('W1, W5: a write needs the version that is stored', [], {
    'counts exactly when three processes count by compare-and-set': async ({ one, two, three }) => {
      const { id } = await stored(one, sampleRecord({ body: Buffer.from('0') }))
      const begin = soon()
      const acknowledged: unknown[] = []
      const count = (store: typeof one): Promise<void> =>
        store.begin(begin).run('count', { id, now, times: 100 }, (number) => acknowledged.push(number))
      await Promise.all([count(one), count(two), count(three)])
      const record = await three.read(id, at(now))
      assert.equal(record && textOf(record), '300')
      assert.equal(new Set(acknowledged).size, 300, 'no number is acknowledged twice')
    },

    'lets one of nine creates win that three processes make at once under one id': async ({ one, two, three }) => {
      for (let round = 0; round < 20; round++) {
        const { id } = sampleRecord()
        const begin = soon()
        const candidates = [one, two, three, one, two, three, one, two, three].map((store) => ({
          store: store.begin(begin),
          record: sampleRecord({ id, body: Buffer.from(newVersion()) }),
        }))
        const answers = await Promise.all(
          candidates.map(async ({ store, record }) => store.write(record, undefined, at(now))),
        )
        const winners = candidates.filter((_, index) => answers[index]?.ok).map(({ record }) => record)
        assert.equal(winners.length, 1, `of nine creates one wins, round ${round}`)
        for (const store of [one, two, three]) assertSame(await store.read(id, at(now)), winners[0])
        for (const answer of answers) if (!answer.ok) assertRefused(answer, winners[0])
      }
    },
  }),

  ...processCasesOf('W2: the same write again is harmless', [], {
    'answers ok to a write that has happened, in another process too': async ({ one, two, three }) => {
      const record = sampleRecord()
      assertOk(await one.write(record, undefined, at(now)), 'the create')
      assertOk(await two.write(record, undefined, at(now)), 'the same create again')
      const next = { ...record, version: newVersion() }
      const begin = soon()
      const again = [one, two, three].map((store) => store.begin(begin).write(next, record.version, at(now)))
      for (const written of await Promise.all(again)) assertOk(written, 'the same write, three times at once')
      assertSame(await three.read(record.id, at(now)), next)
    },
  }),
]
