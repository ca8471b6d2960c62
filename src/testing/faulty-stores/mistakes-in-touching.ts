import { setImmediate as turn } from 'node:timers/promises'
import type { SessionRecord, Store, Version } from '../../core/store.ts'
import { blank, type FaultyStore, faulty, put, type Sound } from './faulty-store.ts'

export function mistakesInTouching(): FaultyStore[] {
  /** A touch that stores a record anew, whatever lies there by then. */
  const touching = (
    sound: Sound,
    alter: (record: SessionRecord, times: { expiresAt: number; lastSeenAt: number }) => SessionRecord,
    wait: () => Promise<unknown> = async () => {},
  ): Partial<Store> => ({
    async touch(id, times, options) {
      const record = await sound.read(id, options)
      if (!record) return
      await wait()
      await put(sound, alter(record, times), options)
    },
  })
  const forward = (record: SessionRecord, times: { expiresAt: number; lastSeenAt: number }): SessionRecord => ({
    ...record,
    expiresAt: Math.max(record.expiresAt, times.expiresAt),
    lastSeenAt: Math.max(record.lastSeenAt, times.lastSeenAt),
  })
  return [
    faulty(
      'touches with a new version',
      [
        'moves both times forward, and keeps version, body and user',
        'never makes a writer who has read the record before it lose',
      ],
      (sound) =>
        touching(sound, (record, times) => ({ ...forward(record, times), version: `${record.version}+` as Version })),
    ),
    faulty('does not move `expiresAt`', ['lets a touched record live on to its new `expiresAt`'], (sound) => ({
      touch: (id, { lastSeenAt }, options) => sound.touch(id, { expiresAt: 0, lastSeenAt }, options),
    })),
    faulty(
      'moves the times back',
      ['moves neither time back, each judged by itself', 'ends at the latest times when many touch at once'],
      (sound) => touching(sound, (record, times) => ({ ...record, ...times })),
    ),
    faulty('moves both times or none', ['moves neither time back, each judged by itself'], (sound) => ({
      async touch(id, times, options) {
        const record = await sound.read(id, options)
        if (record && times.expiresAt > record.expiresAt) await put(sound, { ...record, ...times }, options)
      },
    })),
    faulty(
      'reads, then stores',
      [
        'ends at the latest times when many touch at once',
        'loses no write that comes at the same time',
        'keeps a record dead that is deleted while it is touched, whichever comes first',
      ],
      (sound) => touching(sound, forward, turn),
    ),
    faulty(
      'creates what it does not find',
      ['creates nothing where there is no record', 'brings nothing back by a touch'],
      (sound) => ({
        async touch(id, times, options) {
          if (await sound.read(id, options)) await sound.touch(id, times, options)
          else await put(sound, { ...blank(id, options), ...times }, options)
        },
      }),
    ),
  ]
}
