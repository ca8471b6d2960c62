import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { Lock, SessionId, SessionRecord } from '../../core/store.ts'
import { type Turn, textOf } from '../processes/jobs.ts'
import { soon } from '../processes/process-store.ts'
import { assertOk, assertSame, at, nextState, now, sampleRecord, stored } from '../store-cases/sample-record.ts'
import type { StoreWith } from '../store-cases/store-case.ts'
import { assertWaits, heeded, inTime } from '../store-cases/waiting.ts'
import { type ProcessCase, processCasesOf } from './process-case.ts'

/** No lease of this length runs out in a test. */
const long = 20_000

export const turns: readonly ProcessCase[] = [
  ...processCasesOf('G3: exclusive requests take turns', ['lockAndRead'], {
    'counts exactly, and meets no conflict, when three processes count holding the lock': async ({
      one,
      two,
      three,
    }) => {
      const { id } = await stored(one, counter())
      const begin = soon()
      const task = { id, now, times: 25, forMs: 150, leaseMs: long }
      const done = await Promise.all([one, two, three].map((store) => store.begin(begin).run('countLocked', task)))
      const record = await two.read(id, at(now))
      assert.deepEqual(
        done.map(({ refused }) => refused),
        [0, 0, 0],
        'writes that were refused, in each process',
      )
      const all = done.flatMap(({ turns }) => turns)
      assert.equal(record && textOf(record), String(all.length))
      assertApart(all)
    },

    'serves first who came first, whichever process that is in': async ({ one, two, three }) => {
      const names = ['one', 'two', 'three', 'one again', 'three again', 'two again']
      const stores = [one, two, three, one, three, two]
      const outOfOrder: string[][] = []
      // One such round may be a machine so busy that a later call came to the store first; a second one is not.
      for (let round = 0; round < 3 + outOfOrder.length && outOfOrder.length < 2; round++) {
        const { id } = await stored(one)
        const holder = await granted(one, id)
        const served: string[] = []
        const waiting: Promise<void>[] = []
        for (const [index, store] of stores.entries()) {
          const serve = async ({ lock }: Locked): Promise<void> => {
            served.push(names[index]!)
            await lock.release()
          }
          waiting.push(granted(store, id).then(serve))
          // Answered after the process has asked for the lock, and as slow as the machine is at present.
          const asked = performance.now()
          await store.read(id, at(now))
          await pause(25 + 3 * (performance.now() - asked))
        }
        await holder.lock.release()
        await Promise.all(waiting)
        if (served.join() !== names.join()) outOfOrder.push(served)
      }
      assert.ok(outOfOrder.length < 2, `served: ${outOfOrder.map((served) => served.join(', ')).join('; then: ')}`)
    },

    'gives each of three processes its share': async ({ one, two, three }) => {
      const { id } = await stored(one, counter())
      const begin = soon()
      const task = { id, now, times: 1, forMs: 500, leaseMs: long }
      const done = await Promise.all([one, two, three].map((store) => store.begin(begin).run('countLocked', task)))
      const shares = done.map(({ turns }) => turns.length)
      const total = shares.reduce((sum, share) => sum + share)
      assert.ok(Math.min(...shares) >= total / 10, `the turns of each process: ${shares.join(', ')}`)
    },

    'tells one who waits that another process has deleted the session': async ({ one, two, three }) => {
      const { id } = await stored(one)
      const holder = await granted(one, id)
      const waiting = heeded(Promise.resolve(two.lockAndRead(id, { ...at(now), leaseMs: long })))
      await pause(25)
      await three.delete(id, at(now))
      await holder.lock.release()
      assert.equal(await inTime('the answer', waiting), undefined)
    },
  }),

  ...processCasesOf('X2: a lock is for what exists, and reads after the grant', ['lockAndRead'], {
    'shows the record as another process has left it': async ({ one, two }) => {
      let record = await stored(one)
      for (let round = 0; round < 10; round++) {
        const [holder, next] = round % 2 === 0 ? [one, two] : [two, one]
        assertSame(await next.read(record.id, at(now)), record)
        const locked = await granted(holder, record.id)
        const waiting = granted(next, record.id)
        await pause(8)
        const state = nextState(record)
        assertOk(await holder.write(state, record.version, { ...at(now), unlock: locked.lock }), 'the holder’s write')
        const theirs = await waiting
        assertSame(theirs.record, state)
        await theirs.lock.release()
        record = state
      }
    },
  }),

  ...processCasesOf('A lease that is not renewed runs out', ['lockAndRead'], {
    'is freed, within its time, by the death of the process that holds it': async ({ one, two, another }) => {
      const record = await stored(one)
      const leaseMs = 800
      const [holder, dying] = [await another(), await another()]
      await granted(holder as Locking, record.id, leaseMs)
      const granting = performance.now()
      // One that waits dies as well, and its place in the queue goes with it.
      granted(dying as Locking, record.id)
      await pause(20)
      const waiting = granted(two, record.id)
      await Promise.all([holder.kill(), dying.kill()])
      const { lock } = await waiting
      const waited = performance.now() - granting
      assert.ok(waited < leaseMs + 1_500, `held up for ${Math.round(waited)} ms by a lease of ${leaseMs} ms`)
      assertOk(await two.write(nextState(record), record.version, { ...at(now), unlock: lock }), 'the next one’s write')
      await (await granted(one, record.id)).lock.release()
    },

    'takes nothing from the next process when the old holder goes on': async ({ one, two, three }) => {
      const { id } = await stored(one)
      const old = await granted(one, id, 100)
      const next = await granted(two, id)
      const third = granted(three, id)
      await pause(25)
      assert.equal(await old.lock.renew(long), false, 'the old holder learns that it has lost the lock')
      const written = await one.write(nextState(old.record), old.record.version, { ...at(now), unlock: old.lock })
      assertOk(written, 'the old holder’s write: nobody has written since')
      await assertWaits('the third waits after the old holder’s write, which was to unlock', third, 60)
      await old.lock.release()
      await assertWaits('the third waits after the old holder’s release', third, 60)
      assert.equal(await next.lock.renew(long), true, 'the lock is still the second one’s')
      await next.lock.release()
      await (await third).lock.release()
    },
  }),
]

type Locking = StoreWith<'lockAndRead'>
type Locked = { readonly lock: Lock; readonly record: SessionRecord }

function granted(store: Locking, id: SessionId, leaseMs: number = long): Promise<Locked> {
  const locked = async (): Promise<Locked> => {
    const answer = await inTime('the lock', store.lockAndRead(id, { ...at(now), leaseMs }))
    assert.ok(answer, 'a live record can be locked')
    return answer
  }
  return heeded(locked())
}

function counter(): SessionRecord {
  return sampleRecord({ body: Buffer.from('0') })
}

function assertApart(turns: readonly Turn[]): void {
  const inOrder = turns.toSorted((one, other) => (one.from < other.from ? -1 : 1))
  const overlaps = inOrder.filter(({ from }, index) => from < (inOrder[index - 1]?.to ?? 0n))
  assert.equal(overlaps.length, 0, 'turns that began before the one before them had ended')
}
