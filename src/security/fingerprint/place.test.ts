import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { distance, type Location, locateWith } from './place.ts'

const network = '203.0.113.0/24'
const place = (answer: unknown) => locateWith(() => answer as Location, '203.0.113.7', network, 1_000)

describe('locateWith', () => {
  it('keeps country, provider, the degree and whether it is a data centre', async () => {
    const location = { country: 'de', asn: 64_500, latitude: 52.52, longitude: 13.4, isHosting: true }
    const expected = {
      network,
      isLocated: true,
      country: 'DE',
      asn: 64_500,
      point: [53, 13],
      seenAt: 1_000,
      isHosting: true,
    }
    assert.deepEqual(place(location), expected)
    assert.deepEqual(await place(Promise.resolve(location)), expected)
  })

  it('keeps nothing that it can’t use', () => {
    for (const answer of [
      undefined,
      null,
      {},
      { country: '', asn: Number.NaN, latitude: 5 },
      { country: 7, isHosting: 'yes' },
    ])
      assert.deepEqual(place(answer), { network, isLocated: true })
  })

  it('knows nothing of a place where the answer is an error, or does not come', async () => {
    const fails = (): never => {
      throw new Error('no database')
    }
    assert.equal(locateWith(fails, '203.0.113.7', network, 0), undefined)
    assert.equal(await place(Promise.reject(new Error('no database'))), undefined)
    // Keeps the process alive, which the deadline's own timer does not.
    const alive = setInterval(() => {}, 1_000)
    assert.equal(await place(new Promise(() => {})), undefined)
    clearInterval(alive)
  })
})

describe('distance', () => {
  it('is that of a globe', () => {
    const near = (km: number, expected: number): void =>
      assert.ok(Math.abs(km - expected) < 0.01 * expected, `${km} km`)
    near(distance([52.5, 13.4], [35.7, 139.7]), 8_920)
    near(distance([0, 179], [0, -179]), 222)
    near(distance([90, 0], [-90, 50]), 20_015)
    assert.equal(distance([10, 20], [10, 20]), 0)
  })
})
