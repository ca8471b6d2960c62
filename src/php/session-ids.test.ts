import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createSessionId, cutAtNul, isDangerousId } from './session-ids.ts'

describe('a new session id', () => {
  for (const [bits, alphabet] of [
    [4, '0123456789abcdef'],
    [5, '0123456789abcdefghijklmnopqrstuv'],
    [6, '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-,'],
  ] as const) {
    it(`of ${bits} bits per character has each of PHP’s ${alphabet.length} characters about as often`, () => {
      const counts = new Map([...alphabet].map((character) => [character, 0]))
      for (let round = 0; round < 1000; round++) {
        for (const character of createSessionId(32, bits)) counts.set(character, counts.get(character)! + 1)
      }
      assert.equal(counts.size, alphabet.length)
      const expected = 32_000 / alphabet.length
      for (const [character, count] of counts) {
        assert.ok(Math.abs(count - expected) < 7 * Math.sqrt(expected), `${character}: ${count} of about ${expected}`)
      }
    })
  }

  it('is as long as asked', () => {
    for (const length of [22, 26, 32, 33, 256])
      for (const bits of [4, 5, 6]) assert.equal(createSessionId(length, bits).length, length)
  })

  it('is never the same twice', () => {
    assert.equal(new Set(Array.from({ length: 10_000 }, () => createSessionId(22, 4))).size, 10_000)
  })
})

describe('a presented id', () => {
  it('is dropped for what could break a page', () => {
    assert.deepEqual(
      ['a\r', 'a\n', 'a\t', 'a b', '<a', 'a>', "a'", 'a"', 'a\\', 'a_b/../c', 'abc,-'].map(isDangerousId),
      [true, true, true, true, true, true, true, true, true, false, false],
    )
  })

  it('ends at NUL', () => assert.deepEqual(['a\0b', '\0', 'ab'].map(cutAtNul), ['a', '', 'ab']))
})
