import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { SessionRecord } from '../../core/store.ts'
import { numberedId, textOf } from '../processes/jobs.ts'
import {
  assertOk,
  assertSame,
  at,
  newVersion,
  nextState,
  now,
  sampleRecord,
  sessionOf,
  stored,
} from '../store-cases/sample-record.ts'
import { inTime, pause, until } from '../store-cases/waiting.ts'
import { type ProcessCase, processCasesOf, random } from './process-case.ts'

export const sharing: readonly ProcessCase[] = [
  ...processCasesOf('What is read is what was written', [], {
    'shows in one process at once what was written in another': async ({ one, two, three }) => {
      let record = await stored(one, sessionOf('alice', { openedAt: now - 7 }))
      for (let round = 0; round < 30; round++) {
        const [writer, ...readers] = round % 2 === 0 ? [two, three, one] : [one, two, three]
        for (const store of [one, two, three]) assertSame(await store.read(record.id, at(now)), record)
        const next = nextState(record, { lastSeenAt: now + round, expiresAt: record.expiresAt + random(1_000) })
        assertOk(await writer!.write(next, record.version, at(now)), `write no. ${round}`)
        for (const store of readers) assertSame(await store.read(record.id, at(now)), next)
        record = next
      }
    },

    'shows whole states only while two processes write bodies of all sizes': async ({ one, two, three }) => {
      const version = newVersion()
      const { id } = await stored(one, sampleRecord({ version, body: Buffer.from(version) }))
      const sizes = [1, 3_000, 40, 300, 1, 12_000]
      const writing = [one, two].map((store) => store.run('repeatVersions', { id, now, forMs: 350, sizes }))
      const { reads, faults } = await three.run('watch', { id, now, forMs: 300 })
      await Promise.all(writing)
      assert.deepEqual(faults, [])
      assert.ok(reads > 0)
    },
  }),

  ...processCasesOf('G12: nothing changes on the way', [], {
    'hands every byte from one process to the other, in bodies from nothing to one mebibyte': async ({ one, two }) => {
      const allBytes = Uint8Array.from({ length: 512 }, (_, index) => index)
      let record = await stored(one, sampleRecord({ body: allBytes }))
      assertSame(await two.read(record.id, at(now)), record)
      for (const size of [0, 1, 255, 4_096, 65_537, 1_048_576, 1]) {
        const [writer, reader] = size % 2 === 0 ? [one, two] : [two, one]
        const next: SessionRecord = nextState(record, { body: randomBytes(size) })
        assertOk(await writer.write(next, record.version, at(now)), `a body of ${size} bytes`)
        assertSame(await reader.read(record.id, at(now)), next)
        record = next
      }
    },
  }),

  ...processCasesOf('G4: readers never wait', ['lockAndRead'], {
    'lets other processes read, touch and write a session whose lock one process holds': async ({
      one,
      two,
      three,
    }) => {
      const record = await stored(one)
      const locked = await one.lockAndRead(record.id, { ...at(now), leaseMs: 60_000 })
      const waiting = two.lockAndRead(record.id, { ...at(now), leaseMs: 1_000 })
      await pause(30)
      const next = nextState(record, { lastSeenAt: now + 1 })
      for (const store of [two, three]) assertSame(await inTime('a read', store.read(record.id, at(now))), record)
      await inTime('a touch', two.touch(record.id, { ...record, lastSeenAt: now + 1 }, at(now)))
      assertOk(await inTime('a write', three.write(next, record.version, at(now))), 'a write without the lock')
      await locked?.lock.release()
      const theirs = await inTime('the lock', waiting)
      assertSame(theirs?.record, next)
      await theirs?.lock.release()
    },
  }),

  ...processCasesOf('G5: what was acknowledged is stored', [], {
    'keeps what a process had acknowledged before it was killed, and is held up by nothing it has left': async ({
      two,
      another,
    }) => {
      for (let round = 0; round < 3; round++) {
        const { id } = await stored(two, sampleRecord({ body: Buffer.from('0') }))
        const gone = await stored(two)
        const victim = await another()
        await victim.delete(gone.id, at(now))
        let acknowledged = 0
        const counting = victim.run('count', { id, now, times: 1e9 }, (number) => {
          acknowledged = Number(number)
        })
        await until('something is acknowledged', () => acknowledged > 0)
        await pause(random(25))
        await victim.kill()
        await assert.rejects(counting)
        const record = await inTime('a read', two.read(id, at(now)))
        const number = Number(record && textOf(record))
        assert.ok(number >= acknowledged, `${acknowledged} were acknowledged, ${number} are stored`)
        assert.equal(await two.read(gone.id, at(now)), undefined)
        const next = nextState(record!)
        assertOk(await inTime('the next write', two.write(next, record!.version, at(now))), 'the next write')
        await inTime('a touch', two.touch(id, { expiresAt: next.expiresAt, lastSeenAt: now + 5 }, at(now)))
        await inTime('a delete', two.delete(id, at(now)))
        assert.equal(await two.read(id, at(now)), undefined)
      }
    },
  }),

  ...processCasesOf('`list` gives all live records', ['list'], {
    'lists what is there all along, each once, while another process creates and deletes': async ({
      one,
      two,
      three,
    }) => {
      const ids = Array.from({ length: 60 }, (_, index) => numberedId(newVersion(), index))
      await Promise.all(ids.map((id) => stored(one, sampleRecord({ id }))))
      const churning = [one, two].map((store) => store.run('churn', { now, forMs: 400 }))
      const { faults } = await three.run('listOn', { ids, now, forMs: 350 })
      await Promise.all(churning)
      assert.deepEqual(faults, [])
      const { faults: later } = await two.run('listOn', { ids, now, forMs: 0 })
      assert.deepEqual(later, [])
    },
  }),
]
