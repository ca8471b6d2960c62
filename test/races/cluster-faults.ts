import type { SessionRecord, Store } from 'coatcheck'
import { overwriting, withoutTurns } from '../http/stores.ts'

export type Fault = keyof typeof faults

/** What lies between the sessions and their store: nothing, or a mistake that the tests must find. */
export const faults = {
  none: (store: Store): Store => store,
  overwrites: overwriting,
  'overwrites, and gives everyone the lock': (store: Store): Store => withoutTurns(overwriting(store)),
  're-creates by a touch': recreating,
}

/** Faulty on purpose: a sign of life stores a record that is gone anew, as it was when this process read it. */
function recreating(store: Store): Store {
  const remembered = new Map<string, SessionRecord>()
  return {
    ...store,
    async read(id, options) {
      const record = await store.read(id, options)
      if (record) remembered.set(id, record)
      return record
    },
    async touch(id, times, options) {
      const record = remembered.get(id)
      if (!(await store.read(id, options)) && record) await store.write({ ...record, ...times }, undefined, options)
      else await store.touch(id, times, options)
    },
  }
}
