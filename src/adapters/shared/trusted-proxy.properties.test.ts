import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { hostileText, oneStepFrom } from '../../../test/fuzz/arbitraries.ts'
import { isForwardedHttps, trustedProxies } from './trusted-proxy.ts'

const range = fc.oneof(
  fc.tuple(fc.ipV4(), fc.nat({ max: 32 })).map(([address, bits]) => `${address}/${bits}`),
  fc.tuple(fc.ipV6(), fc.nat({ max: 128 })).map(([address, bits]) => `${address}/${bits}`),
)
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV4().map((each) => `::ffff:${each}`),
  fc.constantFrom('127.0.0.1', '::1', 'fe80::1%eth0'),
)

/** ipaddr.js takes ::1.2.3.4 for ::ffff:1.2.3.4, but not as URLs spell it. */
function spelled(text: string): string {
  const plain = text.replace(/%.*/s, '')
  return isIP(plain) === 6 ? new URL(`http://[${plain}]`).hostname.slice(1, -1) : plain
}

/** An IPv4 address is also the IPv6 address that it is mapped to: ::/0 holds both kinds. */
function isWithin(text: string, ranges: readonly string[]): boolean {
  const peer = ipaddr.process(spelled(text))
  const mapped = peer instanceof ipaddr.IPv4 ? peer.toIPv4MappedAddress() : peer
  return ranges.some((each) => {
    const [start = '', bits] = each.split('/')
    const first = ipaddr.parse(spelled(start))
    return [peer, mapped].some((one) => one.kind() === first.kind() && one.match(first, Number(bits)))
  })
}

describe('a proxy', () => {
  it('is trusted when ipaddr.js finds it in the ranges, and not otherwise', () => {
    const near = fc.tuple(fc.array(range, { minLength: 1, maxLength: 3 }), address, fc.boolean())
    fc.assert(
      fc.property(near, ([ranges, any, isStart]) => {
        const peer = isStart ? ranges[0]!.split('/')[0]! : any
        assert.equal(trustedProxies(ranges)(peer), isWithin(peer, ranges))
      }),
      { numRuns: 500 },
    )
  })

  it('is never trusted for an address that is none', () => {
    const isTrusted = trustedProxies(['0.0.0.0/0', '::/0'])
    fc.assert(
      fc.property(fc.oneof(hostileText, oneStepFrom(address)), (text) => {
        if (isIP(text) === 0) assert.equal(isTrusted(text), false)
      }),
    )
  })

  it('is named by an address or a range, or the option is refused', () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, oneStepFrom(range)), (entry) => {
        try {
          trustedProxies([entry])
        } catch (error) {
          return assert.ok(error instanceof TypeError, String(error))
        }
        const [start = '', bits] = entry.split('/')
        assert.ok(entry === 'loopback' || isIP(start) !== 0, entry)
        assert.ok(bits === undefined || Number(bits) <= (isIP(start) === 4 ? 32 : 128), entry)
      }),
    )
  })

  it('has the last word on the scheme', () => {
    const value = fc.oneof(fc.constantFrom('https', 'http', 'HTTPS', ' https', 'wss', ''), hostileText)
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), (values) => {
        const last = values.join(',').split(',').at(-1)!
        assert.equal(isForwardedHttps(values.join(',')), /^\s*https\s*$/i.test(last))
      }),
    )
  })
})
