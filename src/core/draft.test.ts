import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { type Codec, codec } from './codec.ts'
import type { Values } from './data.ts'
import { Draft } from './draft.ts'

const stored = () =>
  new Map(Object.entries({ cart: '["hat"]', n: '1', since: '~[["Date","1970-01-01T00:00:00.000Z"]]' }))
const values = { cart: ['hat'], n: 1, since: new Date(0) }
const draftOf = (initial: () => Values = () => ({}), texts = stored()) => new Draft(codec, initial, texts)

/** Counts what is decoded and encoded. */
function counting(): { codec: Codec; work: string[] } {
  const work: string[] = []
  return {
    work,
    codec: {
      encode(value, key) {
        work.push(`encode ${key}`)
        return codec.encode(value, key)
      },
      decode(text) {
        work.push(`decode ${text}`)
        return codec.decode(text)
      },
    },
  }
}

describe('a session’s data', () => {
  it('is a plain object to whoever uses it', () => {
    const ways: ((data: Values) => unknown)[] = [
      (data) => data,
      (data) => ({ ...data }),
      (data) => Object.assign({}, data),
      (data) => Object.fromEntries(Object.entries(data)),
      (data) => structuredClone(data),
      (data) => Object.create({}, Object.getOwnPropertyDescriptors(data)) && { ...data },
    ]
    for (const way of ways) assert.deepEqual(way(draftOf().data), values, String(way))
    assert.equal(JSON.stringify(draftOf().data), JSON.stringify(values))
    assert.equal(inspect(draftOf().data), inspect(values))
    assert.deepEqual(Object.keys(draftOf().data), ['cart', 'n', 'since'])
    assert.ok('n' in draftOf().data && Object.hasOwn(draftOf().data, 'n') && !('m' in draftOf().data))
  })

  it('gives the same value each time it is asked for', () => {
    const { data } = draftOf()
    assert.equal(data.cart, data.cart)
    assert.equal({ ...data }.cart, data.cart)
  })

  it('costs nothing under keys that nobody touches', () => {
    const { codec, work } = counting()
    const draft = new Draft(codec, () => ({ theme: 'light' }), stored())
    assert.equal(draft.data.n, 1)
    assert.equal(draft.isChanged(), false)
    draft.data.m = 2
    assert.deepEqual(draft.encode(), new Map([...stored(), ['theme', '"light"'], ['m', '2']]))
    assert.deepEqual(work, ['decode 1', 'encode n', 'encode n', 'encode theme', 'encode m'])
  })

  const changes: [string, (data: Values) => void, string[]][] = [
    ['an assignment', (data) => Object.assign(data, { n: 2 }), ['n']],
    ['a new key', (data) => Object.assign(data, { m: undefined }), ['m']],
    ['a deletion', (data) => delete data.cart, ['cart']],
    ['a change within', (data) => (data.cart as string[]).push('coat'), ['cart']],
    [
      'another type of the same spelling',
      (data) => Object.assign(data, { since: '1970-01-01T00:00:00.000Z' }),
      ['since'],
    ],
    ['Object.defineProperty', (data) => Object.defineProperty(data, 'n', { value: 2, enumerable: true }), ['n']],
    ['a change within a frozen object', (data) => (Object.freeze(data).cart as string[]).push('coat'), ['cart']],
    ['an assignment to a sealed object', (data) => Object.assign(Object.seal(data), { n: 2 }), ['n']],
  ]
  for (const [what, change, keys] of changes) {
    it(`shows ${what}`, () => {
      const draft = draftOf()
      change(draft.data)
      assert.deepEqual([draft.isChanged(), draft.changedKeys()], [true, keys])
      const again = new Draft(codec, () => ({}), draft.encode())
      assert.deepEqual({ ...again.data }, { ...draft.data })
    })
  }

  it('is unchanged when what was changed is changed back, or another key order is all', () => {
    const draft = draftOf()
    draft.data.n = 2
    draft.data.n = 1
    const { cart } = draft.data
    delete draft.data.cart
    draft.data.cart = cart
    assert.deepEqual([draft.isChanged(), draft.changedKeys()], [false, []])
  })

  it('has initial values where nothing is stored, and none of them is a change by itself', () => {
    let made = 0
    const draft = draftOf(() => ({ n: 9, list: [], serial: ++made }))
    assert.deepEqual({ ...draft.data }, { ...values, list: [], serial: 1 })
    assert.equal(draft.isChanged(), false)
    ;(draft.data.list as number[]).push(1)
    assert.deepEqual(draft.changedKeys(), ['list'])
    assert.deepEqual(new Draft(codec, () => ({ a: 1 })).encode(), new Map([['a', '1']]))
  })

  it('starts anew with the keys that are kept, and what is initial is no change', () => {
    let made = 0
    const draft = draftOf(() => ({ n: 0, serial: ++made }))
    draft.startAnew([])
    assert.deepEqual([{ ...draft.data }, draft.isChanged()], [{ n: 0, serial: 1 }, false])
    const other = draftOf(() => ({ n: 0 }))
    other.startAnew(['cart'])
    assert.deepEqual([{ ...other.data }, other.changedKeys()], [{ n: 0, cart: ['hat'] }, ['cart']])
  })

  it('keeps the object that a handler holds through a save', () => {
    const draft = draftOf()
    const { data } = draft
    data.n = 2
    draft.rebase(new Map([['n', '3']]))
    assert.deepEqual([{ ...data }, draft.isChanged()], [{ n: 3 }, false])
  })

  it('says which key can’t be decoded, when someone asks for it', () => {
    const draft = draftOf(undefined, new Map([...stored(), ['spoilt', '{']]))
    assert.equal(draft.data.n, 1)
    assert.throws(() => draft.data.spoilt, /ERR_SESSION_DATA: what is stored as data\.spoilt can't be decoded/)
    assert.equal(draft.isChanged(), false)
    draft.data.spoilt = 'mended'
    assert.deepEqual(draft.changedKeys(), ['spoilt'])
  })
})
