import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codec } from './codec.ts'
import type { Values } from './data.ts'
import { Draft } from './draft.ts'
import { type MergeRule, merge } from './merge.ts'

const encode = (values: Values) => new Draft(codec, () => values).encode()

function mergeWith(rules: { [key: string]: MergeRule }, loaded: Values, mine: Values, theirs: Values) {
  const versions = { loaded: encode(loaded), mine: encode(mine), theirs: encode(theirs) }
  const { data, conflicts } = merge(codec, rules, versions)
  return { data: { ...new Draft(codec, () => ({}), data).data }, conflicts }
}

describe('merge', () => {
  it('keeps changes of different keys from both sides', () => {
    const merged = mergeWith({}, { a: 1, b: 1, c: 1 }, { a: 2, b: 1, c: 1 }, { a: 1, b: 3, c: 1, d: 4 })
    assert.deepEqual(merged, { data: { a: 2, b: 3, c: 1, d: 4 }, conflicts: [] })
  })

  it('lets the later of two changes win, and names the key', () => {
    assert.deepEqual(mergeWith({}, { a: 1 }, { a: 2 }, { a: 3 }), {
      data: { a: 2 },
      conflicts: ['a'],
    })
  })

  it('names a key that both changed to the same value: two increments may be one too few', () => {
    assert.deepEqual(mergeWith({}, { a: 1 }, { a: { b: 2 } }, { a: { b: 2 } }), {
      data: { a: { b: 2 } },
      conflicts: ['a'],
    })
  })

  it('keeps a deletion, and reports it where the other side changed the key', () => {
    assert.deepEqual(mergeWith({}, { a: 1, b: 1 }, { b: 1 }, { a: 1, b: 1 }), {
      data: { b: 1 },
      conflicts: [],
    })
    assert.deepEqual(mergeWith({}, { a: 1 }, {}, { a: 5 }), { data: {}, conflicts: ['a'] })
  })

  it('adds both differences under "sum", from nothing too, in numbers and bigints', () => {
    assert.deepEqual(mergeWith({ n: 'sum' }, { n: 5 }, { n: 6 }, { n: 9 }).data, { n: 10 })
    assert.deepEqual(mergeWith({ n: 'sum' }, {}, { n: 1 }, { n: 2 }).data, { n: 3 })
    assert.deepEqual(mergeWith({ n: 'sum' }, { n: 5n }, { n: 3n }, { n: 6n }).data, { n: 4n })
  })

  it('knows the members of a set by what they hold under "union": objects of two requests are never one', () => {
    const [a, b, c] = [{ id: 'a' }, { id: 'b' }, { id: 'c' }]
    const merged = mergeWith({ s: 'union' }, { s: new Set([a, b]) }, { s: new Set([b, c]) }, { s: new Set([a, b]) })
    assert.deepEqual(merged, { data: { s: new Set([b, c]) }, conflicts: [] })
  })

  it('takes a set that one of its members holds for what it is under "union": a conflict', () => {
    const cyclic = (...more: string[]) => {
      const set = new Set<unknown>(more)
      return { s: set.add(new Set([set])) }
    }
    const { data, conflicts } = mergeWith({ s: 'union' }, cyclic(), cyclic('mine'), cyclic('theirs'))
    assert.deepEqual([(data.s as Set<unknown>).size, conflicts], [2, ['s']])
  })

  it('compares numbers, texts and dates under "max", and nothing else', () => {
    const [early, late] = [new Date(1), new Date(2)]
    assert.deepEqual(mergeWith({ d: 'max' }, {}, { d: early }, { d: late }).data, { d: late })
    const odd = { toString: 1, valueOf: 1 }
    assert.deepEqual(mergeWith({ d: 'max' }, {}, { d: early }, { d: odd }), { data: { d: early }, conflicts: ['d'] })
    assert.deepEqual(mergeWith({ d: 'min' }, {}, { d: 1 }, { d: '0' }), { data: { d: 1 }, conflicts: ['d'] })
  })

  it('keeps both ends under "append"', () => {
    assert.deepEqual(mergeWith({ l: 'append' }, { l: [1] }, { l: [1, 2] }, { l: [1, 3] }), {
      data: { l: [1, 3, 2] },
      conflicts: [],
    })
  })

  it('takes a change in the middle of an appended list for what it is: a conflict', () => {
    assert.deepEqual(mergeWith({ l: 'append' }, { l: [1] }, { l: [9] }, { l: [1, 3] }), {
      data: { l: [9] },
      conflicts: ['l'],
    })
  })

  it('joins additions and removals under "union"', () => {
    const { data } = mergeWith(
      { s: 'union' },
      { s: new Set([1, 2]) },
      { s: new Set([2, 3]) },
      { s: new Set([1, 2, 4]) },
    )
    assert.deepEqual(data, { s: new Set([2, 4, 3]) })
  })

  it('keeps the extreme under "max" and "min"', () => {
    assert.deepEqual(mergeWith({ x: 'max' }, { x: 1 }, { x: 5 }, { x: 4 }).data, { x: 5 })
    assert.deepEqual(mergeWith({ x: 'min' }, { x: 9 }, { x: 5 }, { x: 4 }).data, { x: 4 })
    assert.deepEqual(mergeWith({ x: 'max' }, {}, { x: new Date(1) }, { x: new Date(2) }).data, { x: new Date(2) })
  })

  it('never takes a rule from the prototype', () => {
    assert.deepEqual(mergeWith({}, {}, { constructor: 1, toString: 2 }, {}).data, { constructor: 1, toString: 2 })
  })
})
