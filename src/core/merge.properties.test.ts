import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hostileText } from '../../test/fuzz/arbitraries.ts'
import { codec } from './codec.ts'
import type { Texts } from './data.ts'
import { type MergeRule, merge } from './merge.ts'

const key = hostileText.filter((each) => each !== '__proto__')
const texts: fc.Arbitrary<Texts> = fc.array(fc.tuple(key, fc.json())).map((entries) => new Map(entries))
const rules = fc.dictionary(key, fc.constantFrom<MergeRule>('sum', 'append', 'union', 'max', 'min'))
const sorted = (map: Texts) => [...map].sort(([one], [other]) => (one < other ? -1 : 1))

describe('merging', () => {
  it('leaves to others what this request has not changed', () => {
    fc.assert(
      fc.property(texts, texts, rules, (loaded, theirs, by) => {
        const merged = merge(codec, by, { loaded, mine: loaded, theirs })
        assert.deepEqual([sorted(merged.data), merged.conflicts], [sorted(theirs), []])
      }),
    )
  })

  it('takes what this request has changed where nobody else has changed anything', () => {
    fc.assert(
      fc.property(texts, texts, (loaded, mine) => {
        const merged = merge(codec, {}, { loaded, mine, theirs: loaded })
        assert.deepEqual([sorted(merged.data), merged.conflicts], [sorted(mine), []])
      }),
    )
  })

  it('has each key from one side or the other, and names those that both have changed', () => {
    fc.assert(
      fc.property(texts, texts, texts, (loaded, mine, theirs) => {
        const { data, conflicts } = merge(codec, {}, { loaded, mine, theirs })
        for (const each of new Set([...loaded.keys(), ...mine.keys(), ...theirs.keys()])) {
          const [was, own, other] = [loaded.get(each), mine.get(each), theirs.get(each)]
          assert.equal(data.get(each), own === was ? other : own)
          assert.equal(conflicts.includes(each), own !== was && other !== was)
        }
      }),
    )
  })

  it('adds up to the same, whoever comes first', () => {
    const n = fc.integer({ min: -1_000_000, max: 1_000_000 })
    const of = (value: number): Texts => new Map([['n', codec.encode(value, 'n')]])
    fc.assert(
      fc.property(n, n, n, (start, one, other) => {
        const { data } = merge(codec, { n: 'sum' }, { loaded: of(start), mine: of(one), theirs: of(other) })
        assert.equal(codec.decode(data.get('n')!), one + other - start)
      }),
    )
  })
})
