import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readCookie, setCookieLine } from './cookie-header.ts'
import { type PhpSettings, readSettings } from './ini-settings.ts'

const now = Date.UTC(2026, 10, 23, 7, 55, 50)
const line = (given: PhpSettings, id = 'abc'): string => setCookieLine(readSettings(given), id, now)

describe('the cookie that is sent', () => {
  it('is as short as PHP’s by default', () => assert.equal(line({}), 'PHPSESSID=abc; path=/'))

  it('has everything in PHP’s order', () => {
    const all: PhpSettings = {
      cookieLifetime: 60,
      cookiePath: '/p',
      cookieDomain: 'ex.com',
      cookieSecure: true,
      cookieHttponly: true,
      cookieSamesite: 'Lax',
    }
    assert.equal(
      line(all),
      'PHPSESSID=abc; expires=Mon, 23 Nov 2026 07:56:50 GMT; Max-Age=60; path=/p; domain=ex.com; secure; HttpOnly; SameSite=Lax',
    )
  })

  it('has no path where that is empty', () => assert.equal(line({ cookiePath: '' }), 'PHPSESSID=abc'))

  it('encodes the id as urlencode() does', () => {
    assert.equal(line({}, 'a,b-c_d.e'), 'PHPSESSID=a%2Cb-c_d.e; path=/')
    assert.equal(line({}, "a b~*'()!é"), 'PHPSESSID=a+b%7E%2A%27%28%29%21%C3%A9; path=/')
  })
})

describe('the cookie that is read', () => {
  for (const [header, value, why] of [
    [undefined, undefined, 'no header'],
    ['sid=abc', 'abc', 'alone'],
    ['a=b; sid=abc; c=d', 'abc', 'among others'],
    ['sid=one; sid=two', 'one', 'twice: the first wins'],
    ['sid=a%2Cb', 'a,b', 'percent-encoded'],
    ['sid=a,b', 'a,b', 'not encoded'],
    ['sid=a+b', 'a+b', 'a plus is no space'],
    ['sid=a%4', 'a%4', 'half encoded'],
    ['sid=%C3%A9', '\xc3\xa9', 'bytes beyond ASCII'],
    ['sid=', '', 'empty'],
    ['sid', '', 'without a value'],
    ['sid=a=b', 'a=b', 'with an equals sign'],
    ['sid=abc ; c=d', 'abc ', 'with a space behind'],
    [';;  sid=abc', 'abc', 'with nothing before'],
    ['=sid; sid=abc', 'abc', 'behind one without a name'],
    ['SID=abc', undefined, 'in capitals'],
    ['sid[x]=abc', undefined, 'an array'],
    ['sid=abc; sid[x]=y', undefined, 'an array in its place'],
    ['sid[x]=y; sid=abc', undefined, 'an array first'],
    ['sid[x=y; sid=abc', 'abc', 'beside another name'],
  ] as const) {
    it(`is what PHP finds: ${why}`, () => assert.equal(readCookie(header, 'sid'), value))
  }

  it('is found under the names that PHP makes one of', () => {
    assert.deepEqual(
      ['a_b=1', 'a.b=1', 'a b=1', 'a[b=1'].map((header) => readCookie(header, 'a_b')),
      ['1', '1', '1', '1'],
    )
  })

  it('is none that only becomes __Host- by that', () => {
    assert.equal(readCookie('..Host-sid=evil; __Host-sid=mine', '__Host-sid'), 'mine')
    assert.equal(readCookie('__Host-sid=mine', '__Host-sid'), 'mine')
    assert.equal(readCookie('. Secure-sid=evil', '__Secure-sid'), undefined)
  })
})
