import type { SessionId, SessionRecord } from '../../core/store.ts'
import { blank, type FaultyStore, faulty, toArray } from './faulty-store.ts'

export function mistakesInLists(): FaultyStore[] {
  return [
    faulty('lists what nobody has stored', ['lists nothing in an empty store'], (sound) => ({
      list: async function* (options) {
        yield* sound.list(options)
        yield blank('0'.repeat(64) as SessionId, options)
      },
    })),
    faulty(
      'lists users’ sessions only',
      ['lists every session once, anonymous or not, whole and in its newest state'],
      (sound) => ({
        list: async function* (options) {
          for await (const record of sound.list(options)) if (record.userId !== undefined) yield record
        },
      }),
    ),
    faulty('lists what it has seen', ['does not list what was deleted'], (sound) => {
      const seen = new Map<SessionId, SessionRecord>()
      return {
        write(record, expected, options) {
          seen.set(record.id, record)
          return sound.write(record, expected, options)
        },
        list: () => seen.values(),
      }
    }),
    faulty('lists one page', ['lists hundreds, and goes on while they are being deleted'], (sound) => ({
      list: async function* (options) {
        let count = 0
        for await (const record of sound.list(options)) if (count++ < 100) yield record
      },
    })),
    faulty(
      'skips by number while the list gets shorter',
      ['lists hundreds, and goes on while they are being deleted'],
      (sound) => ({
        list: async function* (options) {
          for (let skip = 0; ; skip += 100) {
            const page = (await toArray(sound.list(options))).slice(skip, skip + 100)
            if (page.length === 0) return
            yield* page
          }
        },
      }),
    ),
  ]
}
