import assert from 'node:assert/strict'
import type { SessionRecord, Written } from '../../core/store.ts'
import {
  assertOk,
  assertSame,
  at,
  expiry,
  idle,
  idsOf,
  minute,
  nextState,
  now,
  sampleRecord,
  sessionOf,
  stored,
} from './sample-record.ts'
import { casesOf, type StoreCase, type StoreWith } from './store-case.ts'
import { heeded } from './waiting.ts'

type CleaningStore = StoreWith<'deleteExpired'>

const guarantee = '`deleteExpired` removes what has expired, and nothing else'

/** A store may keep its expired records in order by the minute: all of them are due by then. */
const afterExpiry = expiry + 2 * minute

export const cleaningUp: readonly StoreCase[] = [
  ...casesOf(guarantee, ['deleteExpired'], {
    'removes what has expired, says how many, and then that there is nothing left': async (store) => {
      const records = await Promise.all(Array.from({ length: 5 }, () => stored(store)))
      assert.equal(await clean(store, afterExpiry), 5)
      assert.equal(await clean(store, afterExpiry), 0)
      // Someone whose clock is behind sees whether they are still there.
      for (const { id } of records) assert.equal(await store.read(id, at(now)), undefined)
    },

    'leaves what is alive': async (store) => {
      const live = await stored(store, sampleRecord({ expiresAt: afterExpiry + idle }))
      const justAlive = await stored(store, sampleRecord({ expiresAt: afterExpiry + 1 }))
      await stored(store)
      assert.equal(await clean(store, afterExpiry), 1)
      assertSame(await store.read(live.id, at(afterExpiry)), live)
      assertSame(await store.read(justAlive.id, at(afterExpiry)), justAlive)
    },

    'leaves what was touched, and removes it once that time has come': async (store) => {
      const record = await stored(store)
      await store.touch(record.id, { expiresAt: expiry + idle, lastSeenAt: now }, at(now))
      assert.equal(await clean(store, afterExpiry), 0)
      assertSame(await store.read(record.id, at(afterExpiry)), { ...record, expiresAt: expiry + idle })
      assert.equal(await clean(store, afterExpiry + idle), 1)
      assert.equal(await store.read(record.id, at(now)), undefined)
    },

    'removes what a write has made to expire earlier': async (store) => {
      const remembered = await stored(store, sampleRecord({ expiresAt: now + 30 * 24 * 60 * minute }))
      const next = nextState(remembered, { expiresAt: expiry })
      assertOk(await store.write(next, remembered.version, at(now)), 'the write')
      assert.equal(await clean(store, afterExpiry), 1)
      assert.equal(await store.read(remembered.id, at(now)), undefined)
    },

    'removes at most `batch` records a call, and all of them in the end': async (store) => {
      await Promise.all(Array.from({ length: 7 }, () => stored(store)))
      const counts: number[] = []
      do counts.push(await clean(store, afterExpiry, 3))
      while (counts.at(-1)! >= 3 && counts.length < 10)
      assert.deepEqual(counts, [3, 3, 1])
    },

    'does not count what was deleted before': async (store) => {
      const { id } = await stored(store)
      await stored(store)
      await store.delete(id, at(now))
      assert.equal(await clean(store, afterExpiry), 1)
    },

    'does not remove a record that was created anew under an expired one’s id': async (store) => {
      const old = await stored(store)
      const fresh = sampleRecord({ id: old.id, expiresAt: expiry + idle })
      assertOk(await store.write(fresh, undefined, at(expiry)), 'the create')
      assert.equal(await clean(store, afterExpiry), 0)
      assertSame(await store.read(old.id, at(afterExpiry)), fresh)
    },

    'loses nothing that is written while it runs': async (store) => {
      const records = await Promise.all(Array.from({ length: 30 }, () => stored(store)))
      const justInTime = records.map((record) => nextState(record, { expiresAt: expiry + idle }))
      const renew = async (next: SessionRecord, index: number): Promise<Written> =>
        store.write(next, records[index]!.version, at(expiry - 1))
      const before = heeded(Promise.all(justInTime.slice(0, 15).map(renew)))
      const cleaning = heeded(clean(store, afterExpiry))
      const after = heeded(Promise.all(justInTime.slice(15).map((next, index) => renew(next, index + 15))))
      await cleaning
      const answers = [...(await before), ...(await after)]
      for (const [index, next] of justInTime.entries()) {
        // One or the other: renewed and alive, or refused and gone.
        assertSame(await store.read(next.id, at(afterExpiry)), answers[index]?.ok ? next : undefined)
      }
    },
  }),

  ...casesOf(guarantee, ['deleteExpired', 'users'], {
    'takes what it removes off the list of its user': async (store) => {
      await stored(store, sessionOf('alice'))
      const live = await stored(store, sessionOf('alice', { expiresAt: afterExpiry + idle }))
      assert.equal(await clean(store, afterExpiry), 1)
      assert.deepEqual(await idsOf(store.users.list('alice', at(now))), [live.id])
      assert.deepEqual(await idsOf(store.users.list('alice', at(afterExpiry))), [live.id])
    },
  }),
]

async function clean(store: CleaningStore, time: number, batch = 100): Promise<number> {
  return store.deleteExpired({ ...at(time), batch })
}
