// The module that the processes load: a space is the number of a mistake, or `sound`, then a name.
import type { Store } from '../../../core/store.ts'
import { faultySharedStores } from './faulty-shared-stores.ts'
import { directoryOf, removeShared, sharedStore } from './shared-store.ts'

export default function open(space: string): Store {
  const faulty = faultySharedStores[Number(space.split('-')[0])]
  return faulty ? faulty.open(directoryOf(space)) : sharedStore(directoryOf(space))
}

export const remove: (space: string) => void = removeShared
