import { setImmediate as turn } from 'node:timers/promises'
import type { Store } from '../../core/store.ts'
import { put, type Sound } from './faulty-store.ts'

/** What is stored between the two is lost. */
export function compareThenStore(sound: Sound): Partial<Store> {
  return {
    async write(record, expected, options) {
      const current = await sound.read(record.id, options)
      if (current?.version === record.version) return { ok: true }
      if (current?.version !== expected) return { ok: false, current }
      await turn()
      await put(sound, record, options)
      return { ok: true }
    },
  }
}
