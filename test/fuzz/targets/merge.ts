import assert from 'node:assert/strict'
import { codec, SessionError, type SessionId, Sessions, type Version } from 'coatcheck'
import { memoryStore } from 'coatcheck/stores/memory'
import { recordIdOf } from '../../http/tickets.ts'
import type { Target } from '../engine/target.ts'
import { valueTexts, valueWords } from './codec.ts'
import { bodyOf, fieldsOf, type Reading, readBody } from './record-text.ts'
import { isSameValue } from './same-value.ts'
import { connections, now, ticketOf, Visit } from './visiting.ts'

const [{ name }] = connections
const { value: ticket } = ticketOf('alice')
const id = recordIdOf(name, ticket) as SessionId
const options = { now, signal: new AbortController().signal }
const between = '\n===\n'

type Stored = Reading['data']

/**
 * Two requests on one session. The input is what one of them has read and what the other has stored since, a line for each key. What
 * the first did not touch is as the other left it, and what it did is combined by the rule, exactly.
 */
export function open(): Target {
  const store = memoryStore()
  const merge = { count: 'sum', list: 'append', tags: 'union', most: 'max', least: 'min', since: 'max' } as const
  const sessions = new Sessions<{ [key: string]: unknown }>({
    store,
    merge: merge as object,
    clock: () => now,
    cleanupInterval: false,
  })

  async function plant(lines: string, version: string, expected?: string): Promise<Stored | undefined> {
    const body = Buffer.from(bodyOf(fieldsOf('alice'), lines === '' ? [] : lines.split('\n')))
    const record = { id, version: version as Version, expiresAt: now + 1_800_000, lastSeenAt: now, body }
    await store.write(record, expected as Version | undefined, options)
    return readBody(body)?.data
  }

  async function run(input: Uint8Array): Promise<string> {
    const [before = '', after = ''] = Buffer.from(input).toString().split(between)
    await store.delete(id, options)
    const loaded = await plant(before, 'loaded')
    const visit = new Visit(sessions, `${name}=${ticket}`, connections[0], 'POST')
    const session = await visit.open()
    if (!session.isStored) return 'no session'
    const done = change(session.data, loaded!)
    const theirs = await plant(after, 'theirs', 'loaded')
    let answer = 'merged'
    try {
      await visit.end()
    } catch (error) {
      assert.ok(error instanceof SessionError, String(error))
      answer = error.code
    }
    if (answer !== 'merged') return answer
    const record = await store.read(id, options)
    const stored = record && readBody(record.body)?.data
    assert.ok(stored && loaded && theirs)
    for (const [key, text] of theirs) if (!Object.hasOwn(mine, key)) assert.equal(stored.get(key), text, key)
    for (const key of stored.keys()) assert.ok(theirs.has(key) || Object.hasOwn(mine, key), `${key} comes from nowhere`)
    for (const key of done) mine[key]!(stored.get(key), loaded.get(key), theirs.get(key))
    return `${answer} ${done.join()}`
  }

  return { seeds: seeds(), words: words(), separator: '\n', maxBytes: 65_536, run }
}

type Data = { [key: string]: unknown }

/** What the first request does, as far as what it has read lets it. */
const steps: { readonly [key: string]: (data: Data) => void } = {
  count(data) {
    if (Number.isSafeInteger(data.count)) data.count = Number(data.count) + 1
  },
  list({ list }) {
    if (Array.isArray(list)) list.push('mine')
  },
  tags({ tags }) {
    if (tags instanceof Set) tags.add('mine')
  },
  most(data) {
    if (Number.isSafeInteger(data.most)) data.most = Number(data.most) + 1
  },
  least(data) {
    if (typeof data.least === 'bigint') data.least -= 1n
  },
  since(data) {
    if (data.since instanceof Date) data.since = new Date(now)
  },
  plain(data) {
    data.plain = 'mine'
  },
  gone(data) {
    delete data.gone
  },
}

/** The keys that are changed by it. */
function change(data: Data, loaded: Stored): string[] {
  return Object.entries(steps).flatMap(([key, step]) => {
    try {
      step(data)
      const text = Object.hasOwn(data, key) ? codec.encode(data[key], key) : undefined
      return text === rewritten(loaded.get(key)) ? [] : [key]
    } catch (error) {
      assert.ok(error instanceof SessionError && error.code === 'ERR_SESSION_DATA', String(error))
      return []
    }
  })
}

/** As the codec writes it: a stored text may hold more than its value needs. Undefined where it is none of the codec's. */
function rewritten(text: string | undefined): string | undefined {
  try {
    return text && codec.encode(codec.decode(text), 'key')
  } catch {
    return undefined
  }
}

type Judge = (stored: string | undefined, loaded: string | undefined, theirs: string | undefined) => void

const decoded = (text: string | undefined): unknown => (text === undefined ? undefined : codec.decode(text))

function isCyclic(value: unknown, above: readonly unknown[] = [], done: Set<unknown> = new Set()): boolean {
  if (typeof value !== 'object' || value === null || done.has(value)) return false
  if (above.includes(value)) return true
  const parts = value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.values(value)
  const found = parts.some((part) => isCyclic(part, [...above, value], done))
  done.add(value)
  return found
}

/** What must have become of each key that the first request has changed. */
const mine: { readonly [key: string]: Judge } = {
  count(stored, loaded, theirs) {
    const others = decoded(theirs)
    const added = typeof others === 'number' ? others : 0
    const expected = Number(decoded(loaded)) + 1 - Number(decoded(loaded)) + added
    assert.ok(Object.is(decoded(stored), expected), `${stored} is not ${expected}`)
  },
  list(stored, _loaded, theirs) {
    const others = decoded(theirs)
    assert.ok(isSameValue(decoded(stored), [...(Array.isArray(others) ? others : []), 'mine']), stored)
  },
  tags(stored, loaded, theirs) {
    const tags = decoded(stored)
    assert.ok(tags instanceof Set && tags.has('mine'), stored)
    const others = decoded(theirs)
    // A member that holds the set is another one when the set changes: then the later set is stored, and an event tells.
    if (others instanceof Set && ![loaded, theirs].some((text) => isCyclic(decoded(text)))) {
      assert.ok(isSameValue([...tags], [...others.add('mine')]), `a union has more in it than was added: ${stored}`)
    }
  },
  most(stored, loaded, theirs) {
    const others = decoded(theirs)
    const own = Number(decoded(loaded)) + 1
    assert.equal(decoded(stored), typeof others === 'number' && others > own ? others : own)
  },
  least(stored, loaded, theirs) {
    const others = decoded(theirs)
    const own = (decoded(loaded) as bigint) - 1n
    assert.equal(decoded(stored), typeof others === 'bigint' && others < own ? others : own)
  },
  since(stored, _loaded, theirs) {
    const others = decoded(theirs)
    const isLater = others instanceof Date && others.getTime() > now
    assert.equal((decoded(stored) as Date).getTime(), isLater ? others.getTime() : now)
  },
  plain: (stored) => assert.equal(stored, '"mine"'),
  gone: (stored) => assert.equal(stored, undefined),
}

function seeds(): string[] {
  const lines = [
    'count:5',
    'list:[1,{"a":2}]',
    'tags:~[["Set",1,2],"a","b"]',
    'most:7',
    'least:~[["BigInt","-3"]]',
    'since:~[["Date","2026-11-20T00:00:00.000Z"]]',
    'plain:1',
    'gone:1',
  ]
  const later = [
    'count:9',
    'list:[1,{"a":2},"theirs"]',
    'tags:~[["Set",1],"c"]',
    'most:70',
    'least:~[["BigInt","-30"]]',
  ]
  const never = 'since:~[["Date","2036-11-20T00:00:00.000Z"]]'
  return [
    lines.join('\n') + between + [...later, never].join('\n'),
    lines.join('\n') + between + lines.join('\n'),
    lines.join('\n') + between,
    between + lines.join('\n'),
    ...valueTexts.map((text) => `${lines.join('\n')}${between}other:${text}\n${later.join('\n')}`),
    ...Object.keys(mine).map((key, index) => `${lines.join('\n')}${between}${key}:${valueTexts[index + 4]}`),
  ]
}

function words(): string[] {
  return [
    ...Object.keys(mine).map((key) => `${key}:`),
    between,
    '\n',
    '__proto__:{"a":1}',
    '"__proto__":1',
    '{"toString":1,"valueOf":1}',
    ...valueWords,
  ]
}
