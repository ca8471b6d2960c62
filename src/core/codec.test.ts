import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { codec } from './codec.ts'
import type { Values } from './data.ts'
import { SessionError } from './errors.ts'

const roundTrip = (data: Values): Values =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, codec.decode(codec.encode(value, key))]))

describe('codec', () => {
  it('writes plain data as plain JSON that anyone can read', () => {
    assert.equal(codec.encode({ user_id: 1, username: 'alice' }, 'user'), '{"user_id":1,"username":"alice"}')
  })

  it('gives back every type that JSON would lose', () => {
    const data: Values = {
      date: new Date(0),
      map: new Map<unknown, unknown>([['a', new Set([1, 2n])]]),
      bigint: 2n ** 70n,
      bytes: new Uint8Array([1, 2, 255]),
      floats: new Float64Array([1.5, -0, Number.NaN]),
      buffer: new Uint8Array([7]).buffer,
      nothing: undefined,
      list: [undefined, Number.NaN, Number.POSITIVE_INFINITY, -0],
      deep: { when: [new Date(5)] },
      bare: Object.assign(Object.create(null), { a: 1 }),
    }
    assert.deepEqual(roundTrip(data), data)
    assert.ok(Number.isNaN((roundTrip({ invalid: new Date(Number.NaN) }) as { invalid: Date }).invalid.getTime()))
    assert.ok(Object.is((roundTrip({ zero: -0 }) as { zero: number }).zero, -0))
  })

  it('keeps cycles and shared references within one key', () => {
    const self: { name: string; self?: unknown } = { name: 'loop' }
    self.self = self
    const shared = { n: 1 }
    const back = roundTrip({ self, pair: [shared, shared] }) as { self: typeof self; pair: [object, object] }
    assert.equal(back.self.self, back.self)
    assert.equal(back.pair[0], back.pair[1])
  })

  it('writes equal views alike, whatever buffer they are of, and keeps a buffer that two of them share', () => {
    const part = new Uint8Array([9, 1, 2, 9]).subarray(1, 3)
    assert.equal(codec.encode(part, 'a'), codec.encode(new Uint8Array([1, 2]), 'a'))
    const bytes = new Uint8Array(2)
    const shared = [bytes, new Uint16Array(bytes.buffer)]
    const [one, other] = codec.decode(codec.encode(shared, 'a')) as [Uint8Array, Uint16Array]
    one[0] = 7
    assert.deepEqual([one.buffer === other.buffer, other[0]], [true, 7])
  })

  it('stores a view of a larger buffer without its neighbours', () => {
    const pool = new Uint8Array(8192).fill(65)
    const text = codec.encode(pool.subarray(10, 13), 'view')
    assert.ok(text.length < 100, text)
    assert.deepEqual(codec.decode(text), new Uint8Array([65, 65, 65]))
    assert.deepEqual(roundTrip({ f: new Float64Array([1, 2]).subarray(1) }), { f: new Float64Array([2]) })
  })

  const refusals: [string, unknown, string][] = [
    ['a function', { items: [{ run: () => 1 }] }, 'data.cart.items[0].run is a function'],
    ['a symbol', Symbol('s'), 'data.cart is a symbol'],
    ['a class instance', new (class Cart {})(), 'data.cart is an instance of Cart'],
    ['a Buffer, which would come back as a Uint8Array', Buffer.from('x'), 'data.cart is an instance of Buffer'],
    ['an Error', new RangeError('x'), 'data.cart is an instance of RangeError'],
    ['a RegExp', /x/, 'data.cart is an instance of RegExp'],
    ['a promise', Promise.resolve(), 'data.cart is an instance of Promise'],
    ['an array with holes', new Array(3), 'data.cart is an array with holes or named properties'],
    ['an array with named properties', /a/.exec('a'), 'data.cart is an array with holes or named properties'],
    ['a key that is a symbol', { [Symbol('s')]: 1 }, 'data.cart is a key that is a symbol'],
    ['a key named __proto__', JSON.parse('{"a":{"__proto__":1}}'), 'data.cart.a.__proto__ is a key named __proto__'],
    ['a function in a Map', new Map([['f', () => 1]]), 'data.cart.f is a function'],
    ['a function in a Set', new Set([() => 1]), 'data.cart.entry is a function'],
  ]
  for (const [what, cart, message] of refusals) {
    it(`refuses ${what}, naming where it lies`, () => {
      assert.throws(
        () => codec.encode(cart, 'cart'),
        (error) =>
          error instanceof SessionError && error.code === 'ERR_SESSION_DATA' && error.message.includes(message),
      )
    })
  }

  it('refuses nesting that could exhaust the stack, in and out', () => {
    let deep: unknown = 1
    for (let level = 0; level < 300; level++) deep = [deep]
    assert.throws(() => codec.encode(deep, 'deep'), /nesting deeper than 256/)
    assert.throws(() => codec.decode(`${'['.repeat(100_000)}${']'.repeat(100_000)}`))
    assert.throws(() => codec.decode(`${'['.repeat(257)}${']'.repeat(257)}`))
    assert.throws(() => codec.decode(`~[${Array.from({ length: 100_000 }, (_, index) => `[${index + 1}]`)},1]`))
  })

  const hostile = [
    '',
    '{',
    '1 2',
    '{"__proto__":{"admin":true}}',
    '{"a":{"__proto__":{"admin":true}}}',
    '{"a":{"\\u005f_proto__":{"admin":true}}}',
    '~',
    '~{}',
    '~[["Object","x"],1]',
    '~[[-7,4294967295]]',
    '~[["View",1],[2,3],0,4294967295]',
    '~[["View",1],[2,3],99,4],["ArrayBuffer","AAAA"]',
    '~[["Uint8Array",1],4294967295]',
    '~[["BigInt","1e9"]]',
    '~[["RegExp","(a+)+$"]]',
    '~[{"__proto__":1},1]',
    '~[["toString"]]',
    '~99',
    '~null',
  ]
  for (const text of hostile) {
    it(`takes ${JSON.stringify(text)} for damaged, and pollutes nothing`, () => {
      assert.throws(() => codec.decode(text))
      assert.equal(({} as { admin?: unknown }).admin, undefined)
    })
  }

  const value = fc.letrec((tie) => ({
    leaf: fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
      fc.bigInt(),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array(),
      fc.constantFrom('\ud800', '__proto__', 'constructor', '\u2028'),
    ),
    node: fc.oneof(
      { depthSize: 'small' },
      tie('leaf'),
      fc.array(tie('node'), { maxLength: 4 }),
      fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        tie('node'),
        { maxKeys: 4, noNullPrototype: true },
      ),
      fc.array(fc.tuple(tie('leaf'), tie('node')), { maxLength: 3 }).map((entries) => new Map(entries)),
      fc.array(tie('leaf'), { maxLength: 3 }).map((entries) => new Set(entries)),
    ),
  })).node

  it('gives back whatever it accepted, and the same text for it', () => {
    const key = fc.string().filter((name) => name !== '__proto__')
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 5, noNullPrototype: true }), (data) => {
        for (const [key, value] of Object.entries(data)) {
          const text = codec.encode(value, key)
          assert.ok(!text.includes('\n'))
          // What a store keeps is bytes.
          const back = codec.decode(Buffer.from(text).toString())
          assert.deepEqual(back, value)
          assert.equal(codec.encode(back, key), text)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('never crashes on bytes that someone has changed', () => {
    const text = codec.encode([1, { b: 'c' }, new Date(0), new Map([[1, new Set([2n])]]), undefined], 'all')
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(6), fc.string({ maxLength: 6 }), (at, cut, insert) => {
        try {
          codec.decode(text.slice(0, at) + insert + text.slice(at + cut))
        } catch (error) {
          assert.ok(error instanceof Error)
        }
        assert.deepEqual(Object.keys(Object.prototype), [])
      }),
      { numRuns: 3000 },
    )
  })
})
