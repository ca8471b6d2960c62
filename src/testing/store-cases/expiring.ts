import assert from 'node:assert/strict'
import {
  assertOk,
  assertRefused,
  assertSame,
  at,
  expiry,
  idle,
  idsOf,
  nextState,
  now,
  sampleRecord,
  second,
  sessionOf,
  sortedIds,
  stored,
} from './sample-record.ts'
import { casesOf, type StoreCase } from './store-case.ts'
import { inTime } from './waiting.ts'

const guarantee = 'W4: what has expired is absent, cleaned up or not'

export const expiring: readonly StoreCase[] = [
  ...casesOf(guarantee, [], {
    'reads a record up to its last millisecond, and not at `expiresAt`': async (store) => {
      const record = await stored(store)
      assertSame(await store.read(record.id, at(expiry - 1)), record)
      assert.equal(await store.read(record.id, at(expiry)), undefined)
      assert.equal(await store.read(record.id, at(expiry + second)), undefined)
    },

    'refuses to replace what has expired, shows no record, and brings nothing back': async (store) => {
      const record = await stored(store)
      const next = nextState(record, { expiresAt: expiry + idle })
      assertRefused(await store.write(next, record.version, at(expiry)), undefined)
      assert.equal(await store.read(record.id, at(expiry)), undefined)
    },

    'creates where an expired record lies': async (store) => {
      const old = await stored(store)
      const fresh = sampleRecord({ id: old.id, expiresAt: expiry + idle, body: Buffer.from('fresh') })
      assertOk(await store.write(fresh, undefined, at(expiry)), 'the create')
      assertSame(await store.read(old.id, at(expiry)), fresh)
    },

    'does not bring back by a touch what has expired': async (store) => {
      const record = await stored(store)
      await store.touch(record.id, { expiresAt: expiry + idle, lastSeenAt: expiry }, at(expiry))
      assert.equal(await store.read(record.id, at(expiry)), undefined)
    },

    'deletes what has expired, even for those whose clock is behind': async (store) => {
      const record = await stored(store)
      await store.delete(record.id, at(expiry))
      assert.equal(await store.read(record.id, at(now)), undefined)
    },
  }),

  ...casesOf(guarantee, ['list'], {
    'does not list what has expired': async (store) => {
      await stored(store)
      const longer = await stored(store, sampleRecord({ expiresAt: expiry + idle }))
      assert.deepEqual(await idsOf(store.list(at(expiry))), [longer.id])
    },
  }),

  ...casesOf(guarantee, ['users'], {
    'does not list what has expired among the sessions of its user': async (store) => {
      const short = await stored(store, sessionOf('alice'))
      const longer = await stored(store, sessionOf('alice', { expiresAt: expiry + idle }))
      assert.deepEqual(await idsOf(store.users.list('alice', at(expiry - 1))), sortedIds(short, longer))
      assert.deepEqual(await idsOf(store.users.list('alice', at(expiry))), [longer.id])
    },

    'counts only live sessions when it ends those of a user': async (store) => {
      await stored(store, sessionOf('alice'))
      await stored(store, sessionOf('alice', { expiresAt: expiry + idle }))
      assert.equal(await store.users.deleteByUser('alice', { ...at(expiry), notBefore: expiry }), 1)
    },
  }),

  ...casesOf(guarantee, ['lockAndRead'], {
    'grants no lock on what has expired': async (store) => {
      const record = await stored(store)
      const options = { ...at(expiry), leaseMs: 5 * second }
      assert.equal(await inTime('the answer', store.lockAndRead(record.id, options)), undefined)
    },
  }),
]
