import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agentOf, networkOf } from './client.ts'

describe('who is asking', () => {
  it('is one visitor by all addresses of an IPv6 network, and by both of this machine', () => {
    const addresses = {
      '192.0.2.7': '192.0.2.7',
      '::ffff:192.0.2.7': '192.0.2.7',
      '127.0.0.1': '127.0.0.1',
      '::1': '127.0.0.1',
      '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
      '2001:db8:1:2::9': '2001:db8:1:2::/64',
      '2001:db8::9': '2001:db8::/64',
      'fe80::1%eth0': 'fe80::/64',
      nonsense: 'unknown',
    }
    assert.deepEqual(Object.fromEntries(Object.keys(addresses).map((each) => [each, networkOf(each)])), addresses)
  })

  it('is named by browser and system, without a version', () => {
    const agents = {
      'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0': 'Firefox on Linux',
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15':
        'Safari on macOS',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/140.0 Mobile Safari/604.1':
        'Chrome on iOS',
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0':
        'Microsoft Edge on Windows',
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36':
        'Chrome on Android',
      'curl/8.14.1': 'an unknown client',
      '': 'an unknown client',
    }
    assert.deepEqual(Object.fromEntries(Object.keys(agents).map((each) => [each, agentOf(each)])), agents)
  })
})
