import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Agent } from './observe.ts'
import type { Place } from './place.ts'
import { checkWeights, compareAgents, comparePlaces, defaultWeights, type Signal, scoreOf } from './score.ts'

const hourMs = 3_600_000
const chrome: Agent = {
  isNamed: true,
  browser: 'Chrome',
  version: 140,
  os: 'Windows',
  type: 'desktop',
  language: 'de',
  hasHints: true,
}
const { browser: _, version: __, os: ___, type: ____, ...nameless } = chrome
const unnamed: Agent = { ...nameless, isNamed: false }

describe('what differs between browsers', () => {
  const cases: readonly [what: string, seen: Agent, signals: readonly Signal[], score: number][] = [
    ['nothing', chrome, [], 0],
    ['a newer version', { ...chrome, version: 141 }, [], 0],
    ['an older version', { ...chrome, version: 139 }, ['downgrade'], 20],
    ['another family, whatever its version', { ...chrome, browser: 'Firefox', version: 115 }, ['browser'], 50],
    ['another system', { ...chrome, os: 'macOS' }, ['system'], 60],
    ['a phone', { ...chrome, os: 'Android', type: 'mobile' }, ['system', 'kind'], 100],
    ['a kind that is neither desktop nor phone', { ...chrome, type: 'tv' }, [], 0],
    ['another language', { ...chrome, language: 'fr' }, ['language'], 10],
    ['no client hints', { ...chrome, hasHints: false }, ['hints'], 10],
    ['a program without a name', { ...nameless, hasHints: false }, ['hints', 'browser', 'system'], 120],
    ['no User-Agent header: another browser, and nothing more', unnamed, ['browser'], 50],
  ]
  for (const [what, seen, signals, score] of cases)
    it(`${what}: ${signals.join(', ') || 'nothing'}`, () =>
      assert.deepEqual(
        [compareAgents(chrome, seen), scoreOf(compareAgents(chrome, seen), defaultWeights)],
        [signals, score],
      ))

  it('nothing, where there never was a User-Agent header', () => assert.deepEqual(compareAgents(unnamed, unnamed), []))
  it('between a phone and a tablet: nothing', () => {
    const phone = { ...chrome, os: 'Android', type: 'mobile' }
    assert.deepEqual(compareAgents(phone, { ...phone, type: 'tablet' }), [])
  })
})

describe('what differs between places', () => {
  const now = 100 * hourMs
  const berlin: Place = {
    network: '203.0.113.0/24',
    isLocated: true,
    country: 'DE',
    asn: 1,
    point: [52, 13],
    seenAt: now - 2 * hourMs,
  }
  const other = { ...berlin, network: '198.51.100.0/24', seenAt: now }
  const cases: readonly [what: string, seen: Place, signals: readonly Signal[], score: number][] = [
    ['the same network', berlin, [], 0],
    ['another network of the same provider', other, ['network'], 5],
    ['another network of nobody knows whom', { network: '2001:db8::/48' }, ['network'], 5],
    ['another provider in the same country', { ...other, asn: 2 }, ['provider'], 15],
    ['another provider, the country unknown', { network: other.network, asn: 2 }, ['provider'], 15],
    ['another country', { ...other, asn: 2, country: 'FR', point: [48, 2] }, ['country'], 30],
    ['a country too far away', { ...other, country: 'JP', point: [36, 140] }, ['country', 'travel'], 75],
    ['the same country, too far away', { ...other, point: [40, 30] }, ['network'], 5],
    ['a data centre', { ...other, asn: 2, isHosting: true }, ['provider', 'hosting'], 40],
  ]
  for (const [what, seen, signals, score] of cases)
    it(`${what}: ${signals.join(', ') || 'nothing'}`, () => {
      const found = comparePlaces([berlin], seen, now)
      assert.deepEqual([found, scoreOf(found, defaultWeights)], [signals, score])
    })

  it('nothing, where a place is not known', () => {
    assert.deepEqual(comparePlaces([berlin], undefined, now), [])
    assert.deepEqual(comparePlaces([], other, now), [])
  })

  it('no travel, where there was the time for it', () => {
    const tokyo = { ...other, country: 'JP', point: [36, 140] } as const
    assert.deepEqual(comparePlaces([{ ...berlin, seenAt: now - 9 * hourMs }], tokyo, now), ['country', 'travel'])
    assert.deepEqual(comparePlaces([{ ...berlin, seenAt: now - 10 * hourMs }], tokyo, now), ['country'])
  })

  it('no travel to a country that it was in, or from a place near by, and no second data centre', () => {
    const rented = { ...other, isHosting: true, country: 'JP', point: [36, 140], seenAt: now } as const
    const osaka: Place = { ...rented, network: '192.0.2.0/24', point: [35, 138] }
    assert.deepEqual(comparePlaces([berlin, rented], osaka, now), ['network'])
    const korea: Place = { ...osaka, country: 'KR', point: [37, 137] }
    assert.deepEqual(comparePlaces([berlin, rented], korea, now), ['country'])
  })
})

describe('weights', () => {
  it('are the usual ones but for those given', () => {
    assert.deepEqual(checkWeights({ language: 0 }), { ...defaultWeights, language: 0 })
  })

  it('are numbers of points, of signals that exist', () => {
    assert.throws(() => checkWeights({ lingo: 1 } as object), /weights: there is no signal named "lingo"/)
    for (const points of [-1, Number.NaN, '5' as unknown as number])
      assert.throws(() => checkWeights({ language: points }), /weights.language must be a number of points/)
  })
})
