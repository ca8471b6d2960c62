import { compareThenStore } from './compare-then-store.ts'
import { type FaultyStore, faulty } from './faulty-store.ts'

export function mistakesInDeleting(): FaultyStore[] {
  return [
    faulty('deletes late', ['has deleted a record when it says so'], (sound) => ({
      delete(id, options) {
        setImmediate(() => sound.delete(id, options))
      },
    })),
    faulty(
      'deletes only what is there',
      ['succeeds in deleting what is not there, and what was deleted before'],
      (sound) => ({
        async delete(id, options) {
          if (!(await sound.read(id, options))) throw new Error('not found')
          await sound.delete(id, options)
        },
      }),
    ),
    faulty(
      'compares, then stores, and so revives',
      ['keeps a record dead that is deleted while it is written, whichever comes first'],
      compareThenStore,
    ),
  ]
}
