import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { likeOneOf, randomnessOf } from './randomness.ts'

const many = (make: (index: number) => string): string[] => Array.from({ length: 2_000 }, (_, index) => make(index))

describe('the randomness of ids', () => {
  it('is that of their bytes, in any of the usual encodings', () => {
    for (const encoding of ['hex', 'base64url'] as const) {
      const found = randomnessOf(many(() => randomBytes(24).toString(encoding)))
      assert.ok(found.bits > 180 && found.bits <= 192, `${encoding}: ${found.bits}`)
      assert.ok(found.worst.sigma < 6, `${encoding}: ${found.worst.sigma}`)
      assert.deepEqual([found.duplicates, found.prefix, found.suffix], [0, '', ''])
    }
  })

  it('is less than 128 bits for a UUID, which has fixed ones', () => {
    const { bits } = randomnessOf(many(() => randomUUID()))
    assert.ok(bits > 118 && bits < 123, String(bits))
  })

  it('is little where ids are counted, whatever they are made to look like', () => {
    const { bits } = randomnessOf(many((index) => Buffer.alloc(32, String(index)).toString('hex')))
    assert.ok(bits < 128, String(bits))
  })

  it('shows what all ids begin and end with, and which came twice', () => {
    const found = randomnessOf(['s%3Aabc.sig', 's%3Axyz.sig', 's%3Aabc.sig'])
    assert.deepEqual([found.prefix, found.suffix, found.duplicates], ['s:', '.sig', 1])
  })

  it('shows a bit that is not one in half of the ids', () => {
    const biased = many((index) => {
      const bytes = randomBytes(16)
      if (index % 3 === 0) bytes[7]! |= 0x10
      return bytes.toString('hex')
    })
    const { worst } = randomnessOf(biased)
    assert.deepEqual([worst.position, worst.sigma > 10], [7 * 8 + 0, true])
  })
})

describe('an id like those that were issued', () => {
  it('has their length and characters, and is none of them', () => {
    const issued = many(() => `v1.${randomBytes(16).toString('hex')}`)
    const forged = likeOneOf(issued)
    assert.match(forged, /^v1\.[0-9a-fv]{32}$/)
    assert.ok(!issued.includes(forged))
  })
})
