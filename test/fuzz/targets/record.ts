import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { codec, SessionError, type SessionId, Sessions, type Store, type Version } from 'coatcheck'
import { memoryStore } from 'coatcheck/stores/memory'
import { recordIdOf } from '../../http/tickets.ts'
import type { Target } from '../engine/target.ts'
import { valueTexts, valueWords } from './codec.ts'
import { bodyOf, fieldsOf, hashOf, type Reading, readBody, recordWords, withKeysCounted } from './record-text.ts'
import { isSameValue } from './same-value.ts'
import { connections, now, ticketOf, Visit } from './visiting.ts'

const [{ name }] = connections
const { value: ticket, secret } = ticketOf('alice')
const id = recordIdOf(name, ticket) as SessionId
const options = { now, signal: new AbortController().signal }

/** The body of a stored record: it opens only for the secret that it names, and holds what its lines say; or it is no session. */
export function open(): Target {
  const store = memoryStore()
  const sessions = new Sessions({ store, clock: () => now, cleanupInterval: false })

  async function run(body: Uint8Array): Promise<string> {
    await store.delete(id, options)
    await plant(store, body)
    const said = readBody(body)
    const looking = new Visit(sessions, `${name}=${ticket}`)
    const session = await looking.open()
    if (!session.isStored) {
      assert.deepEqual([session.userId, Object.keys(session.data)], [undefined, []])
      assert.equal(await looking.end(), undefined)
      return 'refused'
    }
    assert.ok(said && isTheirs(said), 'a session opened with a secret that the record does not name')
    assert.deepEqual(Object.keys(session.data).toSorted(), [...said.data.keys()].toSorted())
    for (const [key, text] of [...said.data].slice(0, 50)) assertMeans(session.data, key, text)
    const kinds = `${Object.keys(said.fields).length} fields, ${Math.min(said.data.size, 3)} keys`
    const answer = `${kinds}: ${await changed(said)}`
    assert.ok(isUtf8(body), 'a session whose bytes are not the text that it was read as')
    assert.ok(isSpelledAsWritten(body, said), 'a key that is spelled in another way than it is written')
    return answer
  }

  /** Whatever was readable is as it was after another key has changed. */
  async function changed(said: Reading): Promise<string> {
    const changing = new Visit(sessions, `${name}=${ticket}`, connections[0], 'POST')
    const session = await changing.open()
    session.flash.take()
    session.flash.add('notice', 'saved')
    session.data.added = 'here'
    let rotated: string | undefined
    try {
      rotated = await changing.end()
    } catch (error) {
      assert.ok(error instanceof SessionError, String(error))
      return error.code
    }
    // What follows an older secret was set by the rotation before, which only a seed can have made up.
    const next = said.fields.current === hashOf(secret) ? (rotated ?? ticket) : ticket
    const again = await new Visit(sessions, `${name}=${next}`).open()
    assert.ok(again.isStored, 'what was stored is no session')
    for (const [key, text] of [...said.data, ['added', '"here"'] as const].slice(-50)) {
      if (key !== 'added' || text === '"here"') assertMeans(again.data, key, text)
    }
    return rotated === undefined ? 'kept' : 'rotated'
  }

  return { seeds: bodies(), words: [...recordWords, ...valueWords], separator: '\n', maxBytes: 262_144, run, repair }
}

const repair = withKeysCounted

async function plant(store: Store, body: Uint8Array): Promise<void> {
  const times = { expiresAt: now + 1_800_000, lastSeenAt: now, openedAt: now }
  const record = { id, version: 'planted' as Version, ...times, userId: 'alice', body }
  assert.deepEqual(await store.write(record, undefined, options), { ok: true })
}

/** Each key has one spelling: what is not a plain name stands in quotes. */
function isSpelledAsWritten(body: Uint8Array, { data }: Reading): boolean {
  const lines = [...data].map(([key, text]) => `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}:${text}`)
  return Buffer.from(body).toString().split('\n').slice(1).join('\n') === lines.join('\n')
}

function isTheirs({ fields, data }: Reading): boolean {
  const { current, previous, deadline, keys, format } = fields
  const hash = hashOf(secret)
  const isPrevious = (previous as { hash?: unknown } | undefined)?.hash === hash
  const isWhole = format === 1 && keys === data.size && !data.has('__proto__')
  return isWhole && (current === hash || isPrevious) && Number(deadline) > now
}

/** A value as its text says, or an error that says that it can't be read. */
function assertMeans(data: { [key: string]: unknown }, key: string, text: string): void {
  let value: unknown
  try {
    value = data[key]
  } catch (error) {
    assert.ok(error instanceof SessionError && error.code === 'ERR_SESSION_DATA', String(error))
    return
  }
  assert.ok(isSameValue(value, text.startsWith('~') ? codec.decode(text) : JSON.parse(text)), `${key} is not ${text}`)
}

function bodies(): string[] {
  const fields = fieldsOf('alice')
  const lines = valueTexts.map((text, index) => `key${index}:${text}`)
  const previous = { hash: hashOf(secret), salt: 'salt' }
  return [
    bodyOf(fields, []),
    bodyOf(fields, ['n:1', 'list:[1,2]', '"two words":{"a":1}']),
    ...lines.map((line) => bodyOf(fields, [line, 'n:1'])),
    bodyOf({ ...fields, flash: [{ id: 'f', kind: 'notice', text: 'Saved' }] }, ['n:1']),
    bodyOf({ ...fields, current: 'other', previous }, ['n:1']),
    bodyOf({ ...fields, current: 'other', previous: { ...previous, confirmedAt: now - 1_000 } }, ['n:1']),
    bodyOf({ ...fields, current: 'other', previous: { ...previous, confirmedAt: now - 31_000 } }, ['n:1']),
    bodyOf({ ...fields, current: 'other', spent: ['a', hashOf(secret)] }, ['n:1']),
    bodyOf({ ...fields, rotatedAt: now - 3_600_000, authenticatedAt: now, remembered: true }, ['n:1']),
    bodyOf({ ...fields, format: 2 }, ['n:1']),
    bodyOf(fields, ['__proto__:{"isAdmin":true}']),
    bodyOf(fields, ['n:1']).replace('{', '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},'),
  ]
}
