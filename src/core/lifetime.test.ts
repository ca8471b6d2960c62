import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Duration, expiryOf, milliseconds } from './lifetime.ts'

describe('milliseconds', () => {
  for (const [duration, ms] of [
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['1.5s', 1_500],
    ['90d', 7_776_000_000],
    ['5ms', 5],
    [250, 250],
  ] as [Duration, number][]) {
    it(`reads ${duration}`, () => assert.equal(milliseconds('idleTimeout', duration), ms))
  }

  it('names the option that is wrong, and what is wrong with it', () => {
    assert.throws(() => milliseconds('idleTimeout', -5), new TypeError('idleTimeout must be positive, got -5'))
    assert.throws(() => milliseconds('lock.wait', '0s'), new TypeError('lock.wait must be positive, got 0s'))
    assert.throws(() => milliseconds('idleTimeout', Number.POSITIVE_INFINITY), /must be positive/)
    assert.throws(() => milliseconds('idleTimeout', Number.NaN), /must be a duration/)
    assert.throws(
      () => milliseconds('idleTimeout', '30 minutes' as Duration),
      /must be a duration such as '30m' or 1800000, got 30 minutes/,
    )
  })
})

describe('expiryOf', () => {
  it('is cut off at the absolute deadline', () => {
    assert.equal(expiryOf({ idleMs: 10, absoluteMs: 100 }, 1_000, 1_100), 1_010)
    assert.equal(expiryOf({ idleMs: 10, absoluteMs: 100 }, 1_095, 1_100), 1_100)
  })
})
