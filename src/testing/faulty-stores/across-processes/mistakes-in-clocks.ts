import { setTimeout as pause } from 'node:timers/promises'
import type { StoreOptions } from '../../../core/store.ts'
import { ever, put, toArray } from '../faulty-store.ts'
import { type FaultySharedStore, faultyShared } from './shared-store.ts'

export function sharedMistakesInClocks(): FaultySharedStore[] {
  const own = <Options extends StoreOptions>(options: Options): Options => ({ ...options, now: Date.now() })
  return [
    faultyShared(
      'goes by a clock of its own',
      ['goes by the time that each process gives, ten seconds apart'],
      (sound) => ({
        read: (id, options) => sound.read(id, own(options)),
        write: (record, expected, options) => sound.write(record, expected, own(options)),
        touch: (id, times, options) => sound.touch(id, times, own(options)),
      }),
    ),
    faultyShared(
      'touches with the times it is given',
      ['never moves a time back when processes touch whose clocks are ten seconds apart'],
      (sound) => ({
        async touch(id, times, options) {
          const record = await sound.read(id, options)
          if (record) await put(sound, { ...record, ...times }, options)
        },
      }),
    ),
    faultyShared(
      'looks for what has expired, then removes it',
      ['removes nothing live while two processes clean up and a third touches and reads'],
      (sound) => ({
        async deleteExpired(options) {
          const live = new Set((await toArray(sound.list(options))).map(({ id }) => id))
          const expired = (await toArray(sound.list(ever(options)))).filter(({ id }) => !live.has(id))
          for (const { id } of expired) {
            await pause(1)
            await sound.delete(id, options)
          }
          return expired.length
        },
      }),
    ),
  ]
}
