import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { SessionError, type SessionId, Sessions, type Version } from 'coatcheck'
import { csrf } from 'coatcheck/security/csrf'
import { memoryStore } from 'coatcheck/stores/memory'
import { recordIdOf } from '../../http/tickets.ts'
import type { Target } from '../engine/target.ts'
import { bodyOf, fieldsOf } from './record-text.ts'
import { connections, now, ticketOf } from './visiting.ts'

const [{ name }] = connections
const { value: ticket, sid } = ticketOf('alice')
const trusted = 'https://pay.example'
const fields = ['sec-fetch-site', 'origin', 'referer', 'host', 'x-csrf-token'] as const

/** The headers that say whose page posts, one on each line, the last one with a token: only ours, a trusted one, or the token opens the session. */
export async function open(): Promise<Target> {
  const store = memoryStore()
  const sessions = new Sessions({
    store,
    clock: () => now,
    cleanupInterval: false,
    guards: [csrf({ trustedOrigins: [trusted] })],
  })
  const id = recordIdOf(name, ticket) as SessionId
  const times = { expiresAt: now + 1_800_000, lastSeenAt: now, openedAt: now }
  const record = {
    id,
    version: 'v' as Version,
    ...times,
    userId: 'alice',
    body: Buffer.from(bodyOf(fieldsOf('alice'), [])),
  }
  await store.write(record, undefined, { now, signal: new AbortController().signal })

  async function run(input: Uint8Array): Promise<string> {
    const lines = Buffer.from(input).toString('latin1').split('\n')
    const headers = new Map<string, string>(fields.map((field, index) => [field, lines[index] ?? '']))
    const request = {}
    sessions.attach(request, {
      method: 'POST',
      header: (header) => (header === 'cookie' ? `${name}=${ticket}` : headers.get(header) || undefined),
      secure: true,
      host: headers.get('host') ?? '',
      isAborted: false,
      onClose() {},
    })
    try {
      const { userId } = await sessions.open(request, { mode: 'shared' })
      assert.equal(userId, 'alice')
    } catch (error) {
      assert.ok(error instanceof SessionError && error.code === 'ERR_CROSS_SITE_REQUEST', String(error))
      return error.message.slice(0, 60)
    }
    const [site = '', origin = '', referer = '', host = '', token = ''] = fields.map((field) => headers.get(field))
    assert.ok(mayOpen(site, origin || referer, host, token), 'a post that nothing speaks for')
    await sessions.commit(request)
    return `${site && 'site '}${origin && 'origin '}${referer && 'referer '}${token && 'token'}`.slice(0, 60)
  }

  return { seeds: seeds(), words: words(), separator: '\n', maxBytes: 4_096, run }
}

function mayOpen(site: string, from: string, host: string, token: string): boolean {
  if (token !== '' && !isToken(token)) return false
  if (site === 'same-origin' || site === 'none') return true
  const isForeign = site === 'same-site' || site === 'cross-site'
  if (from === '' && !isForeign) return token !== ''
  const ours = isForeign ? [trusted] : [trusted, originOf(`https://${host}`)]
  return ours.includes(originOf(from)) && originOf(from) !== ''
}

/** Control characters behind the host are taken for nothing, as the end of a URL is trimmed of them. No server lets them in. */
function originOf(url: string): string {
  const plain = url.replace(/(?<=^[^/]*\/\/[^/?#]*)[\p{Cc} ]+(?=[/?#]|$)/u, '')
  try {
    return new URL(plain).origin
  } catch {
    return ''
  }
}

/** The first half undoes the second half's mask. */
function isToken(token: string): boolean {
  const bytes = Buffer.from(token, 'base64url')
  const digest = createHmac('sha256', sid).update('csrf\0epoch').digest()
  return bytes.length === 64 && digest.every((byte, index) => (bytes[index]! ^ bytes[index + 32]!) === byte)
}

function tokenWith(mask: number): string {
  const digest = createHmac('sha256', sid).update('csrf\0epoch').digest()
  return Buffer.concat([Buffer.alloc(32, mask), digest.map((byte) => byte ^ mask)]).toString('base64url')
}

function seeds(): string[] {
  return [
    ['same-origin', 'https://shop.example', '', 'shop.example', ''],
    ['', 'https://shop.example', '', 'shop.example', ''],
    ['', '', 'https://shop.example/cart?x=1', 'shop.example', ''],
    ['cross-site', trusted, '', 'shop.example', ''],
    ['cross-site', 'https://evil.example', '', 'shop.example', ''],
    ['', 'null', '', 'shop.example', ''],
    ['', '', '', 'shop.example', tokenWith(0)],
    ['none', '', '', 'shop.example:443', tokenWith(77)],
    ['', 'https://shop.example:443', '', 'SHOP.example', tokenWith(1)],
  ].map((lines) => lines.join('\n'))
}

function words(): string[] {
  return [
    trusted,
    'https://shop.example',
    'https://shop.example.evil.example',
    'https://shop.example@evil.example',
    'https://evil.example#@shop.example',
    'https://evil.example\\.shop.example',
    'https://evil.example/https://shop.example',
    'http://',
    'https:',
    'https:///',
    '//',
    '\\\\',
    'javascript:',
    'data:,',
    'blob:https://shop.example/x',
    'file://',
    'null',
    'same-origin',
    'same-site',
    'cross-site',
    'none',
    ', ',
    '@',
    '#',
    '?',
    ':443',
    ':0',
    '.',
    '%2e',
    '%00',
    '\u0000',
    '\t',
    ' ',
    '[::1]',
    'xn--',
    '\xe9',
    tokenWith(0),
    tokenWith(255),
    'A'.repeat(86),
    '=',
    '\n',
  ]
}
