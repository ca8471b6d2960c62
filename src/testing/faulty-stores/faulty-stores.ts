import type { FaultyStore } from './faulty-store.ts'
import { mistakesInCleaningUp } from './mistakes-in-cleaning-up.ts'
import { mistakesInDeleting } from './mistakes-in-deleting.ts'
import { mistakesInExpiry } from './mistakes-in-expiry.ts'
import { mistakesInLists } from './mistakes-in-lists.ts'
import { mistakesInLocks } from './mistakes-in-locks.ts'
import { mistakesInReading } from './mistakes-in-reading.ts'
import { mistakesInTouching } from './mistakes-in-touching.ts'
import { mistakesInUsers } from './mistakes-in-users.ts'
import { mistakesInVersions } from './mistakes-in-versions.ts'

/** Each case of the contract is named by one of these at least: a case that nothing can fail proves nothing. */
export const faultyStores: readonly FaultyStore[] = [
  ...mistakesInReading(),
  ...mistakesInVersions(),
  ...mistakesInExpiry(),
  ...mistakesInTouching(),
  ...mistakesInDeleting(),
  ...mistakesInLocks(),
  ...mistakesInUsers(),
  ...mistakesInLists(),
  ...mistakesInCleaningUp(),
]
