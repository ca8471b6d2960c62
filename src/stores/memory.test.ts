import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SessionId, SessionRecord, StoreOptions, Version } from '../core/store.ts'
import { testStore } from '../testing/test-store.ts'
import { memoryStore } from './memory.ts'

testStore('the memory store', () => memoryStore())

describe('the memory store, full', () => {
  const options: StoreOptions = { now: 1_000, signal: new AbortController().signal }
  const session = (name: string, fields: Partial<SessionRecord> = {}): SessionRecord => ({
    id: name as SessionId,
    version: `${name} 1` as Version,
    expiresAt: 60_000,
    lastSeenAt: 1_000,
    body: new Uint8Array(0),
    ...fields,
  })

  it('drops the session seen longest ago, and warns once', async (test) => {
    const warn = test.mock.method(console, 'warn', () => {})
    const store = memoryStore({ maxSessions: 2 })
    const left = async (): Promise<string[]> => {
      const ids: string[] = []
      for await (const { id } of store.list!(options)) ids.push(id)
      return ids.sort()
    }
    for (const name of ['one', 'two']) await store.write(session(name), undefined, options)
    await store.touch('one' as SessionId, { expiresAt: 60_000, lastSeenAt: 1_001 }, options)
    assert.equal(warn.mock.callCount(), 0)

    await store.write(session('three'), undefined, options)
    assert.deepEqual(await left(), ['one', 'three'])
    const { version } = session('one')
    await store.write(session('one', { version: 'one 2' as Version }), version, options)
    await store.write(session('four'), undefined, options)
    assert.deepEqual(await left(), ['four', 'one'])

    assert.deepEqual(
      warn.mock.calls.map(({ arguments: [message] }) => message),
      ['coatcheck: memoryStore holds 2 sessions and has begun to drop the ones seen longest ago'],
    )
  })

  it('drops none for a write to one that is there', async () => {
    const store = memoryStore({ maxSessions: 1 })
    await store.write(session('one'), undefined, options)
    const next = session('one', { version: 'one 2' as Version })
    assert.deepEqual(await store.write(next, session('one').version, options), { ok: true })
    assert.deepEqual(await store.read(next.id, options), next)
  })

  it('takes what it drops off the list of its user', async (test) => {
    test.mock.method(console, 'warn', () => {})
    const store = memoryStore({ maxSessions: 1 })
    await store.write(session('one', { userId: 'alice', openedAt: 1_000 }), undefined, options)
    await store.write(session('two'), undefined, options)
    assert.deepEqual([...(store.users!.list('alice', options) as Iterable<SessionRecord>)], [])
    assert.equal(await store.users!.deleteByUser('alice', { ...options, notBefore: 0 }), 0)
  })

  it('refuses a bound that is none', () => {
    for (const maxSessions of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => memoryStore({ maxSessions }), TypeError)
    }
  })
})
