import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parse } from 'hono/utils/cookie'
import { Cookie } from 'tough-cookie'
import { hostileText } from '../../test/fuzz/arbitraries.ts'
import { cookieValues, planCookie } from './cookie.ts'

const name = '__Host-sid'
const blank = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 })
/** RFC 6265bis §4.1.1, without the percent sign, which others decode. */
const octets = fc.string({ unit: fc.constantFrom(..."!#$&'()*+-./0123456789:<=>?@AZ[]^_`az{|}~") })
const token = fc.string({ unit: fc.constantFrom(...'!#$&*+-.^_`|~09AZaz'), minLength: 1 })
/** Names that are nearly ours. */
const nearly = fc.constantFrom(
  '__Host-si',
  '__Host-sid2',
  '_Host-sid',
  'x__Host-sid',
  '__host-sid',
  '__HOST-SID',
  '%5F%5FHost-sid',
  '__Host-sid\u0000',
  '\u00a0__Host-sid',
  '__Host-sid\v',
  '__Host -sid',
  '"__Host-sid"',
  '',
)

describe('every value that a Cookie header gives a name', () => {
  it('is found, in order, whatever stands beside it, and nothing else is', () => {
    const pair = fc.oneof(
      fc.record({ of: fc.constant(name), value: octets }),
      fc.record({ of: nearly, value: octets }),
      fc.record({ of: token.filter((other) => other !== name), value: octets }),
    )
    const spaced = fc.tuple(pair, blank, blank, blank, blank)
    fc.assert(
      fc.property(fc.array(spaced), (pairs) => {
        const header = pairs.map(([{ of, value }, a, b, c, d]) => `${a}${of}${b}=${c}${value}${d}`).join(';')
        const expected = pairs.flatMap(([{ of, value }]) => (of === name ? [value] : []))
        assert.deepEqual(cookieValues(header, name), expected)
      }),
    )
  })

  it('is what Hono and tough-cookie read of a header by the grammar', () => {
    const pair = fc.tuple(fc.oneof(fc.constant(name), token), octets)
    fc.assert(
      fc.property(fc.array(pair, { minLength: 1 }), ([first, ...rest]) => {
        const pairs = [first!, ...rest].map(([of, value]) => `${of}=${value}`)
        const [of] = first!
        const [value] = cookieValues(pairs.join('; '), of)
        assert.equal(value, parse(pairs.join('; '), of)[of])
        assert.equal(value, Cookie.parse(pairs[0]!)?.value)
      }),
    )
  })

  it('stands in the header as it is, behind the name, without blanks around it', () => {
    const piece = fc.oneof(hostileText, fc.constantFrom(name, `${name}=`, ';', '=', '; '))
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const header = pieces.join('')
        for (const value of cookieValues(header, name)) {
          assert.ok(header.includes(value) && header.includes(name) && !value.includes(';'))
          assert.doesNotMatch(value, /^[ \t]|[ \t]$/)
        }
      }),
    )
  })
})

describe('the cookie for a host', () => {
  it('is, over plain http, one for this machine or none', () => {
    const part = fc.constantFrom(
      'localhost',
      '.localhost',
      '127.0.0.1',
      '[::1]',
      ':',
      ':3000',
      '@',
      '.',
      'example',
      ' ',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(part, hostileText)), (parts) => {
        const host = parts.join('')
        const plan = planCookie('sid', false, host)
        if (!plan) return
        assert.match(host, /^((.*\.)?localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/is)
        assert.match(plan.name, /^sid-\d+$/)
      }),
    )
  })
})
