import assert from 'node:assert/strict'
import { type SessionId, Sessions, type Store, type Version } from 'coatcheck'
import { memoryStore } from 'coatcheck/stores/memory'
import { recordIdOf } from '../../http/tickets.ts'
import type { Target } from '../engine/target.ts'
import { bodyOf, fieldsOf } from './record-text.ts'
import { type Connection, connections, now, ticketOf, Visit } from './visiting.ts'

/** The memory store forgets when a record would have expired only at that time, even if it is deleted earlier. */
const keptBytes = 256

const options = { now, signal: new AbortController().signal }

/** A Cookie header: only the exact ticket, alone under the exact name, opens the session; nothing else opens, stores or sets anything. */
export async function open(): Promise<Target> {
  const counts = { reads: 0, others: 0 }
  const store = counting(memoryStore(), counts)
  const sessions = new Sessions({ store, clock: () => now, cleanupInterval: false })
  for (const { name } of connections) await store.write(recordOf('alice', name), undefined, options)

  async function run(input: Uint8Array): Promise<string> {
    const header = Buffer.from(input).toString('latin1')
    let answer = ''
    for (const connection of connections) answer += ` ${await visit(header, connection)}`
    return answer
  }

  async function visit(header: string, connection: Connection): Promise<string> {
    const values = valuesIn(header, connection.name)
    const isAlice = values.length === 1 && values[0] === ticketOf('alice').value
    const isTicket = values.length === 1 && /^[A-Za-z0-9_-]{64}$/.test(values[0]!)
    counts.reads = counts.others = 0
    const looking = new Visit(sessions, header, connection)
    const { userId, isStored } = await looking.open()
    const setCookie = await looking.end()
    const seen = { userId, isStored, setCookie, ...counts }
    const expected = { userId: isAlice ? 'alice' : undefined, isStored: isAlice, setCookie: undefined }
    assert.deepEqual(seen, { ...expected, reads: isTicket ? 1 : 0, others: 0 })
    if (header.length % 4 === 0) await write(header, connection, isAlice)
    return isAlice ? 'alice' : `${Math.min(values.length, 3)} values`
  }

  /** Whoever is nobody is given a ticket that is not of their choice, and leaves the others alone. */
  async function write(header: string, connection: Connection, isAlice: boolean): Promise<void> {
    const writing = new Visit(sessions, header, connection, 'POST')
    const session = await writing.open('exclusive')
    session.data.visits = Number(session.data.visits ?? 0) + 1
    const ticket = await writing.end()
    if (isAlice) return assert.equal(ticket, undefined)
    assert.match(ticket ?? '', /^[A-Za-z0-9_-]{64}$/)
    assert.ok(!header.includes(ticket!), 'a ticket that the visitor has chosen')
    await store.delete(recordIdOf(connection.name, ticket!) as SessionId, options)
  }

  return { seeds: seeds(), words: words(), separator: ';', maxBytes: 32_768, run, keptBytes }
}

/** Character by character, by RFC 6265bis §4.2.1 alone: what may surround a name or value is space and tab. */
function valuesIn(header: string, name: string): string[] {
  const stripped = (text: string) => text.replace(/^[ \t]+/, '').replace(/(?<![ \t])[ \t]+$/, '')
  return header.split(';').flatMap((pair) => {
    const [before, ...after] = pair.split('=')
    return after.length > 0 && stripped(before!) === name ? [stripped(after.join('='))] : []
  })
}

function recordOf(user: string, cookieName: string): Parameters<Store['write']>[0] {
  return {
    id: recordIdOf(cookieName, ticketOf(user).value) as SessionId,
    version: 'version' as Version,
    expiresAt: now + 1_800_000,
    lastSeenAt: now,
    userId: user,
    openedAt: now,
    body: Buffer.from(bodyOf(fieldsOf(user), ['visits:1'])),
  }
}

function counting(store: Store, counts: { reads: number; others: number }): Store {
  const counted =
    <Arguments extends unknown[], Answer>(call: (...given: Arguments) => Answer, kind: keyof typeof counts) =>
    (...given: Arguments): Answer => {
      counts[kind] += 1
      return call(...given)
    }
  return {
    ...store,
    read: counted(store.read, 'reads'),
    write: counted(store.write, 'others'),
    touch: counted(store.touch, 'others'),
    delete: counted(store.delete, 'others'),
    lockAndRead: counted(store.lockAndRead!, 'others'),
  }
}

const encoded = (text: string): string =>
  [...text].map((character) => `%${character.charCodeAt(0).toString(16)}`).join('')

function seeds(): string[] {
  const { value, sid, secret } = ticketOf('alice')
  return connections.flatMap(({ name }) => [
    `${name}=${value}`,
    `theme=dark; ${name}=${value}; lang=en`,
    `${name}=${value}; ${name}=${ticketOf('bob').value}`,
    `${name}=${ticketOf('bob').value}`,
    `${encoded(name)}=${value}`,
    `${name}=${encoded(value)}`,
    `${name}="${value}"`,
    `${name}=${recordIdOf(name, value)}`,
    `${name}=${Buffer.concat([sid, secret]).toString('base64url')}`,
    `a=${name}=${value}`,
    `${name}\u00a0=${value}`,
    `\v${name}=${value}`,
    `${name.toUpperCase()}=${value}; ${name}=${value}`,
    `${name.toLowerCase()}=${value}`,
  ])
}

function words(): string[] {
  const { value } = ticketOf('alice')
  const names = connections.map(({ name }) => name)
  const escapes = [...new Set(value)].map((character) => encoded(character))
  return [
    ...names,
    ...names.map((name) => `${name}=`),
    ...names.map((name) => `; ${name}=${value}`),
    ...escapes,
    value,
    encoded(value),
    `%${value}`,
    '%5F',
    '%00',
    '__host-sid',
    '__HOST-SID=',
    '..Host-sid',
    '$Version=1; ',
    '__proto__=',
    'constructor=',
    '\u0000',
    '\u00a0',
    '\u0085',
    '\t',
    '\v',
    '\r\n',
    ' ',
    ';',
    ',',
    '=',
    '"',
    "'",
    '+',
    '/',
    '==',
    '%',
    '*',
    'A'.repeat(64),
    '../',
    '\xff',
    '\xc0\x80',
  ]
}
