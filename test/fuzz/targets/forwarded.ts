import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { isIP, Socket } from 'node:net'
import { SessionError, type SessionId, Sessions, type Version } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { memoryStore } from 'coatcheck/stores/memory'
import ipaddr from 'ipaddr.js'
import { recordIdOf } from '../../http/tickets.ts'
import type { Target } from '../engine/target.ts'
import { bodyOf, fieldsOf } from './record-text.ts'
import { connections, now, ticketOf } from './visiting.ts'

const trustProxy = ['loopback', '10.0.0.0/8', '192.0.2.7', 'fd00::/8', '2001:db8::/33']
const ranges = ['127.0.0.0/8', '::1/128', '10.0.0.0/8', '192.0.2.7/32', 'fd00::/8', '2001:db8::/33'].map((range) =>
  ipaddr.parseCIDR(range),
)
const users = ['over https', 'over http'] as const

/**
 * What a proxy says of a request, on a line each: the peer's address, X-Forwarded-Proto, Host, X-Forwarded-For. Only a peer in the ranges makes
 * the connection count as https, and so the `__Host-` cookie.
 */
export async function open(): Promise<Target> {
  const store = memoryStore()
  const sessions = new Sessions({ store, clock: () => now, cleanupInterval: false })
  for (const [index, { name }] of connections.entries()) {
    const user = users[index]!
    const id = recordIdOf(name, ticketOf(user).value) as SessionId
    const times = { expiresAt: now + 1_800_000, lastSeenAt: now, openedAt: now }
    const body = Buffer.from(bodyOf(fieldsOf(user), []))
    const record = { id, version: 'version' as Version, ...times, userId: user, body }
    await store.write(record, undefined, { now, signal: new AbortController().signal })
  }
  const cookie = connections.map(({ name }, index) => `${name}=${ticketOf(users[index]!).value}`).join('; ')
  const opened = (request: object) => sessions.open(request, { mode: 'read-only' }).then(({ userId }) => userId)

  async function run(input: Uint8Array): Promise<string> {
    const [address = '', proto = '', host = '', list = ''] = Buffer.from(input).toString('latin1').split('\n')
    const request = new IncomingMessage(socketFrom(address))
    const headers = { host, cookie, 'x-forwarded-proto': proto, 'x-forwarded-for': list }
    Object.assign(request.headers, headers)
    const opening = new Promise<string | undefined>((resolve, reject) => {
      coatcheck(sessions, (visited) => void opened(visited).then(resolve, reject), { trustProxy })(
        request,
        new ServerResponse(request) as Parameters<ReturnType<typeof coatcheck>>[1],
      )
    })
    const isSecure =
      isTrusted(address) &&
      proto
        .slice(proto.lastIndexOf(',') + 1)
        .trim()
        .toLowerCase() === 'https'
    try {
      const user = await opening
      assert.equal(user, isSecure ? users[0] : host.endsWith(':3000') ? users[1] : undefined)
      return `${isSecure} ${user}`
    } catch (error) {
      assert.ok(error instanceof SessionError && !isSecure, String(error))
      return error.code
    }
  }

  return { seeds, words, separator: '\n', maxBytes: 8_192, run }
}

function socketFrom(address: string): Socket {
  return Object.defineProperty(new Socket(), 'remoteAddress', { value: address })
}

/** By another library's reading of addresses. */
function isTrusted(address: string): boolean {
  if (isIP(address) === 0) return false
  // An IPv4 address with a zone is none of any network.
  if (/^::ffff:\d.*%/i.test(address)) return false
  // ipaddr.js takes ::10.0.0.1 for ::ffff:10.0.0.1, but not when it is spelled as URLs spell it.
  const spelled =
    isIP(address) === 6 ? new URL(`http://[${address.replace(/%.*/s, '')}]`).hostname.slice(1, -1) : address
  const peer = ipaddr.process(spelled)
  return ranges.some(([range, bits]) => range.kind() === peer.kind() && peer.match(range, bits))
}

const seeds = [
  '127.0.0.1\nhttps\nshop.example\n203.0.113.9',
  '::1\nhttp\nlocalhost:3000\n',
  '::ffff:10.1.2.3\nhttp, https\nshop.example\n203.0.113.9, 10.0.0.1',
  'fd12::1\nhttps,http\n127.0.0.1:3000\n',
  '192.0.2.7\nHTTPS\n[::1]:3000\n2001:db8::1',
  '203.0.113.9\nhttps\nshop.localhost:3000\n10.0.0.1',
  'fe80::1%eth0\nhttps\nlocalhost:3000\n',
  '2001:db8:7fff::1\n https \nlocalhost\n',
]

const words = [
  '::ffff:',
  '::FFFF:7f00:1',
  '::127.0.0.1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::10.0.0.1',
  '0127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f.0.0.1',
  '010.0.0.1',
  '10.0.0.1',
  '11.0.0.0',
  '192.0.2.6',
  '192.0.2.8',
  '2001:db8:8000::',
  'fe00::',
  '%lo',
  '%25eth0',
  '/8',
  'https',
  'HTTPS',
  'https,',
  ',https',
  'wss',
  '\u00a0',
  '\u0000',
  'localhost:3000',
  'localhost.:3000',
  '.localhost',
  ':3000',
  '@localhost:3000',
  '[::1]:3000',
  '[::]',
  '127.0.0.1:3000',
  '\n',
]
