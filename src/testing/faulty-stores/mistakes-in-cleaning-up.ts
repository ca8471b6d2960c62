import { setImmediate as turn } from 'node:timers/promises'
import type { SessionId, Store, StoreOptions } from '../../core/store.ts'
import { ever, type FaultyStore, faulty, type Sound, toArray } from './faulty-store.ts'
import { naiveIndex } from './naive-index.ts'

export function mistakesInCleaningUp(): FaultyStore[] {
  type Options = StoreOptions & { readonly batch: number }
  /** Cleans up by an expiry that it has noted at writes, and what it says it has removed. */
  const cleaning = (
    sound: Sound,
    note: (before: number | undefined, expiresAt: number) => number,
    alter: (options: Options) => Options = (options) => options,
  ): Partial<Store> => {
    const expiries = new Map<SessionId, number>()
    return {
      write(record, expected, options) {
        expiries.set(record.id, note(expiries.get(record.id), record.expiresAt))
        return sound.write(record, expected, options)
      },
      async deleteExpired(given) {
        const options = alter(given)
        let count = 0
        for (const [id, expiresAt] of expiries) {
          if (expiresAt > options.now || count >= options.batch) continue
          expiries.delete(id)
          await sound.delete(id, options)
          count++
        }
        return count
      },
    }
  }
  const last = (_: number | undefined, expiresAt: number): number => expiresAt
  return [
    faulty(
      'cleans nothing up',
      ['removes what has expired, says how many, and then that there is nothing left'],
      () => ({
        deleteExpired: () => 0,
      }),
    ),
    faulty('removes everything', ['leaves what is alive'], (sound) => ({
      deleteExpired: (options) => sound.deleteExpired({ ...options, now: Number.MAX_SAFE_INTEGER }),
    })),
    faulty(
      'goes by the first expiry',
      [
        'leaves what was touched, and removes it once that time has come',
        'does not remove a record that was created anew under an expired one’s id',
      ],
      (sound) => cleaning(sound, (before, expiresAt) => before ?? expiresAt),
    ),
    faulty('goes by the latest expiry', ['removes what a write has made to expire earlier'], (sound) =>
      cleaning(sound, (before, expiresAt) => Math.max(before ?? 0, expiresAt)),
    ),
    faulty('ignores `batch`', ['removes at most `batch` records a call, and all of them in the end'], (sound) => ({
      deleteExpired: (options) => sound.deleteExpired({ ...options, batch: 1_000_000 }),
    })),
    faulty('counts what it has noted', ['does not count what was deleted before'], (sound) => cleaning(sound, last)),
    faulty('looks, then removes', ['loses nothing that is written while it runs'], (sound) => ({
      async deleteExpired(options) {
        const live = new Set((await toArray(sound.list(options))).map(({ id }) => id))
        const expired = (await toArray(sound.list(ever(options)))).filter(({ id }) => !live.has(id))
        await turn()
        for (const { id } of expired) await sound.delete(id, options)
        return expired.length
      },
    })),
    faulty('leaves the user’s list as it is', ['takes what it removes off the list of its user'], (sound) =>
      naiveIndex(sound),
    ),
  ]
}
