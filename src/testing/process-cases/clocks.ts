import assert from 'node:assert/strict'
import { soon } from '../processes/process-store.ts'
import {
  assertOk,
  assertRefused,
  assertSame,
  at,
  expiry,
  idle,
  minute,
  newVersion,
  nextState,
  now,
  sampleRecord,
  second,
  stored,
} from '../store-cases/sample-record.ts'
import { type ProcessCase, processCasesOf } from './process-case.ts'

/** Two processes whose clocks are ten seconds apart, as records expire. */
const [behind, ahead] = [expiry - 5 * second, expiry + 5 * second]

export const clocks: readonly ProcessCase[] = [
  ...processCasesOf('W4: what has expired is absent, cleaned up or not', [], {
    'goes by the time that each process gives, ten seconds apart': async ({ one, two, three }) => {
      const record = await stored(three)
      assertSame(await one.read(record.id, at(behind)), record)
      assertSame(await two.read(record.id, at(expiry - 1)), record)
      assert.equal(await two.read(record.id, at(ahead)), undefined)
      assertRefused(await two.write(nextState(record), record.version, at(ahead)), undefined)

      const touched = await stored(three)
      await one.touch(touched.id, { expiresAt: expiry + 30 * second, lastSeenAt: behind }, at(behind))
      assertSame(await two.read(touched.id, at(ahead)), {
        ...touched,
        expiresAt: expiry + 30 * second,
        lastSeenAt: behind,
      })

      const old = await stored(three)
      const fresh = sampleRecord({ id: old.id, expiresAt: expiry + idle })
      assertOk(
        await two.write(fresh, undefined, at(ahead)),
        'a create where, for this process, the old one has expired',
      )
      assertRefused(await one.write(nextState(old), old.version, at(behind)), fresh)
      assertSame(await one.read(old.id, at(behind)), fresh)
    },
  }),

  ...processCasesOf('T1: a touch moves a live record forward, and nothing else', [], {
    'never moves a time back when processes touch whose clocks are ten seconds apart': async ({ one, two, three }) => {
      const version = newVersion()
      const record = await stored(three, sampleRecord({ version, body: Buffer.from(version) }))
      const { id } = record
      const begin = soon()
      const [early, late] = [behind - 10 * minute, ahead - 10 * minute]
      const touching = [
        one.begin(begin).run('touchOn', { id, now: early, expiresAt: early + idle, forMs: 300 }),
        two.begin(begin).run('touchOn', { id, now: late, expiresAt: late + idle, forMs: 300 }),
      ] as const
      const { faults } = await three.run('watch', { id, now, forMs: 280 })
      const [, touches] = await Promise.all(touching)
      assert.deepEqual(faults, [])
      const latest = { expiresAt: late + idle + touches, lastSeenAt: late + touches }
      assertSame(await three.read(id, at(late)), { ...record, ...latest })
    },

    'loses no write of another process': async ({ one, two, three }) => {
      let record = await stored(three)
      const touching = one.run('touchOn', { id: record.id, now, expiresAt: expiry, forMs: 300 })
      for (let round = 0; round < 60; round++) {
        const next = nextState(record)
        assertOk(await two.write(next, record.version, at(now)), `write no. ${round}`)
        const stored = await three.read(record.id, at(now))
        assert.equal(stored?.version, next.version, `what is stored after write no. ${round}`)
        assert.deepEqual(Buffer.from(stored?.body ?? []), next.body)
        record = next
      }
      await touching
    },
  }),

  ...processCasesOf('`deleteExpired` removes what has expired, and nothing else', ['deleteExpired'], {
    'removes nothing live while two processes clean up and a third touches and reads': async ({ one, two, three }) => {
      const later = expiry + 2 * minute
      const ids = (await Promise.all(Array.from({ length: 60 }, () => stored(one)))).map(({ id }) => id)
      const [touched, left] = [ids.slice(0, 40), ids.slice(40)]
      // Each is touched while it is alive by the clock of the one who touches it, before the cleaners come to it or after.
      const kept = await three.run('keepAlive', { ids: touched.slice(0, 15), now, later, expiresAt: later + idle })
      assert.equal(kept.length, 15, 'all are kept alive that are touched before the clean-up')
      const cleaning = [one, two].map((store) => store.run('cleanOn', { now: later, forMs: 250 }))
      kept.push(...(await three.run('keepAlive', { ids: touched.slice(15), now, later, expiresAt: later + idle })))
      await Promise.all(cleaning)
      while ((await one.deleteExpired({ ...at(later), batch: 50 })) >= 50);
      for (const id of kept) {
        const found = await two.read(id, at(later))
        assert.equal(found?.expiresAt, later + idle, 'what was seen alive lives on')
      }
      for (const id of left) assert.equal(await three.read(id, at(now)), undefined, 'what has expired is removed')
    },
  }),
]
