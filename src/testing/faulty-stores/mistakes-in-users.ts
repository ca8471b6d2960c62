import { setImmediate as turn } from 'node:timers/promises'
import type { SessionId, SessionRecord, Store, StoreOptions, UserIndex } from '../../core/store.ts'
import { type FaultyStore, faulty, type Sound, toArray } from './faulty-store.ts'
import { naiveIndex } from './naive-index.ts'

export function mistakesInUsers(): FaultyStore[] {
  const users = (sound: Sound, changed: Partial<UserIndex>): Partial<Store> => ({
    users: { ...sound.users, ...changed },
  })
  const all = async (sound: Sound, options: StoreOptions): Promise<SessionRecord[]> => toArray(sound.list(options))
  return [
    faulty(
      'lists everybody’s sessions',
      ['lists the sessions of one user, whole, and of nobody else', 'does not list a sign-in that was refused'],
      (sound) => users(sound, { list: (_, options) => sound.list(options) }),
    ),
    faulty(
      'lists sign-ins on a new record only',
      ['has a session in the list as soon as its sign-in is stored'],
      (sound) => {
        const created = new Set<SessionId>()
        return {
          write(record, expected, options) {
            if (expected === undefined && record.userId !== undefined) created.add(record.id)
            return sound.write(record, expected, options)
          },
          ...users(sound, {
            list: async function* (userId, options) {
              for await (const record of sound.users.list(userId, options)) if (created.has(record.id)) yield record
            },
          }),
        }
      },
    ),
    faulty(
      'enters a session at each write',
      ['lists a session once, with its newest state, however often it is written and touched'],
      (sound) => naiveIndex(sound),
    ),
    faulty('enters a session before it is written', ['does not list a sign-in that was refused'], (sound) =>
      naiveIndex(sound),
    ),
    faulty(
      'does not ask whose session it lists',
      ['forgets the user of an expired record when its id is used again'],
      (sound) => naiveIndex(sound),
    ),
    faulty('loses entries that are made at the same time', ['lists all of 20 sign-ins that come at once'], (sound) =>
      naiveIndex(sound, turn),
    ),
    faulty(
      'takes capitals in user ids for small letters',
      ['keeps users apart whose ids differ in case, accents or spaces only'],
      (sound) =>
        users(sound, {
          list: async function* (userId, options) {
            for (const record of await all(sound, options)) {
              if (record.userId?.toLowerCase() === userId.toLowerCase()) yield record
            }
          },
        }),
    ),
    faulty(
      'takes user ids for file names',
      ['lists and ends the sessions of users with any characters in their id'],
      (sound) => users(sound, { list: (userId, options) => sound.users.list(userId.replaceAll('/', '_'), options) }),
    ),
    faulty(
      'lists what is not there any more',
      ['goes on with the list while its sessions are being deleted', 'takes a deleted record off its user’s list'],
      (sound) => {
        const seen = new Map<SessionId, SessionRecord>()
        return {
          write(record, expected, options) {
            seen.set(record.id, record)
            return sound.write(record, expected, options)
          },
          ...users(sound, { list: (userId) => [...seen.values()].filter((record) => record.userId === userId) }),
        }
      },
    ),
    faulty(
      'ends everybody’s sessions',
      ['ends the sessions of one user, nobody else’s, and says how many', 'does not except a session of somebody else'],
      (sound) =>
        users(sound, {
          async deleteByUser(userId, options) {
            const count = await sound.users.deleteByUser(userId, options)
            for (const { id } of await all(sound, options)) if (id !== options.except) await sound.delete(id, options)
            return count + (options.except ? 1 : 0)
          },
        }),
    ),
    faulty('says that there was one', ['ends nothing, and says so, when it is done again'], (sound) =>
      users(sound, {
        async deleteByUser(userId, options) {
          return Math.max(1, await sound.users.deleteByUser(userId, options))
        },
      }),
    ),
    faulty('counts, then deletes', ['counts each session once when it is done twice at the same time'], (sound) =>
      users(sound, {
        async deleteByUser(userId, options) {
          const { length } = await toArray(sound.users.list(userId, options))
          await turn()
          await sound.users.deleteByUser(userId, options)
          return length
        },
      }),
    ),
    faulty('excepts nobody', ['keeps the one session that is excepted, in the list as well'], (sound) =>
      users(sound, {
        deleteByUser: (userId, options) => sound.users.deleteByUser(userId, { ...options, except: undefined }),
      }),
    ),
    faulty(
      'revokes what it has kept',
      [
        'lets the kept session be written on, though its sign-in is an old one',
        'accepts a sign-in of the same user again, in the session that was excepted too',
      ],
      (sound) => {
        const ended = new Set<string>()
        return {
          write(record, expected, options) {
            if (record.userId !== undefined && ended.has(record.userId)) return { ok: false, reason: 'revoked' }
            return sound.write(record, expected, options)
          },
          ...users(sound, {
            deleteByUser(userId, options) {
              ended.add(userId)
              return sound.users.deleteByUser(userId, options)
            },
          }),
        }
      },
    ),
    faulty('forgets what it has kept', ['ends by a second call what the first one excepted'], (sound) => {
      const kept = new Set<SessionId>()
      return users(sound, {
        async deleteByUser(userId, options) {
          if (options.except) kept.add(options.except)
          let count = 0
          for (const { id } of await toArray(sound.users.list(userId, options))) {
            if (kept.has(id)) continue
            await sound.delete(id, options)
            count++
          }
          return count
        },
      })
    }),
    faulty(
      'shows what was excepted to whoever excepted it',
      ['does not except a session of somebody else'],
      (sound) => {
        const kept = new Map<string, SessionId>()
        return users(sound, {
          list: async function* (userId, options) {
            yield* sound.users.list(userId, options)
            const record = kept.has(userId) ? await sound.read(kept.get(userId)!, options) : undefined
            if (record && record.userId !== userId) yield record
          },
          deleteByUser(userId, options) {
            if (options.except) kept.set(userId, options.except)
            return sound.users.deleteByUser(userId, options)
          },
        })
      },
    ),
    faulty(
      'lists first, and refuses sign-ins after that',
      ['leaves no session alive whose sign-in was under way'],
      (sound) =>
        users(sound, {
          async deleteByUser(userId, options) {
            const listed = await toArray(sound.users.list(userId, options))
            await turn()
            for (const { id } of listed) await sound.delete(id, options)
            return listed.length
          },
        }),
    ),
    faulty(
      'ignores `notBefore`',
      [
        'refuses an older sign-in as `revoked`, and stores nothing',
        'refuses an older sign-in on a live anonymous session, which goes on',
        'leaves no session alive whose sign-in was under way',
      ],
      (sound) =>
        users(sound, {
          deleteByUser: (userId, options) => sound.users.deleteByUser(userId, { ...options, notBefore: 0 }),
        }),
    ),
    faulty(
      'judges only new records by `notBefore`',
      ['refuses an older sign-in on a live anonymous session, which goes on'],
      (sound) => ({
        write: (record, expected, options) =>
          sound.write(expected === undefined ? record : { ...record, openedAt: Number.MAX_VALUE }, expected, options),
      }),
    ),
    faulty('refuses one millisecond too much', ['accepts a sign-in that arrived then or later'], (sound) =>
      users(sound, {
        deleteByUser: (userId, options) =>
          sound.users.deleteByUser(userId, { ...options, notBefore: options.notBefore + 1 }),
      }),
    ),
    faulty('shuts the user out for good', ['accepts a sign-in that arrived then or later'], (sound) =>
      users(sound, {
        deleteByUser: (userId, options) =>
          sound.users.deleteByUser(userId, { ...options, notBefore: Number.MAX_VALUE }),
      }),
    ),
    ownNotBefore('remembers the last of several', ['remembers the latest of several'], (_, latest) => latest),
    ownNotBefore('forgets in a clean-up whom it refuses', ['still refuses it after a clean-up'], Math.max, true),
    faulty('refuses everybody', ['refuses nobody else’s sign-in, and no anonymous session'], (sound) =>
      users(sound, {
        deleteByUser: async (userId, options) => {
          await sound.users.deleteByUser('bob', options)
          return sound.users.deleteByUser(userId, options)
        },
      }),
    ),
  ]
}

/** Judges sign-ins by its own notes of `notBefore`. */
function ownNotBefore(
  mistake: string,
  foundBy: readonly string[],
  next: (before: number, latest: number) => number,
  forgets = false,
): FaultyStore {
  return faulty(mistake, foundBy, (sound) => {
    const notBefore = new Map<string, number>()
    return {
      write(record, expected, options) {
        const { userId = '', openedAt = 0 } = record
        if (openedAt < (notBefore.get(userId) ?? 0)) return { ok: false, reason: 'revoked' }
        return sound.write(record, expected, options)
      },
      users: {
        ...sound.users,
        deleteByUser(userId, options) {
          notBefore.set(userId, next(notBefore.get(userId) ?? 0, options.notBefore))
          return sound.users.deleteByUser(userId, { ...options, notBefore: 0 })
        },
      },
      deleteExpired(options) {
        if (forgets) notBefore.clear()
        return sound.deleteExpired(options)
      },
    }
  })
}
