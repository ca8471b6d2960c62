import assert from 'node:assert/strict'
import {
  assertOk,
  assertSame,
  at,
  expiry,
  idle,
  minute,
  newId,
  nextState,
  now,
  second,
  sessionOf,
  stored,
} from './sample-record.ts'
import { casesOf, type StoreCase } from './store-case.ts'

export const touching: readonly StoreCase[] = casesOf('T1: a touch moves a live record forward, and nothing else', [], {
  'moves both times forward, and keeps version, body and user': async (store) => {
    const record = await stored(store, sessionOf('alice'))
    const times = { expiresAt: expiry + minute, lastSeenAt: now + minute }
    await store.touch(record.id, times, at(now + minute))
    assertSame(await store.read(record.id, at(now + minute)), { ...record, ...times })
  },

  'lets a touched record live on to its new `expiresAt`': async (store) => {
    const record = await stored(store)
    await store.touch(record.id, { expiresAt: expiry + idle, lastSeenAt: now }, at(now))
    assert.notEqual(await store.read(record.id, at(expiry + idle - 1)), undefined)
    assert.equal(await store.read(record.id, at(expiry + idle)), undefined)
  },

  'moves neither time back, each judged by itself': async (store) => {
    const record = await stored(store)
    await store.touch(record.id, { expiresAt: expiry - minute, lastSeenAt: now - minute }, at(now))
    assertSame(await store.read(record.id, at(now)), record)
    await store.touch(record.id, { expiresAt: expiry - minute, lastSeenAt: now + second }, at(now))
    assertSame(await store.read(record.id, at(now)), { ...record, lastSeenAt: now + second })
    await store.touch(record.id, { expiresAt: expiry + second, lastSeenAt: now }, at(now))
    assertSame(await store.read(record.id, at(now)), {
      ...record,
      expiresAt: expiry + second,
      lastSeenAt: now + second,
    })
  },

  'ends at the latest times when many touch at once': async (store) => {
    const record = await stored(store)
    const steps = Array.from({ length: 20 }, (_, index) => ((index * 7) % 20) * second)
    await Promise.all(
      steps.map(async (step) =>
        store.touch(record.id, { expiresAt: expiry + step, lastSeenAt: now + step }, at(now + 20 * second)),
      ),
    )
    const latest = { expiresAt: expiry + 19 * second, lastSeenAt: now + 19 * second }
    assertSame(await store.read(record.id, at(now + 20 * second)), { ...record, ...latest })
  },

  'never makes a writer who has read the record before it lose': async (store) => {
    const record = await stored(store)
    await store.touch(record.id, { expiresAt: expiry + minute, lastSeenAt: now + second }, at(now))
    const next = nextState(record, { expiresAt: expiry + minute })
    assertOk(await store.write(next, record.version, at(now)), 'the write with the version from before the touch')
  },

  'loses no write that comes at the same time': async (store) => {
    for (let round = 0; round < 10; round++) {
      const record = await stored(store)
      const next = nextState(record, { lastSeenAt: now + second })
      const touch = async (): Promise<void> =>
        store.touch(record.id, { expiresAt: expiry + minute, lastSeenAt: now }, at(now))
      const write = async (): Promise<void> => assertOk(await store.write(next, record.version, at(now)), 'the write')
      await Promise.all(round % 2 === 0 ? [touch(), write()] : [write(), touch()])
      const { version, body } = (await store.read(record.id, at(now))) ?? {}
      assert.deepEqual({ version, body: body && Buffer.from(body) }, { version: next.version, body: next.body })
    }
  },

  'creates nothing where there is no record': async (store) => {
    const id = newId()
    await store.touch(id, { expiresAt: expiry, lastSeenAt: now }, at(now))
    assert.equal(await store.read(id, at(now)), undefined)
  },
})
