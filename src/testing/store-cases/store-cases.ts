import { cleaningUp } from './cleaning-up.ts'
import { deleting } from './deleting.ts'
import { expiring } from './expiring.ts'
import { listing } from './listing.ts'
import { locks } from './locks.ts'
import { readingAndWriting } from './reading-and-writing.ts'
import { signOutEverywhere } from './sign-out-everywhere.ts'
import type { StoreCase } from './store-case.ts'
import { touching } from './touching.ts'
import { users } from './users.ts'
import { versions } from './versions.ts'

/** The store contract, fact by fact. `testStore` hands them to node:test; other runners can take them from here. */
export const storeCases: readonly StoreCase[] = [
  ...readingAndWriting,
  ...versions,
  ...expiring,
  ...touching,
  ...deleting,
  ...locks,
  ...users,
  ...signOutEverywhere,
  ...listing,
  ...cleaningUp,
]
