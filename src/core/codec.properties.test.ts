import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hostileText } from '../../test/fuzz/arbitraries.ts'
import { isSameValue } from '../../test/fuzz/targets/same-value.ts'
import { codec } from './codec.ts'

/** In devalue's format a value is a list of its parts, which name each other by their places: here, any places. */
const place = fc.oneof(fc.nat({ max: 6 }), fc.integer({ min: -8, max: -1 }), fc.constantFrom(0.5, 1e9, 4_294_967_295))
const type = fc.constantFrom(
  'Date',
  'Map',
  'Set',
  'BigInt',
  'null',
  'Object',
  'RegExp',
  'URL',
  'View',
  'ArrayBuffer',
  'Uint8Array',
  'Float64Array',
  'BigInt64Array',
  'DataView',
  '__proto__',
  'constructor',
)
const content = fc.oneof(
  place,
  hostileText,
  fc.constantFrom('AQL/', '2026-11-24T00:00:00.000Z', '18446744073709551616'),
)
const part = fc.oneof(
  hostileText,
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(place),
  fc.tuple(type, content),
  fc.tuple(type, content, content, content),
  fc.dictionary(hostileText, place),
)
const flattened = fc.array(part, { minLength: 1, maxLength: 7 }).map((parts) => `~${JSON.stringify(parts)}`)

describe('a stored value in any form that the format could have', () => {
  it('is refused, or is one that is kept as it is', () => {
    let kept = 0
    fc.assert(
      fc.property(flattened, (text) => {
        let value: unknown
        try {
          value = codec.decode(text)
        } catch (error) {
          return assert.ok(error instanceof Error)
        }
        kept += 1
        assert.ok(isSameValue(codec.decode(codec.encode(value, 'key')), value))
      }),
      { numRuns: 1_000 },
    )
    assert.ok(kept > 100, `${kept} of 1,000 were values`)
  })

  it('changes nothing that other values inherit', () => {
    const before = [Object.prototype, Array.prototype].map((prototype) => Reflect.ownKeys(prototype))
    const json = fc
      .jsonValue({ maxDepth: 3 })
      .map((value) => JSON.stringify({ __proto: value }).replace('__proto', '__proto__'))
    fc.assert(
      fc.property(fc.oneof(flattened, json), (text) => {
        try {
          codec.decode(text)
        } catch {
          // Refused.
        }
      }),
    )
    const after = [Object.prototype, Array.prototype].map((prototype) => Reflect.ownKeys(prototype))
    assert.deepEqual(after, before)
  })
})
