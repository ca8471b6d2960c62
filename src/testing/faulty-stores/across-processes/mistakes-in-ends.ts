import type { EndListener } from '../../../core/store.ts'
import { fileStore } from '../../../stores/file/index.ts'
import { type FaultySharedStore, faultyShared } from './shared-store.ts'

export function sharedMistakesInEnds(): FaultySharedStore[] {
  const one = 'within a second, when another process deletes a session; and of no session that lives'
  const many = 'within a second, when another process ends all of a user’s sessions but one'
  return [
    faultyShared('tells only its own process', [one, many, 'by nobody who has stopped listening'], (sound) => {
      const listeners = new Set<EndListener>()
      return {
        async delete(id, options) {
          await sound.delete(id, options)
          for (const { onEnd } of listeners) onEnd(id)
        },
        subscribe(listener) {
          listeners.add(listener)
          setImmediate(listener.onHearing, true)
          return () => listeners.delete(listener)
        },
      }
    }),
    faultyShared('never says that it hears', [many], (sound) => ({
      subscribe: ({ onEnd }) => sound.subscribe({ onEnd, onHearing() {} }),
    })),
    faultyShared('tells of each change', [one], (sound) => ({
      async touch(id, times, options) {
        await sound.touch(id, times, options)
        const { userId: _, ...copy } = (await sound.read(id, options))!
        await sound.delete(id, options)
        await sound.write(copy, undefined, options)
      },
    })),
    faultyShared('does not tell of “sign out everywhere”', [many], (sound) => ({
      users: fileStore(sound.directory).users,
    })),
    faultyShared('goes on telling who has stopped listening', ['by nobody who has stopped listening'], (sound) => ({
      subscribe(listener) {
        sound.subscribe(listener)
        return () => {}
      },
    })),
  ]
}
