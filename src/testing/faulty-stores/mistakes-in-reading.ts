import type { SessionId, SessionRecord } from '../../core/store.ts'
import { blank, type FaultyStore, faulty } from './faulty-store.ts'

export function mistakesInReading(): FaultyStore[] {
  /** What comes in is stored otherwise. */
  const storing = (mistake: string, foundBy: readonly string[], alter: (record: SessionRecord) => SessionRecord) =>
    faulty(mistake, foundBy, (sound) => ({
      write: (record, expected, options) => sound.write(alter(record), expected, options),
    }))
  const withBody =
    (alter: (body: Buffer) => Uint8Array) =>
    (record: SessionRecord): SessionRecord => ({
      ...record,
      body: alter(Buffer.from(record.body)),
    })
  return [
    faulty('promises more than there is', ['says how durable it is'], () => ({ durability: 'forever' as 'kept' })),
    faulty('makes up what it does not find', ['reads nothing for a session that was never stored'], (sound) => ({
      read: async (id, options) => (await sound.read(id, options)) ?? blank(id, options),
    })),
    storing('keeps times in seconds', ['reads a record back at once, with all its fields and no others'], (record) => ({
      ...record,
      lastSeenAt: Math.floor(record.lastSeenAt / 1000) * 1000,
    })),
    storing('loses `openedAt`', ['reads a record back at once, with all its fields and no others'], (record) => {
      const { openedAt: _, ...others } = record
      return others
    }),
    faulty(
      'writes a body over the one before',
      ['reads the next state of a record, and nothing of the one before'],
      (sound) => ({
        async write(record, expected, options) {
          const before = (await sound.read(record.id, options))?.body ?? Buffer.alloc(0)
          const body = Buffer.concat([record.body, before.subarray(record.body.byteLength)])
          return sound.write({ ...record, body }, expected, options)
        },
      }),
    ),
    storing(
      'takes a body for text',
      ['keeps every byte of a body'],
      withBody((body) => Buffer.from(body.toString())),
    ),
    storing(
      'cuts a body off at 64 KiB',
      ['keeps bodies of any size from nothing to one mebibyte'],
      withBody((body) => body.subarray(0, 65_536)),
    ),
    storing('keeps the buffer of a view', ['keeps a view into a larger buffer as what it shows'], (record) => ({
      ...record,
      body: new Uint8Array(record.body.buffer),
    })),
    storing('cuts user ids off at 255 characters', ['keeps a user id exactly, whatever characters it has'], (record) =>
      record.userId === undefined ? record : { ...record, userId: record.userId.slice(0, 255) },
    ),
    renaming('keeps 63 digits of an id', ['keeps two sessions apart whose ids differ in one digit'], (id) =>
      id.slice(0, 63),
    ),
    renaming(
      'takes capitals for small letters',
      [
        'finds nothing under what is no session id, and changes nothing',
        'takes what is no session id for a name of its own, or rejects it',
        'grants no lock on what is no session id',
      ],
      (id) => id.toLowerCase(),
    ),
  ]
}

/** Keeps its records under another name than it is told. */
function renaming(mistake: string, foundBy: readonly string[], rename: (id: SessionId) => string): FaultyStore {
  return faulty(mistake, foundBy, (sound) => {
    const own = (id: SessionId): SessionId => rename(id) as SessionId
    const shown = (id: SessionId, record: SessionRecord | undefined) => record && { ...record, id }
    return {
      read: async (id, options) => shown(id, await sound.read(own(id), options)),
      async write(record, expected, options) {
        const written = await sound.write({ ...record, id: own(record.id) }, expected, options)
        return written.ok ? written : { ok: false, current: shown(record.id, written.current) }
      },
      touch: (id, times, options) => sound.touch(own(id), times, options),
      delete: (id, options) => sound.delete(own(id), options),
      lockAndRead: (id, options) => sound.lockAndRead(own(id), options),
    }
  })
}
