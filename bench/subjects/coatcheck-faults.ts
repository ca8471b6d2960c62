import type { MaybePromise, Store } from 'coatcheck'
import type { Faults, Operation } from './faults.ts'

/** A store of ours with faults in it. */
export function broken(store: Store, faults: Faults): Store {
  const after = <T>(operation: Operation, call: () => MaybePromise<T>): MaybePromise<T> =>
    faults.before(operation)?.then(call) ?? call()
  return {
    ...store,
    read: (...args) => after('read', () => store.read(...args)),
    write: (...args) => after('write', () => store.write(...args)),
    delete: (...args) => after('destroy', () => store.delete(...args)),
    lockAndRead: (...args) => after('read', () => store.lockAndRead?.(...args)),
  }
}
