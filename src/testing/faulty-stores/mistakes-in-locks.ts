import { setImmediate as turn } from 'node:timers/promises'
import type { Lock, LockOptions, SessionId, Store, StoreOptions, WriteOptions } from '../../core/store.ts'
import { blank, type FaultyStore, faulty, put, type Sound } from './faulty-store.ts'
import { NaiveLocks, type QueueOrder } from './naive-locks.ts'

export function mistakesInLocks(): FaultyStore[] {
  const locking = (sound: Sound, alter: (lock: Lock) => Partial<Lock>): Partial<Store> => ({
    async lockAndRead(id, options) {
      const locked = await sound.lockAndRead(id, options)
      return locked && { ...locked, lock: { ...locked.lock, ...alter(locked.lock) } }
    },
  })
  const asking = (sound: Sound, alter: (options: LockOptions) => Partial<LockOptions>): Partial<Store> => ({
    lockAndRead: (id, options) => sound.lockAndRead(id, { ...options, ...alter(options) }),
  })
  const queueing = (sound: Sound, order: QueueOrder): Partial<Store> => {
    const locks = new NaiveLocks(order)
    return {
      async lockAndRead(id, options) {
        if (!(await sound.read(id, options))) return undefined
        const lock = await locks.take(order === 'one for all' ? ('all' as SessionId) : id)
        const record = await sound.read(id, options)
        return record && { lock, record }
      },
    }
  }
  return [
    faulty(
      'locks what is not there',
      ['grants no lock on a session that is not there, and stores nothing for it'],
      (sound) => ({
        async lockAndRead(id, options) {
          return (await sound.lockAndRead(id, options)) ?? { lock: noLock, record: blank(id, options) }
        },
      }),
    ),
    faulty('stores what is asked for', ['lists no session because someone has asked for it'], (sound) => ({
      async lockAndRead(id, options) {
        if (!(await sound.read(id, options))) await put(sound, blank(id, options), options)
        return sound.lockAndRead(id, options)
      },
    })),
    faulty(
      'reads before it waits',
      [
        'shows the record as it was left by the one before',
        'tells the one who waits that the session was deleted meanwhile, and keeps no lock on it',
      ],
      (sound) => ({
        async lockAndRead(id, options) {
          const record = await sound.read(id, options)
          const locked = await sound.lockAndRead(id, options)
          return record && { lock: locked?.lock ?? noLock, record }
        },
      }),
    ),
    faulty(
      'looks, and reads a moment later',
      ['shows the whole record, or none, when it is deleted at the same moment'],
      (sound) => ({
        async lockAndRead(id, options) {
          const locked = await sound.lockAndRead(id, options)
          await turn()
          return locked && { ...locked, record: (await sound.read(id, options)) ?? blank(id, options) }
        },
      }),
    ),
    faulty(
      'keeps the lock on what was deleted',
      ['tells the one who waits that the session was deleted meanwhile, and keeps no lock on it'],
      (sound) => queueing(sound, 'fair'),
    ),
    faulty(
      'makes readers wait for the lock',
      ['lets others read, write, touch and delete while it is held'],
      (sound) => ({
        async read(id, options) {
          const locked = await sound.lockAndRead(id, { ...options, leaseMs: 60_000 })
          await locked?.lock.release()
          return locked?.record
        },
      }),
    ),
    faulty('has one lock for all sessions', ['holds up nobody who asks for another session'], (sound) =>
      queueing(sound, 'one for all'),
    ),
    faulty('locks nobody out', ['is held by one at a time', 'is held until then'], (sound) => ({
      async lockAndRead(id, options) {
        const record = await sound.read(id, options)
        return record && { lock: noLock, record }
      },
    })),
    faulty('serves first who came last', ['serves first who came first'], (sound) => queueing(sound, 'last first')),
    faulty('lets one in for each release', ['lets the next one in once, however often it is released'], (sound) =>
      queueing(sound, 'one for each release'),
    ),
    faulty(
      'renews what is lost',
      [
        'says by `renew` whether it is held',
        'lets the next one in, and tells the old holder that it lost the lock',
        'lets the next one in when the write succeeds',
      ],
      (sound) =>
        locking(sound, (lock) => ({
          async renew(leaseMs) {
            await lock.renew(leaseMs)
            return true
          },
        })),
    ),
    faulty('renews nothing', ['is extended by a renewal'], (sound) => locking(sound, () => ({ renew: () => true }))),
    faulty('does not listen to the signal', ['rejects with the signal’s reason, and gives up its place'], (sound) =>
      asking(sound, () => ({ signal: new AbortController().signal })),
    ),
    faulty('gives its own reason', ['rejects with the signal’s reason, and gives up its place'], (sound) => ({
      async lockAndRead(id, options) {
        try {
          return await sound.lockAndRead(id, options)
        } catch {
          throw new Error('lock timeout')
        }
      },
    })),
    faulty(
      'releases what was granted when the signal aborts',
      ['takes nothing from a lock that was granted before'],
      (sound) => ({
        async lockAndRead(id, options) {
          const locked = await sound.lockAndRead(id, options)
          options.signal.addEventListener('abort', () => locked?.lock.release())
          return locked
        },
      }),
    ),
    faulty('knows no lease', ['lets the next one in, and tells the old holder that it lost the lock'], (sound) =>
      asking(sound, () => ({ leaseMs: 1_000_000 })),
    ),
    faulty('ends leases early', ['is held until then'], (sound) =>
      asking(sound, ({ leaseMs }) => ({ leaseMs: leaseMs / 100 })),
    ),
    faulty(
      'does not unlock',
      [
        'is free again after 30 turns, each of which was handed over',
        'lets the next one in when the write succeeds',
        'releases the lock when it answers ok to a write that had happened',
      ],
      (sound) => ({ write: (record, expected, options) => sound.write(record, expected, without(options)) }),
    ),
    faulty('unlocks when it refuses', ['keeps the lock when the write is refused'], (sound) => ({
      async write(record, expected, options) {
        const written = await sound.write(record, expected, without(options))
        await options.unlock?.release()
        return written
      },
    })),
    faulty(
      'unlocks only when it stores',
      ['releases the lock when it answers ok to a write that had happened'],
      (sound) => ({
        async write(record, expected, options) {
          const hasHappened = (await sound.read(record.id, options))?.version === record.version
          return sound.write(record, expected, hasHappened ? without(options) : options)
        },
      }),
    ),
  ]
}

function without({ unlock: _, ...options }: WriteOptions): StoreOptions {
  return options
}

const noLock: Lock = { renew: () => true, release() {} }
