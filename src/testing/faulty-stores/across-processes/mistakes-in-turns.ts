import { closeSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Lock, SessionId, Store } from '../../../core/store.ts'
import { NaiveLocks } from '../naive-locks.ts'
import { type FaultySharedStore, faultyShared, type Shared } from './shared-store.ts'

export function sharedMistakesInTurns(): FaultySharedStore[] {
  return [
    faultyShared(
      'locks within one process only',
      [
        'counts exactly, and meets no conflict, when three processes count holding the lock',
        'serves first who came first, whichever process that is in',
      ],
      (sound) => {
        const locks = new NaiveLocks('fair')
        return locking(sound, (id) => locks.take(id))
      },
    ),
    faultyShared(
      'grants the lock to whoever looks first',
      ['serves first who came first, whichever process that is in'],
      (sound) => locking(sound, (id) => takeFile(sound, id, () => Math.random() * 10)),
    ),
    faultyShared(
      'lets the last holder in again before those who wait',
      ['gives each of three processes its share'],
      (sound) => locking(sound, (id) => takeFile(sound, id, () => 1_000)),
    ),
    faultyShared(
      'keeps the lock of the dead',
      ['is freed, within its time, by the death of the process that holds it'],
      (sound) => locking(sound, (id) => takeFile(sound, id, () => 5)),
    ),
    faultyShared(
      'unlocks whoever holds the lock',
      ['takes nothing from the next process when the old holder goes on'],
      (sound) => ({
        async write(record, expected, { unlock, ...options }) {
          const written = await sound.write(record, expected, options)
          if (written.ok && unlock) rmSync(`${sound.pathOf(record.id)}.lock`, { recursive: true, force: true })
          return written
        },
      }),
    ),
    faultyShared(
      'reads before it waits',
      [
        'shows the record as another process has left it',
        'tells one who waits that another process has deleted the session',
      ],
      (sound) => ({
        async lockAndRead(id, options) {
          const record = await sound.read(id, options)
          const locked = await sound.lockAndRead(id, options)
          return record && { lock: locked?.lock ?? { renew: () => true, release() {} }, record }
        },
      }),
    ),
    faultyShared(
      'makes readers wait for the lock',
      ['lets other processes read, touch and write a session whose lock one process holds'],
      (sound) => ({
        async read(id, options) {
          const locked = await sound.lockAndRead(id, { ...options, leaseMs: 60_000 })
          await locked?.lock.release()
          return locked?.record
        },
      }),
    ),
  ]
}

function locking(sound: Shared, take: (id: SessionId) => Lock | Promise<Lock>): Partial<Store> {
  return {
    async lockAndRead(id, options) {
      if (!(await sound.read(id, options))) return undefined
      const lock = await take(id)
      const record = await sound.read(id, options)
      if (record) return { lock, record }
      await lock.release()
      return undefined
    },
  }
}

/** A file that only one can create. It knows no lease, no queue and no owner. */
async function takeFile(sound: Shared, id: SessionId, wait: () => number): Promise<Lock> {
  const file = join(sound.directory, `${id}.naive`)
  for (;;) {
    try {
      closeSync(openSync(file, 'wx'))
      break
    } catch {
      await pause(wait())
    }
  }
  let isHeld = true
  return {
    renew: () => isHeld,
    release() {
      if (isHeld) rmSync(file, { force: true })
      isHeld = false
    },
  }
}
