import { ever, type FaultyStore, faulty } from './faulty-store.ts'

export function mistakesInExpiry(): FaultyStore[] {
  return [
    faulty(
      'reads what has expired',
      ['reads a record up to its last millisecond, and not at `expiresAt`'],
      (sound) => ({
        read: (id, options) => sound.read(id, ever(options)),
      }),
    ),
    faulty(
      'expires a millisecond late',
      ['reads a record up to its last millisecond, and not at `expiresAt`'],
      (sound) => ({
        read: (id, options) => sound.read(id, { ...options, now: options.now - 1 }),
      }),
    ),
    faulty(
      'writes over what has expired',
      [
        'refuses to replace what has expired, shows no record, and brings nothing back',
        'creates where an expired record lies',
      ],
      (sound) => ({ write: (record, expected, options) => sound.write(record, expected, ever(options)) }),
    ),
    faulty('touches what has expired', ['does not bring back by a touch what has expired'], (sound) => ({
      touch: (id, times, options) => sound.touch(id, times, ever(options)),
    })),
    faulty(
      'does not look for what has expired when it deletes',
      ['deletes what has expired, even for those whose clock is behind'],
      (sound) => ({
        delete: async (id, options) => ((await sound.read(id, options)) ? sound.delete(id, options) : undefined),
      }),
    ),
    faulty('lists what has expired', ['does not list what has expired'], (sound) => ({
      list: (options) => sound.list(ever(options)),
    })),
    faulty(
      'lists what has expired with its user',
      ['does not list what has expired among the sessions of its user'],
      (sound) => ({
        users: { ...sound.users, list: (userId, options) => sound.users.list(userId, ever(options)) },
      }),
    ),
    faulty('counts what has expired', ['counts only live sessions when it ends those of a user'], (sound) => ({
      users: { ...sound.users, deleteByUser: (userId, options) => sound.users.deleteByUser(userId, ever(options)) },
    })),
    faulty('locks what has expired', ['grants no lock on what has expired'], (sound) => ({
      lockAndRead: (id, options) => sound.lockAndRead(id, ever(options)),
    })),
  ]
}
