import type { SessionRecord, Store, StoreOptions, Version, Written } from '../../core/store.ts'
import { compareThenStore } from './compare-then-store.ts'
import { type FaultyStore, faulty, type Sound } from './faulty-store.ts'

export function mistakesInVersions(): FaultyStore[] {
  const current = async (sound: Sound, { id }: SessionRecord, options: StoreOptions) => sound.read(id, options)
  return [
    faulty(
      'stores whatever comes',
      [
        'refuses to create where a live record exists, and returns that record',
        'refuses a write that expects an older version, and returns the current record',
        'lets one of 50 writes win that come at once, and shows its record to the others',
        'lets one of 20 creates win that come at once under one id',
        'counts exactly when each refused writer goes on from the record it is shown',
      ],
      (sound) => ({
        write(record, _, options) {
          sound.delete(record.id, options)
          return sound.write(record, undefined, options)
        },
      }),
    ),
    faulty(
      'compares, then stores',
      [
        'lets one of 50 writes win that come at once, and shows its record to the others',
        'lets one of 20 creates win that come at once under one id',
        'counts exactly when each refused writer goes on from the record it is shown',
      ],
      compareThenStore,
    ),
    faulty(
      'does not show what it refuses for',
      ['refuses a write that expects an older version, and returns the current record'],
      (sound) => ({
        async write(record, expected, options) {
          const written = await sound.write(record, expected, options)
          return written.ok ? written : { ok: false }
        },
      }),
    ),
    faulty(
      'creates what it should refuse',
      [
        'creates nothing when it refuses a write to a session that is not there',
        'refuses a write that has read the record before it was deleted',
        'refuses a write that has read the session before it was ended',
      ],
      createsWhatIsGone,
    ),
    faulty(
      'takes capitals in versions for small letters',
      ['tells versions apart that differ in the case of a letter only'],
      (sound) => ({
        async write(record, expected, options) {
          const version = (await current(sound, record, options))?.version
          const isSame = version?.toLowerCase() === expected?.toLowerCase()
          return sound.write(record, isSame ? version : expected, options)
        },
      }),
    ),
    faulty(
      'refuses the same write again',
      [
        'answers ok to a create that has happened',
        'answers ok to a write that has happened, though its expected version is gone',
      ],
      (sound) => ({
        async write(record, expected, options) {
          const found = await current(sound, record, options)
          return found?.version === record.version
            ? { ok: false, current: found }
            : sound.write(record, expected, options)
        },
      }),
    ),
    faulty(
      'answers ok to any write that ever happened',
      ['refuses a write that has happened, once another one came after it'],
      (sound) => {
        const seen = new Set<Version>()
        return {
          async write(record, expected, options): Promise<Written> {
            if (seen.has(record.version)) return { ok: true }
            seen.add(record.version)
            return sound.write(record, expected, options)
          },
        }
      },
    ),
  ]
}

function createsWhatIsGone(sound: Sound): Partial<Store> {
  return {
    async write(record, expected, options) {
      const written = await sound.write(record, expected, options)
      if (!written.ok && !written.current)
        await sound.write({ ...record, openedAt: Number.MAX_VALUE }, undefined, options)
      return written
    },
  }
}
