import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { networkOf, plainAddress } from './network.ts'

const addresses: readonly [address: string | undefined, plain: string | undefined, network: string | undefined][] = [
  ['203.0.113.77', '203.0.113.77', '203.0.113.0/24'],
  ['::ffff:203.0.113.77', '203.0.113.77', '203.0.113.0/24'],
  ['::FFFF:cb00:714d', '203.0.113.77', '203.0.113.0/24'],
  ['127.0.0.1', '127.0.0.1', '127.0.0.0/24'],
  ['2001:DB8:aaaa:1:0:0:0:1', '2001:db8:aaaa:1::1', '2001:db8:aaaa::/48'],
  ['2001:db8:aaaa:ffff:1:2:3:4', '2001:db8:aaaa:ffff:1:2:3:4', '2001:db8:aaaa::/48'],
  ['::1', '::1', '::/48'],
  ['fe80::1%eth0', 'fe80::1', 'fe80::/48'],
  ['203.0.113.077', undefined, undefined],
  ['203.0.113', undefined, undefined],
  ['0x7f.1', undefined, undefined],
  ['1', undefined, undefined],
  ['203.0.113.7:80', undefined, undefined],
  ['[::1]', undefined, undefined],
  ['unknown', undefined, undefined],
  ['1'.repeat(100_000), undefined, undefined],
  ['', undefined, undefined],
  [undefined, undefined, undefined],
]

describe('an address', () => {
  for (const [address, plain, network] of addresses)
    it(`${address?.slice(0, 40)} is ${plain} of ${network}`, () =>
      assert.deepEqual([plainAddress(address), networkOf(address)], [plain, network]))
})
