import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import type { SessionId, SessionRecord, Store } from '../../core/store.ts'
import {
  assertRefused,
  assertSame,
  at,
  expiry,
  idsOf,
  minute,
  newId,
  nextState,
  now,
  sampleRecord,
  sessionOf,
  stored,
} from './sample-record.ts'
import { casesOf, type StoreCase } from './store-case.ts'

const guarantee = 'G1: destroyed means destroyed'

export const deleting: readonly StoreCase[] = [
  ...casesOf(guarantee, [], {
    'has deleted a record when it says so': async (store) => {
      const record = await stored(store)
      const other = await stored(store)
      await store.delete(record.id, at(now))
      assert.equal(await store.read(record.id, at(now)), undefined)
      assertSame(await store.read(other.id, at(now)), other)
    },

    'succeeds in deleting what is not there, and what was deleted before': async (store) => {
      const { id } = await stored(store)
      await assert.doesNotReject(async () => store.delete(newId(), at(now)))
      await store.delete(id, at(now))
      await assert.doesNotReject(async () => store.delete(id, at(now)))
      assert.equal(await store.read(id, at(now)), undefined)
    },

    'refuses a write that has read the record before it was deleted': async (store) => {
      const record = await stored(store)
      await store.delete(record.id, at(now))
      assertRefused(await store.write(nextState(record), record.version, at(now)), undefined)
      assert.equal(await store.read(record.id, at(now)), undefined)
    },

    'brings nothing back by a touch': async (store) => {
      const record = await stored(store)
      await store.touch(record.id, { expiresAt: expiry + minute, lastSeenAt: now }, at(now))
      await store.delete(record.id, at(now))
      await store.touch(record.id, { expiresAt: expiry + minute, lastSeenAt: now }, at(now))
      assert.equal(await store.read(record.id, at(now)), undefined)
    },

    'keeps a record dead that is deleted while it is written, whichever comes first': async (store) => {
      const write = async (record: SessionRecord): Promise<unknown> =>
        store.write(nextState(record), record.version, at(now))
      await staysDead(store, write)
    },

    'keeps a record dead that is deleted while it is touched, whichever comes first': async (store) => {
      const touch = async ({ id }: SessionRecord): Promise<unknown> =>
        store.touch(id, { expiresAt: expiry + minute, lastSeenAt: now + 1 }, at(now))
      await staysDead(store, touch)
    },
  }),

  ...casesOf(guarantee, ['users'], {
    'takes a deleted record off its user’s list': async (store) => {
      const { id } = await stored(store, sessionOf('alice'))
      const other = await stored(store, sessionOf('alice'))
      await store.delete(id, at(now))
      assert.deepEqual(await idsOf(store.users.list('alice', at(now))), [other.id])
    },
  }),

  ...casesOf('G7: an id that was never issued is absent', [], {
    'finds nothing under what is no session id, and changes nothing': async (store) => {
      const neighbour = await stored(store)
      for (const id of hostileIds(neighbour.id)) {
        const shown = JSON.stringify(id.slice(0, 40))
        assert.equal(await store.read(id, at(now)), undefined, `read ${shown}`)
        await store.touch(id, { expiresAt: expiry + minute, lastSeenAt: now + 1 }, at(now))
        await store.delete(id, at(now))
        const written = await rejectedOr(() => store.write(nextState(neighbour, { id }), neighbour.version, at(now)))
        assert.ok(written === 'rejected' || !written.ok, `a write to ${shown} is refused`)
        assert.equal(await store.read(id, at(now)), undefined, `read ${shown} after the write`)
        assertSame(await store.read(neighbour.id, at(now)), neighbour)
      }
    },

    'takes what is no session id for a name of its own, or rejects it': async (store) => {
      const neighbour = await stored(store)
      for (const id of hostileIds(neighbour.id)) {
        const record = sampleRecord({ id })
        const written = await rejectedOr(() => store.write(record, undefined, at(now)))
        if (written !== 'rejected' && written.ok) assertSame(await store.read(id, at(now)), record)
        await store.delete(id, at(now))
        assertSame(await store.read(neighbour.id, at(now)), neighbour)
      }
    },
  }),

  ...casesOf('G7: an id that was never issued is absent', ['lockAndRead'], {
    'grants no lock on what is no session id': async (store) => {
      const neighbour = await stored(store)
      for (const id of hostileIds(neighbour.id)) {
        assert.equal(await store.lockAndRead(id, { ...at(now), leaseMs: 1_000 }), undefined)
      }
    },
  }),
]

/** What the type keeps out, and a cast lets in. */
function hostileIds(neighbour: SessionId): readonly SessionId[] {
  const ids = [
    '',
    '.',
    '..',
    '../x',
    `../${neighbour}`,
    `./${neighbour}`,
    `${neighbour}/`,
    `${neighbour}\0`,
    `${neighbour} `,
    `${neighbour}*`,
    neighbour.slice(0, 63),
    neighbour.replace(/^./, '*'),
    neighbour.replace(/^./, '_'),
    neighbour.toUpperCase(),
    'A'.repeat(10_000),
    '\0',
    '%2e%2e%2f',
    '__proto__',
    "' OR '1'='1",
  ]
  return ids as SessionId[]
}

async function rejectedOr<T>(call: () => T | Promise<T>): Promise<T | 'rejected'> {
  try {
    return await call()
  } catch {
    return 'rejected'
  }
}

/** Deletes while `disturb` runs, in both orders and with more and more time between the two. */
async function staysDead(store: Store, disturb: (record: SessionRecord) => Promise<unknown>): Promise<void> {
  for (let round = 0; round < 24; round++) {
    const record = await stored(store)
    const deletion = async (): Promise<unknown> => store.delete(record.id, at(now))
    const disturbance = (): Promise<unknown> => disturb(record)
    const [early, late] = round % 2 === 0 ? [deletion, disturbance] : [disturbance, deletion]
    await Promise.all([early(), inTurns(round >> 2, late)])
    assert.equal(await store.read(record.id, at(now)), undefined, `round ${round}`)
  }
}

async function inTurns(turns: number, act: () => Promise<unknown>): Promise<void> {
  for (let passed = 0; passed < turns; passed++) await turn()
  await act()
}
