import assert from 'node:assert/strict'
import { type ProcessStore, soon } from '../processes/process-store.ts'
import { assertOk, assertRefused, at, expiry, minute, nextState, now, stored } from '../store-cases/sample-record.ts'
import { inTime, pause } from '../store-cases/waiting.ts'
import { delays, type ProcessCase, processCasesOf, random } from './process-case.ts'

const guarantee = 'G1: destroyed means destroyed'

export const destroying: readonly ProcessCase[] = [
  ...processCasesOf(guarantee, [], {
    'refuses the late write, and the late touch, of a process that has not heard of the delete': async ({
      one,
      two,
      three,
    }) => {
      for (let round = 0; round < 5; round++) {
        const record = await stored(one)
        const next = nextState(record)
        assertOk(await one.write(next, record.version, at(now)), 'the last write before the delete')
        await two.delete(record.id, at(now))
        assert.equal(await three.read(record.id, at(now)), undefined, 'a third process, after the delete')
        await one.touch(record.id, { expiresAt: expiry + minute, lastSeenAt: now + 1 }, at(now))
        assertRefused(await one.write(nextState(next), next.version, at(now)), undefined)
        for (const store of [one, two, three]) assert.equal(await store.read(record.id, at(now)), undefined)
      }
    },

    'keeps a record dead that one process deletes while another writes it, whichever comes first': async ({
      one,
      two,
      three,
    }) => {
      for (const delay of delays(40)) {
        const record = await stored(three)
        const [begin, next] = [soon(), nextState(record)]
        const writing = one.begin(begin).write(next, record.version, at(now))
        await two.begin(begin + delay).delete(record.id, at(now))
        const written = await writing
        if (!written.ok) assertRefused(written, undefined)
        await assertDead(record.id, `the second began ${delay / 1000n} µs after the first`, three, one)
      }
    },

    'keeps a record dead that one process deletes while another touches it, whichever comes first': async ({
      one,
      two,
      three,
    }) => {
      for (const delay of delays(40)) {
        const record = await stored(three)
        const begin = soon()
        const touching = one.begin(begin).touch(record.id, { expiresAt: expiry + minute, lastSeenAt: now + 1 }, at(now))
        await two.begin(begin + delay).delete(record.id, at(now))
        await touching
        await assertDead(record.id, `the second began ${delay / 1000n} µs after the first`, three, one)
      }
    },

    'ends a record at once that two processes write and touch without a pause': async ({ one, two, three }) => {
      for (let round = 0; round < 15; round++) {
        const { id } = await stored(three)
        const writing = one.run('writeUntilGone', { id, now, forMs: 2_000 })
        const touching = three.run('touchOn', { id, now, expiresAt: expiry, forMs: 12 })
        await pause(2)
        await two.begin(soon() + BigInt(random(1_000)) * 1_000n).delete(id, at(now))
        assert.equal(await writing, 'gone', `what the writer finds, round ${round}`)
        await touching
        await assertDead(id, `round ${round}`, two, one)
      }
    },
  }),

  ...processCasesOf(guarantee, ['lockAndRead'], {
    'lets another process delete a record whose lock is held, and refuses the holder’s write': async ({
      one,
      two,
      three,
    }) => {
      const record = await stored(one)
      const locked = await one.lockAndRead(record.id, { ...at(now), leaseMs: 10_000 })
      await inTime('the delete', two.delete(record.id, at(now)))
      const unlock = locked?.lock
      assertRefused(await one.write(nextState(record), record.version, { ...at(now), unlock }), undefined)
      await unlock?.release()
      await assertDead(record.id, 'after the holder’s write', three, one)
    },
  }),
]

async function assertDead(id: Parameters<ProcessStore['read']>[0], when: string, ...stores: ProcessStore[]) {
  for (const store of stores) assert.equal(await store.read(id, at(now)), undefined, when)
}
