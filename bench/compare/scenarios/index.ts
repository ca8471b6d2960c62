import type { Scenario } from '../scenario.ts'
import { concurrency } from './concurrency.ts'
import { cookies } from './cookies.ts'
import { data } from './data.ts'
import { logout } from './logout.ts'
import { outages } from './outages.ts'
import { rotation } from './rotation.ts'
import { strictness } from './strictness.ts'

/** All that is compared, in the order of the rows. */
export const scenarios: readonly Scenario[] = [
  ...concurrency,
  ...logout,
  ...rotation,
  ...strictness,
  ...outages,
  ...data,
  ...cookies,
]
