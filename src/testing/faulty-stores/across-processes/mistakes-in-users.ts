import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { SessionId, Store, UserIndex } from '../../../core/store.ts'
import { put, toArray } from '../faulty-store.ts'
import { type FaultySharedStore, faultyShared, type Shared } from './shared-store.ts'

export function sharedMistakesInUsers(): FaultySharedStore[] {
  const users = (sound: Shared, changed: Partial<UserIndex>): Partial<Store> => ({
    users: { ...sound.users, ...changed },
  })
  return [
    faultyShared(
      'enters a session in its user’s list after it has stored it',
      [
        'leaves no session alive whose sign-in is under way in another process',
        'lists what is alive, and nothing else, when a process was killed while users came and went',
      ],
      (sound) => ({
        async write(record, expected, options) {
          const written = await sound.write(record, expected, options)
          await pause(3)
          if (written.ok && record.userId !== undefined) {
            mkdirSync(entriesOf(sound, record.userId), { recursive: true })
            writeFileSync(join(entriesOf(sound, record.userId), record.id), '')
          }
          return written
        },
        ...users(sound, {
          list: (userId, options) => listed(sound, userId, options),
          async deleteByUser(userId, options) {
            const found = await toArray(listed(sound, userId, options))
            for (const { id } of found) if (id !== options.except) await sound.delete(id, options)
            return found.length
          },
        }),
      }),
    ),
    faultyShared(
      'loses entries that are made at the same time',
      ['lists all of 60 sign-ins that three processes take at once'],
      (sound) => {
        const file = join(sound.directory, 'entries')
        return {
          async write(record, expected, options) {
            if (record.userId !== undefined) {
              const before = idsIn(file)
              await pause(1)
              writeFileSync(file, [...before, record.id].join('\n'))
            }
            return sound.write(record, expected, options)
          },
          ...users(sound, {
            list: async function* (_, options) {
              for (const id of idsIn(file)) {
                const record = await sound.read(id, options)
                if (record) yield record
              }
            },
          }),
        }
      },
    ),
    faultyShared(
      'ends what it has listed, and so misses sign-ins under way',
      [
        'leaves no session alive whose sign-in is under way in another process',
        'refuses it in every process',
        'is finished by the next call when a process was killed in the middle of it',
      ],
      (sound) =>
        users(sound, {
          async deleteByUser(userId, options) {
            const found = await toArray(sound.users.list(userId, options))
            for (const { id } of found) if (id !== options.except) await sound.delete(id, options)
            return found.length
          },
        }),
    ),
    faultyShared('remembers `notBefore` in one process', ['refuses it in every process'], (sound) => {
      const notBefores = new Map<string, number>()
      return {
        write(record, expected, options) {
          const isLate = (record.openedAt ?? 0) < (notBefores.get(record.userId ?? '') ?? 0)
          return isLate ? { ok: false, reason: 'revoked' } : sound.write(record, expected, options)
        },
        ...users(sound, {
          deleteByUser(userId, options) {
            notBefores.set(userId, options.notBefore)
            return sound.users.deleteByUser(userId, { ...options, notBefore: 0 })
          },
        }),
      }
    }),
    faultyShared(
      'puts back what it excepts',
      ['ends both of two sessions that end each other from two processes at once'],
      (sound) =>
        users(sound, {
          async deleteByUser(userId, options) {
            const kept = options.except && (await sound.read(options.except, options))
            const count = await sound.users.deleteByUser(userId, { ...options, except: undefined })
            if (!kept) return count
            await put(sound, { ...kept, openedAt: options.notBefore }, options)
            return count - 1
          },
        }),
    ),
    faultyShared('counts, then deletes', ['counts each session once when two processes end them at once'], (sound) =>
      users(sound, {
        async deleteByUser(userId, options) {
          const { length } = await toArray(sound.users.list(userId, options))
          await pause(2)
          await sound.users.deleteByUser(userId, options)
          return length
        },
      }),
    ),
    faultyShared(
      'empties the list before it ends the sessions',
      ['is finished by the next call when a process was killed in the middle of it'],
      (sound) => {
        const entered = (userId: string): string => entriesOf(sound, userId)
        return {
          async write(record, expected, options) {
            if (record.userId !== undefined) {
              mkdirSync(entered(record.userId), { recursive: true })
              writeFileSync(join(entered(record.userId), record.id), '')
            }
            return sound.write(record, expected, options)
          },
          ...users(sound, {
            list: (userId, options) => listed(sound, userId, options),
            async deleteByUser(userId, options) {
              const found = await toArray(listed(sound, userId, options))
              rmSync(entered(userId), { recursive: true, force: true })
              for (const { id } of found) {
                await pause(1)
                await sound.delete(id, options)
              }
              return found.length
            },
          }),
        }
      },
    ),
  ]
}

function entriesOf(sound: Shared, userId: string): string {
  return join(sound.directory, 'entries-of', Buffer.from(userId).toString('hex'))
}

async function* listed(sound: Shared, userId: string, options: Parameters<UserIndex['list']>[1]) {
  for (const id of namesIn(entriesOf(sound, userId))) {
    const record = await sound.read(id as SessionId, options)
    if (record) yield record
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function idsIn(file: string): SessionId[] {
  try {
    return readFileSync(file, 'utf8').split('\n') as SessionId[]
  } catch {
    return []
  }
}
