import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import type { Exchange } from 'coatcheck'
import { describeDevice } from 'coatcheck/security/device'
import type { Target } from '../engine/target.ts'

const inFull = describeDevice({ address: 'full' })
const byNetwork = describeDevice({ address: 'network' })

/** A User-Agent, and on the next line an address: whatever they are, what is kept of them is short, plain, and an address or none. */
export function open(): Target {
  return { seeds, words, separator: '\n', maxBytes: 16_384, run }
}

function run(input: Uint8Array): string {
  const [userAgent = '', address = ''] = Buffer.from(input).toString('latin1').split('\n')
  const device = inFull(exchangeOf(userAgent, address))
  for (const text of [device.browser, device.os, device.type]) {
    assert.match(text ?? '-', /^[\w .()/+!-]{1,64}$/)
  }
  if (device.address !== undefined) {
    assert.notEqual(isIP(device.address), 0, device.address)
    assert.equal(inFull(exchangeOf('', device.address)).address, device.address)
    const { address: network = '' } = byNetwork(exchangeOf('', address))
    assert.match(network, /^[0-9a-f.:]+\/(24|48)$/)
    assert.equal(byNetwork(exchangeOf('', network.split('/')[0]!)).address, network)
  }
  return `${device.browser?.replace(/\d+/, '')} ${device.os} ${device.type} ${isIP(device.address ?? '')}`
}

function exchangeOf(userAgent: string, address: string): Exchange {
  return {
    method: 'GET',
    header: (header) => (header === 'user-agent' ? userAgent : undefined),
    secure: true,
    host: 'shop.example',
    address,
    isAborted: false,
    onClose() {},
  }
}

const seeds = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0\n203.0.113.9',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1\n2001:db8::1',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0\n::ffff:203.0.113.9',
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36\nfe80::1%eth0',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)\n::',
  'curl/8.5.0\n127.1',
]

const words = [
  'Mozilla/5.0 ',
  'Opera Mini/',
  'OPR/',
  'Version/1e9',
  'Chrome/99999999999999999999',
  'Firefox/-1',
  'CriOS/',
  'MSIE 7.0; Trident/',
  'Instagram ',
  '(Windows NT 6.4; ',
  'CPU OS 18_6 like Mac OS X',
  'Android 4.4.4.4.4; ',
  'like Gecko',
  '__proto__',
  'constructor',
  '<script>',
  '()',
  ';',
  ' ',
  '/',
  '\u0000',
  '\xff',
  '0x7f.1',
  '2130706433',
  '010.0.0.1',
  '::ffff:0:1',
  '64:ff9b::203.0.113.9',
  '::1',
  '%',
  '/24',
  '\n',
]
