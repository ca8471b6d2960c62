import assert from 'node:assert/strict'
import type { SessionRecord } from '../../core/store.ts'
import { oddUserIds } from './reading-and-writing.ts'
import {
  assertOk,
  assertRefused,
  assertSame,
  at,
  expiry,
  idle,
  idsOf,
  minute,
  newVersion,
  nextState,
  now,
  sessionOf,
  sortedIds,
  stored,
} from './sample-record.ts'
import { casesOf, type StoreCase, type StoreWith } from './store-case.ts'

type IndexedStore = StoreWith<'users'>

export const users: readonly StoreCase[] = [
  ...casesOf('G11: a user’s sessions are listed', ['users'], {
    'lists the sessions of one user, whole, and of nobody else': async (store) => {
      const one = await stored(store, sessionOf('alice'))
      const two = await stored(store, sessionOf('alice'))
      await stored(store, sessionOf('bob'))
      await stored(store)
      assert.deepEqual(await listed(store, 'alice'), sortedIds(one, two))
      for await (const record of store.users.list('alice', at(now)))
        assertSame(record, record.id === one.id ? one : two)
      assert.deepEqual(await listed(store, 'carol'), [])
    },

    'has a session in the list as soon as its sign-in is stored': async (store) => {
      const anonymous = await stored(store)
      assert.deepEqual(await listed(store, 'alice'), [])
      const signedIn = nextState(anonymous, { userId: 'alice', openedAt: now })
      assertOk(await store.write(signedIn, anonymous.version, at(now)), 'the sign-in')
      assert.deepEqual(await listed(store, 'alice'), [anonymous.id])
    },

    'does not list a sign-in that was refused': async (store) => {
      const anonymous = await stored(store)
      const signedIn = nextState(anonymous, { userId: 'alice', openedAt: now })
      assertRefused(await store.write(signedIn, newVersion(), at(now)), anonymous)
      assert.deepEqual(await listed(store, 'alice'), [])
    },

    'lists a session once, with its newest state, however often it is written and touched': async (store) => {
      let record = await stored(store, sessionOf('alice'))
      for (let count = 0; count < 3; count++) {
        const next = nextState(record, { openedAt: now + count })
        assertOk(await store.write(next, record.version, at(now)), 'a write, or the same user’s sign-in again')
        record = next
      }
      await store.touch(record.id, { expiresAt: expiry + minute, lastSeenAt: now + 9 }, at(now))
      const found: SessionRecord[] = []
      for await (const one of store.users.list('alice', at(now))) found.push(one)
      assert.equal(found.length, 1)
      assertSame(found[0], { ...record, expiresAt: expiry + minute, lastSeenAt: now + 9 })
    },

    'lists all of 20 sign-ins that come at once': async (store) => {
      const records = Array.from({ length: 20 }, () => sessionOf('alice'))
      await Promise.all(records.map((record) => stored(store, record)))
      assert.deepEqual(await listed(store, 'alice'), sortedIds(...records))
    },

    'keeps users apart whose ids differ in case, accents or spaces only': async (store) => {
      const alike = ['ada', 'Ada', 'ada ', ' ada', 'adá', 'ada\u0301', 'ａｄａ', 'ada\0', '1', '01', '1.0']
      const records = await Promise.all(alike.map((userId) => stored(store, sessionOf(userId))))
      for (const { id, userId } of records) assert.deepEqual(await listed(store, userId!), [id], JSON.stringify(userId))
      assert.equal(await endAll(store, 'ada'), 1)
      for (const { id, userId } of records.slice(1)) {
        assert.deepEqual(await listed(store, userId!), [id], JSON.stringify(userId))
      }
    },

    'lists and ends the sessions of users with any characters in their id': async (store) => {
      const records = await Promise.all(oddUserIds.map((userId) => stored(store, sessionOf(userId))))
      for (const { id, userId } of records) {
        assert.deepEqual(await listed(store, userId!), [id], JSON.stringify(userId))
        assert.equal(await endAll(store, userId!), 1, JSON.stringify(userId))
        assert.deepEqual(await listed(store, userId!), [], JSON.stringify(userId))
      }
    },

    'goes on with the list while its sessions are being deleted': async (store) => {
      const records = await Promise.all(Array.from({ length: 5 }, () => stored(store, sessionOf('alice'))))
      for await (const { id } of store.users.list('alice', at(now))) await store.delete(id, at(now))
      assert.deepEqual(await listed(store, 'alice'), [])
      for (const { id } of records) assert.equal(await store.read(id, at(now)), undefined)
    },
  }),

  ...casesOf('I3: another user’s session is never shown or ended', ['users'], {
    'forgets the user of an expired record when its id is used again': async (store) => {
      const old = await stored(store, sessionOf('alice'))
      const fresh = sessionOf('bob', { id: old.id, openedAt: expiry, expiresAt: expiry + idle })
      assertOk(await store.write(fresh, undefined, at(expiry)), 'the create')
      assert.deepEqual(await idsOf(store.users.list('alice', at(expiry))), [])
      assert.equal(await store.users.deleteByUser('alice', { ...at(expiry), notBefore: expiry }), 0)
      assertSame(await store.read(old.id, at(expiry)), fresh)
      assert.deepEqual(await idsOf(store.users.list('bob', at(expiry))), [old.id])
    },
  }),
]

export function listed(store: IndexedStore, userId: string): Promise<string[]> {
  return idsOf(store.users.list(userId, at(now)))
}

/** Sign out everywhere. */
export async function endAll(store: IndexedStore, userId: string, notBefore: number = now + 1): Promise<number> {
  return store.users.deleteByUser(userId, { ...at(now), notBefore })
}
