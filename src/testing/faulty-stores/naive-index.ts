import type { SessionId, SessionRecord, Store } from '../../core/store.ts'
import type { Sound } from './faulty-store.ts'

/** Lists of ids, of which nobody takes care. Each is read, maybe waited for, and stored again. */
export function naiveIndex(sound: Sound, wait: () => Promise<unknown> = async () => {}): Partial<Store> {
  const idsOf = new Map<string, readonly SessionId[]>()
  const seen = new Map<SessionId, SessionRecord>()
  return {
    async write(record, expected, options) {
      const { id, userId } = record
      if (userId !== undefined) {
        const before = idsOf.get(userId) ?? []
        await wait()
        idsOf.set(userId, [...before, id])
        seen.set(id, record)
      }
      return sound.write(record, expected, options)
    },
    users: {
      ...sound.users,
      async *list(userId, options) {
        for (const id of idsOf.get(userId) ?? []) {
          const record = (await sound.read(id, options)) ?? seen.get(id)
          if (record && record.expiresAt > options.now) yield record
        }
      },
    },
  }
}
