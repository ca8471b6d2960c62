import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fakeClock } from './fake-clock.ts'

describe('fakeClock', () => {
  it('stands still until it is moved', () => {
    const { now } = fakeClock()
    assert.equal(now(), Date.parse('2030-01-01T00:00:00Z'))
    assert.equal(now(), Date.parse('2030-01-01T00:00:00Z'))
  })

  it('starts where it is told', () => {
    assert.equal(fakeClock(5).now(), 5)
    assert.equal(fakeClock(new Date('2001-02-03T04:05:06Z')).now(), Date.parse('2001-02-03T04:05:06Z'))
  })

  it('advances by durations, and is set to a moment, an earlier one too', () => {
    const clock = fakeClock(0)
    clock.advance('90s')
    clock.advance(5)
    assert.equal(clock.now(), 90_005)
    clock.set(new Date(7))
    assert.equal(clock.now(), 7)
    clock.set(3)
    assert.equal(clock.now(), 3)
  })

  it('refuses what is no duration and no moment', () => {
    const clock = fakeClock(0)
    assert.throws(() => clock.advance(-1), TypeError)
    assert.throws(() => clock.advance('1 minute' as '1m'), TypeError)
    assert.throws(() => clock.set(Number.NaN), TypeError)
    assert.throws(() => fakeClock(new Date('never')), TypeError)
    assert.equal(clock.now(), 0)
  })
})
