import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deviationsOf, readStrictly } from './set-cookie-grammar.ts'

function codes(line: string): string[] {
  return readStrictly(line).deviations.map(({ code }) => code)
}

describe('a Set-Cookie line', () => {
  it('is taken apart', () => {
    const line = '__Host-sid=a=b; Path=/; Secure; Max-Age=60; Partitioned'
    assert.deepEqual(readStrictly(line), {
      name: '__Host-sid',
      value: 'a=b',
      attributes: [
        ['Path', '/'],
        ['Secure', undefined],
        ['Max-Age', '60'],
        ['Partitioned', undefined],
      ],
      deviations: [],
    })
  })

  it('may be all of these', () => {
    for (const line of [
      'a=',
      'a="quoted"',
      'a=1;Path=/',
      'a=1; expires=Sun, 06 Nov 1994 08:49:37 GMT; path=/x y; DOMAIN=www.shop.example; samesite=lax',
      'a=1; Domain=3com.example; Max-Age=1; HttpOnly; Secure; SameSite=None',
      `a=${'x'.repeat(4095)}`,
    ]) {
      assert.deepEqual(readStrictly(line).deviations, [], line)
    }
  })

  for (const [line, expected] of [
    ['=1', 'no-name'],
    ['flag', 'no-name'],
    ['a b=1', 'name'],
    ['é=1', 'name'],
    ['a=x y', 'value'],
    ['a=x\\y', 'value'],
    ['a="x', 'value'],
    ['a=\x07', 'value'],
    ['a=\xe9', 'value'],
    ['a=x,y', 'value'],
    ['a=1, b=2', 'folded'],
    ['a=1; Path=/, b=2; Path=/', 'duplicate-attribute'],
    ['a =1', 'bad-blank'],
    ['a=1 ; Secure', 'bad-blank'],
    ['a=1; Path =/', 'bad-blank'],
    ['a=1; Secure ', 'bad-blank'],
    ['a=1; Path=/\x01', 'octet'],
    ['a=1; Expires=Sunday, 06-Nov-94 08:49:37 GMT', 'expires'],
    ['a=1; Expires=Mon, 06 Nov 1994 08:49:37 GMT', 'expires'],
    ['a=1; Expires=never', 'expires'],
    ['a=1; Expires=Invalid Date', 'expires'],
    ['a=1; Max-Age=0', 'max-age'],
    ['a=1; Max-Age=-1', 'max-age'],
    ['a=1; Max-Age', 'max-age'],
    ['a=1; Domain=.shop.example', 'domain'],
    ['a=1; Domain=', 'domain'],
    ['a=1; Domain=shop_example', 'domain'],
    ['a=1; SameSite', 'same-site'],
    ['a=1; SameSite=lacks', 'same-site'],
    ['a=1; Secure=true', 'flag-value'],
    ['a=1; HttpOnly=', 'flag-value'],
    ['a=1; Path=/; path=/a', 'duplicate-attribute'],
    [`a=${'x'.repeat(4096)}`, 'too-long'],
    [`a=1; Path=/${'x'.repeat(1024)}`, 'too-long'],
  ] as const) {
    it(`${JSON.stringify(line.slice(0, 60))} has the fault ${expected}, and no other`, () => {
      assert.deepEqual(codes(line), [expected])
    })
  }

  it('has its faults told without its value', () => {
    const [deviation] = readStrictly('sid=top secret').deviations
    assert.equal(deviation?.message, 'the value has 0x20 in it')
  })

  it('is read in no time, however long and blank', () => {
    const blanks = ' \t'.repeat(100_000)
    for (const line of [
      `a=${blanks}x`,
      `a=1;${blanks}x${blanks}`,
      `a=1; Path${blanks}`,
      `a,${blanks}b`,
      ', a'.repeat(50_000),
    ]) {
      assert.notEqual(readStrictly(line).deviations.length, 0)
    }
  })

  it('must not come twice for one name in a response', () => {
    assert.deepEqual(deviationsOf(['a=1', 'b=1', 'a=2']), [
      { code: 'same-name-twice', message: 'the response sets "a" twice', cookie: 'a' },
    ])
  })
})
