import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cacheLimiterHeaders } from './cache-limiter.ts'
import { readSettings } from './ini-settings.ts'

const now = Date.UTC(2026, 10, 23, 7, 56, 28)
const lastModified = new Date(Date.UTC(2025, 0, 2, 3, 4, 5))
const lines = (cacheLimiter: string, cacheExpire = 180): string[] =>
  cacheLimiterHeaders(readSettings({ cacheLimiter, cacheExpire, lastModified }), now).map(
    ([name, value]) => `${name}: ${value}`,
  )

describe('the cache limiter', () => {
  for (const [limiter, expected] of [
    [
      'nocache',
      [
        'expires: Thu, 19 Nov 1981 08:52:00 GMT',
        'cache-control: no-store, no-cache, must-revalidate',
        'pragma: no-cache',
      ],
    ],
    [
      'private',
      [
        'expires: Thu, 19 Nov 1981 08:52:00 GMT',
        'cache-control: private, max-age=10800',
        'last-modified: Thu, 02 Jan 2025 03:04:05 GMT',
      ],
    ],
    ['private_no_expire', ['cache-control: private, max-age=10800', 'last-modified: Thu, 02 Jan 2025 03:04:05 GMT']],
    [
      'public',
      [
        'expires: Mon, 23 Nov 2026 10:56:28 GMT',
        'cache-control: public, max-age=10800',
        'last-modified: Thu, 02 Jan 2025 03:04:05 GMT',
      ],
    ],
    ['', []],
    ['nonsense', []],
  ] as const) {
    it(`${JSON.stringify(limiter)} sends PHP’s lines`, () => assert.deepEqual(lines(limiter), expected))
  }

  it('is known in capitals too', () => assert.deepEqual(lines('NoCache'), lines('nocache')))

  it('counts in minutes', () => assert.equal(lines('private_no_expire', 1)[0], 'cache-control: private, max-age=60'))

  it('names the day when the program was changed, unless another is given', () => {
    const headers = cacheLimiterHeaders(readSettings({ cacheLimiter: 'private' }), now)
    assert.match(headers.at(-1)!.join(': '), /^last-modified: \w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/)
  })
})
