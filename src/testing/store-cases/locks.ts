import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import type { Lock, LockOptions, SessionId, SessionRecord } from '../../core/store.ts'
import {
  assertOk,
  assertRefused,
  assertSame,
  at,
  idsOf,
  newId,
  newVersion,
  nextState,
  now,
  sampleRecord,
  stored,
} from './sample-record.ts'
import { casesOf, type StoreCase, type StoreWith } from './store-case.ts'
import { assertWaits, heeded, inTime, pause } from './waiting.ts'

type LockingStore = StoreWith<'lockAndRead'>
type Locked = { readonly lock: Lock; readonly record: SessionRecord }

/** No lease of this length runs out in a test. */
const long = 10_000

/** Leases that are to run out. */
const short = 60

export const locks: readonly StoreCase[] = [
  ...casesOf('X2: a lock is for what exists, and reads after the grant', ['lockAndRead'], {
    'grants no lock on a session that is not there, and stores nothing for it': async (store) => {
      const record = sampleRecord()
      assert.equal(await ask(store, record.id), undefined)
      assert.equal(await store.read(record.id, at(now)), undefined)
      // Nobody holds it: whoever comes once it exists is served.
      await stored(store, record)
      await (await granted(store, record.id)).lock.release()
    },

    'shows the whole record, or none, when it is deleted at the same moment': async (store) => {
      for (let round = 0; round < 100; round++) {
        const record = await stored(store)
        // Several at once: a delete may come between any two steps of the lock.
        const asked = Array.from({ length: 3 }, () => ask(store, record.id))
        for (let waits = 0; waits < round % 5; waits++) await turn()
        await store.delete(record.id, at(now))
        const answers = asked.map(async (answer) => {
          const locked = await answer
          await locked?.lock.release()
          if (locked) assertSame(locked.record, record)
        })
        await Promise.all(answers)
        assert.equal(await ask(store, record.id), undefined, 'a lock on a session that was deleted')
      }
    },

    'shows the record as it was left by the one before': async (store) => {
      const first = await stored(store)
      const holder = await granted(store, first.id)
      assertSame(holder.record, first)
      const waiting = granted(store, first.id)
      await settleIn()
      const next = nextState(first)
      assertOk(await store.write(next, first.version, at(now)), 'the write of the holder')
      await holder.lock.release()
      const { lock, record } = await waiting
      await lock.release()
      assertSame(record, next)
    },

    'tells the one who waits that the session was deleted meanwhile, and keeps no lock on it': async (store) => {
      const record = await stored(store)
      const holder = await granted(store, record.id)
      const waiting = ask(store, record.id)
      await settleIn()
      await store.delete(record.id, at(now))
      await holder.lock.release()
      assert.equal(await inTime('the answer', waiting), undefined)
      await stored(store, record)
      await (await granted(store, record.id)).lock.release()
    },

    'lets others read, write, touch and delete while it is held': async (store) => {
      const record = await stored(store)
      const { lock } = await granted(store, record.id)
      const next = nextState(record)
      assertSame(await inTime('a read', store.read(record.id, at(now))), record)
      assertOk(await inTime('a write', store.write(next, record.version, at(now))), 'the write of another')
      await inTime('a touch', store.touch(record.id, { expiresAt: record.expiresAt, lastSeenAt: now + 1 }, at(now)))
      await inTime('a delete', store.delete(record.id, at(now)))
      assert.equal(await store.read(record.id, at(now)), undefined)
      await lock.release()
    },

    'holds up nobody who asks for another session': async (store) => {
      const one = await granted(store, (await stored(store)).id)
      const other = await granted(store, (await stored(store)).id)
      await one.lock.release()
      await other.lock.release()
    },
  }),

  ...casesOf('G3: exclusive requests take turns', ['lockAndRead'], {
    'is held by one at a time': async (store) => {
      const { id } = await stored(store)
      let inside = 0
      const takeTurn = async (): Promise<void> => {
        const { lock } = await granted(store, id)
        inside++
        assert.equal(inside, 1, 'nobody else holds the lock')
        for (let passed = 0; passed < 3; passed++) await turn()
        inside--
        await lock.release()
      }
      await Promise.all(Array.from({ length: 10 }, takeTurn))
    },

    'serves first who came first': async (store) => {
      const { id } = await stored(store)
      const holder = await granted(store, id)
      const served: string[] = []
      const waiting: Promise<void>[] = []
      for (const name of ['first', 'second', 'third', 'fourth', 'fifth']) {
        const serve = async ({ lock }: Locked): Promise<void> => {
          served.push(name)
          await lock.release()
        }
        waiting.push(granted(store, id).then(serve))
        await settleIn()
      }
      await holder.lock.release()
      await Promise.all(waiting)
      assert.deepEqual(served, ['first', 'second', 'third', 'fourth', 'fifth'])
    },

    'lets the next one in once, however often it is released': async (store) => {
      const { id } = await stored(store)
      const first = await granted(store, id)
      const second = granted(store, id)
      await settleIn()
      const third = granted(store, id)
      await settleIn()
      await first.lock.release()
      const { lock } = await second
      await first.lock.release()
      await assertWaits('the third waits while the second holds the lock', third)
      await lock.release()
      await lock.release()
      await (await third).lock.release()
    },

    'says by `renew` whether it is held': async (store) => {
      const { id } = await stored(store)
      const { lock } = await granted(store, id)
      assert.equal(await lock.renew(long), true)
      await lock.release()
      assert.equal(await lock.renew(long), false)
      await (await granted(store, id)).lock.release()
    },

    'is free again after 30 turns, each of which was handed over': async (store) => {
      const { id } = await stored(store)
      let record = await store.read(id, at(now))
      for (let count = 0; count < 30; count++) {
        const locked = await granted(store, id)
        assertSame(locked.record, record)
        record = nextState(locked.record)
        assertOk(await store.write(record, locked.record.version, { ...at(now), unlock: locked.lock }), 'the write')
      }
    },
  }),

  ...casesOf('A wait for a lock ends when its signal aborts', ['lockAndRead'], {
    'rejects with the signal’s reason, and gives up its place': async (store) => {
      const { id } = await stored(store)
      const holder = await granted(store, id)
      const patience = new AbortController()
      const impatient = ask(store, id, { signal: patience.signal })
      await settleIn()
      const patient = granted(store, id)
      await settleIn()
      const reason = new Error('waited long enough')
      patience.abort(reason)
      await assert.rejects(inTime('the rejection', impatient), (error) => error === reason)
      await assertWaits('the other still waits', patient)
      await holder.lock.release()
      await (await patient).lock.release()
    },

    'takes nothing from a lock that was granted before': async (store) => {
      const { id } = await stored(store)
      const deadline = new AbortController()
      const locked = await inTime('the lock', ask(store, id, { signal: deadline.signal }))
      const next = granted(store, id)
      await settleIn()
      deadline.abort(new Error('the request is over'))
      await assertWaits('the next one waits', next)
      assert.equal(await locked?.lock.renew(long), true)
      await locked?.lock.release()
      await (await next).lock.release()
    },
  }),

  ...casesOf('A lease that is not renewed runs out', ['lockAndRead'], {
    'lets the next one in, and tells the old holder that it lost the lock': async (store) => {
      const { id } = await stored(store)
      const dead = await granted(store, id, { leaseMs: short })
      const next = await granted(store, id)
      const third = granted(store, id)
      await settleIn()
      assert.equal(await dead.lock.renew(long), false)
      await dead.lock.release()
      await assertWaits('the third waits while the second holds the lock', third)
      assert.equal(await next.lock.renew(long), true)
      await next.lock.release()
      await (await third).lock.release()
    },

    'is held until then': async (store) => {
      const { id } = await stored(store)
      await granted(store, id, { leaseMs: 2_000 })
      await assertWaits('nobody gets the lock before the lease is over', granted(store, id), short)
    },

    'is extended by a renewal': async (store) => {
      const { id } = await stored(store)
      const { lock } = await granted(store, id, { leaseMs: 100 })
      assert.equal(await lock.renew(long), true)
      const next = granted(store, id)
      await assertWaits('nobody gets the lock after the first lease', next, 150)
      assert.equal(await lock.renew(long), true)
      await lock.release()
      await (await next).lock.release()
    },
  }),

  ...casesOf('A write releases the lock it is given, in the same step', ['lockAndRead'], {
    'lets the next one in when the write succeeds': async (store) => {
      const first = await stored(store)
      const { lock } = await granted(store, first.id)
      const waiting = granted(store, first.id)
      await settleIn()
      const next = nextState(first)
      assertOk(await store.write(next, first.version, { ...at(now), unlock: lock }), 'the write')
      const { lock: theirs, record } = await waiting
      assertSame(record, next)
      assert.equal(await lock.renew(long), false)
      await lock.release()
      assert.equal(await theirs.renew(long), true)
      await theirs.release()
    },

    'keeps the lock when the write is refused': async (store) => {
      const record = await stored(store)
      const { lock } = await granted(store, record.id)
      const waiting = granted(store, record.id)
      await settleIn()
      assertRefused(await store.write(nextState(record), newVersion(), { ...at(now), unlock: lock }), record)
      await assertWaits('the next one waits', waiting)
      assert.equal(await lock.renew(long), true)
      await lock.release()
      await (await waiting).lock.release()
    },

    'releases the lock when it answers ok to a write that had happened': async (store) => {
      const record = await stored(store)
      const { lock } = await granted(store, record.id)
      const next = nextState(record)
      assertOk(await store.write(next, record.version, at(now)), 'the write')
      assertOk(await store.write(next, record.version, { ...at(now), unlock: lock }), 'the same write again')
      await (await granted(store, record.id)).lock.release()
    },
  }),

  ...casesOf('X2: a lock is for what exists, and reads after the grant', ['lockAndRead', 'list'], {
    'lists no session because someone has asked for it': async (store) => {
      await ask(store, newId())
      assert.deepEqual(await idsOf(store.list(at(now))), [])
    },
  }),
]

function ask(store: LockingStore, id: SessionId, options: Partial<LockOptions> = {}): Promise<Locked | undefined> {
  return heeded((async () => store.lockAndRead(id, { ...at(now), leaseMs: long, ...options }))())
}

function granted(store: LockingStore, id: SessionId, options: Partial<LockOptions> = {}): Promise<Locked> {
  const locked = async (): Promise<Locked> => {
    const answer = await inTime('the lock', ask(store, id, options))
    assert.ok(answer, 'a live record can be locked')
    return answer
  }
  return heeded(locked())
}

/** Time for a request to arrive at the store, so that the next one comes after it. */
function settleIn(): Promise<void> {
  return pause(8)
}
