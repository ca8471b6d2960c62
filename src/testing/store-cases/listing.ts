import assert from 'node:assert/strict'
import { assertOk, assertSame, at, idsOf, nextState, now, sessionOf, sortedIds, stored } from './sample-record.ts'
import { casesOf, type StoreCase } from './store-case.ts'

export const listing: readonly StoreCase[] = casesOf('`list` gives all live records', ['list'], {
  'lists nothing in an empty store': async (store) => {
    assert.deepEqual(await idsOf(store.list(at(now))), [])
  },

  'lists every session once, anonymous or not, whole and in its newest state': async (store) => {
    const anonymous = await stored(store)
    const first = await stored(store, sessionOf('alice'))
    const signedIn = nextState(first)
    assertOk(await store.write(signedIn, first.version, at(now)), 'the write')
    assert.deepEqual(await idsOf(store.list(at(now))), sortedIds(anonymous, signedIn))
    for await (const record of store.list(at(now))) {
      assertSame(record, record.id === anonymous.id ? anonymous : signedIn)
    }
  },

  'does not list what was deleted': async (store) => {
    const { id } = await stored(store)
    const other = await stored(store)
    await store.delete(id, at(now))
    assert.deepEqual(await idsOf(store.list(at(now))), [other.id])
  },

  'lists hundreds, and goes on while they are being deleted': async (store) => {
    const records = await Promise.all(Array.from({ length: 300 }, () => stored(store)))
    assert.deepEqual(await idsOf(store.list(at(now))), sortedIds(...records))
    for await (const { id } of store.list(at(now))) await store.delete(id, at(now))
    assert.deepEqual(await idsOf(store.list(at(now))), [])
  },
})
