import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkCookieName, cookieValues, planCookie, setCookie } from './cookie.ts'

describe('planCookie', () => {
  it('takes the __Host- prefix over https, on any host', () => {
    assert.deepEqual(planCookie('sid', true, 'shop.example'), { name: '__Host-sid', secure: true })
    assert.deepEqual(planCookie('sid', true, 'localhost:3000'), { name: '__Host-sid', secure: true })
  })

  for (const [host, name] of [
    ['localhost:3000', 'sid-3000'],
    ['LOCALHOST:3000', 'sid-3000'],
    ['127.0.0.1', 'sid-80'],
    ['127.8.8.8:81', 'sid-81'],
    ['[::1]:8080', 'sid-8080'],
    ['app.localhost:5', 'sid-5'],
  ] as const) {
    it(`carries the port over http on ${host}`, () =>
      assert.deepEqual(planCookie('sid', false, host), { name, secure: false }))
  }

  for (const host of [
    'shop.example',
    'localhost.evil.example',
    'evil-localhost',
    '10.0.0.1:3000',
    '',
    '[::2]',
    '127.0.0.1.evil.example',
    'localhost:3000:4',
    'localhost:x',
  ]) {
    it(`has none over http on ${JSON.stringify(host)}`, () => assert.equal(planCookie('sid', false, host), undefined))
  }
})

describe('cookieValues', () => {
  it('finds every value of exactly this name', () => {
    assert.deepEqual(cookieValues('a=1; sid=x;sid=y ;\tsid\t=\tz; xsid=no; sid2=no; SID=no', 'sid'), ['x', 'y', 'z'])
  })

  for (const header of ['%73id=x', 's%69d=x', '..sid=x', '\u00a0sid=x', '__HOST-sid=x', 'sid', '=sid', 'other=sid=x']) {
    it(`finds nothing in ${JSON.stringify(header)}`, () => assert.deepEqual(cookieValues(header, 'sid'), []))
  }

  it('keeps quotes and percent signs as they came', () => {
    assert.deepEqual(cookieValues('sid="a%20b"', 'sid'), ['"a%20b"'])
  })

  it('survives any header', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (header) => Array.isArray(cookieValues(header, 'sid'))))
    assert.deepEqual(cookieValues(undefined, 'sid'), [])
  })
})

describe('setCookie', () => {
  it('says everything that a browser could guess wrong', () => {
    assert.equal(
      setCookie({ name: '__Host-sid', secure: true }, 'v', 'Lax'),
      '__Host-sid=v; Path=/; HttpOnly; SameSite=Lax; Secure',
    )
    assert.equal(
      setCookie({ name: 'sid-3000', secure: false }, '', 'Strict', 0),
      'sid-3000=; Path=/; HttpOnly; SameSite=Strict; Expires=Thu, 01 Jan 1970 00:00:00 GMT',
    )
  })

  it('stays within the 400 days that browsers allow', () => {
    assert.match(setCookie({ name: 'sid', secure: true }, 'v', 'Lax', 1e10), /Max-Age=34560000$/)
  })
})

describe('checkCookieName', () => {
  for (const name of ['', 'a b', 'a;b', 'a=b', 'a\r\nb', 'ä', '__Host-sid', '__Secure-sid', '__http-sid']) {
    it(`refuses ${JSON.stringify(name)}`, () => assert.throws(() => checkCookieName(name), TypeError))
  }
  it('takes a token', () => checkCookieName('shop.sid_1'))
})
