import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Memory } from './memory.ts'

it('remembers for a minute, and that value only', () => {
  const memory = new Memory()
  memory.remember('a', 'one', 0)
  assert.deepEqual(
    [
      memory.isKnown('a', 'one', 59_999),
      memory.isKnown('a', 'one', 60_000),
      memory.isKnown('a', 'two', 0),
      memory.isKnown('b', 'one', 0),
    ],
    [true, false, false, false],
  )
})

it('forgets the oldest beyond 10,000', () => {
  const memory = new Memory()
  for (let index = 0; index <= 10_000; index++) memory.remember(String(index), '', 0)
  memory.remember('1', '', 0)
  memory.remember('one more', '', 0)
  const isKnown = (key: string): boolean => memory.isKnown(key, '', 0)
  assert.deepEqual(['0', '1', '2', '3', '10000', 'one more'].map(isKnown), [false, true, false, true, true, true])
})
