import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readUserAgent } from './user-agent.ts'

const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)'
const mac = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)'
const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
const android = 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)'

describe('readUserAgent', () => {
  const said: readonly [string, ReturnType<typeof readUserAgent>][] = [
    [`${windows} Chrome/140.0.0.0 Safari/537.36`, { browser: 'Chrome', version: 140, os: 'Windows', type: 'desktop' }],
    [
      `${windows} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.3537.57`,
      { browser: 'Microsoft Edge', version: 141, os: 'Windows', type: 'desktop' },
    ],
    [
      'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0',
      { browser: 'Firefox', version: 143, os: 'Linux', type: 'desktop' },
    ],
    [`${mac} Version/18.5 Safari/605.1.15`, { browser: 'Safari', version: 18, os: 'macOS', type: 'desktop' }],
    [
      `${iphone} Version/18.5 Mobile/15E148 Safari/604.1`,
      { browser: 'Safari', version: 18, os: 'iOS', type: 'mobile' },
    ],
    [
      `${iphone} CriOS/140.0.7339.39 Mobile/15E148 Safari/604.1`,
      { browser: 'Chrome', version: 140, os: 'iOS', type: 'mobile' },
    ],
    [
      `${android} Chrome/140.0.0.0 Mobile Safari/537.36`,
      { browser: 'Chrome', version: 140, os: 'Android', type: 'mobile' },
    ],
    [`${android} Chrome/140.0.0.0 Safari/537.36`, { browser: 'Chrome', version: 140, os: 'Android', type: 'tablet' }],
    ['curl/8.5.0', {}],
    ['python-requests/2.31', {}],
    ['', {}],
    ['   ', {}],
  ]
  for (const [header, expected] of said)
    it(`reads ${JSON.stringify(header.slice(-40))}`, () => assert.deepEqual(readUserAgent(header), expected))

  it('reads nothing from a header that is not there', () => assert.deepEqual(readUserAgent(undefined), {}))

  it('takes no name from the header that it does not know', () => {
    for (const header of ['<script>/1.0 ', 'alice@example.org/3.2 x', 'Mozilla/5.0 (constructor; __proto__) a/1.0'])
      assert.equal(readUserAgent(header).browser, undefined, header)
  })

  it('takes no number for a version that no browser has', () => {
    assert.deepEqual(readUserAgent(`Chrome/${'9'.repeat(400)}`), { browser: 'Chrome' })
  })

  it('stands whatever is sent, and looks at 512 characters of it', () => {
    for (const part of [
      '(',
      '\0',
      'Version/',
      'Mozilla/5.0 (',
      '1.',
      'Android ',
      '\ud800',
      'é',
      '{"a":',
      '%',
      '\u2028',
    ])
      assert.equal(typeof readUserAgent(part.repeat(20_000)), 'object')
    assert.deepEqual(readUserAgent(`${' '.repeat(512)}Chrome/140.0 Windows`), {})
  })
})
