import type { Check } from '../check.ts'
import { cookieChecks } from './cookie.ts'
import { csrfChecks } from './csrf.ts'
import { idChecks } from './id.ts'
import { endingChecks } from './life-ending.ts'
import { privilegeChecks } from './life-privilege.ts'
import { timeChecks } from './life-time.ts'
import { netChecks } from './net.ts'
import { storeChecks } from './store.ts'
import { userChecks } from './user.ts'
import { watchingChecks } from './watching.ts'

const inGroups: readonly Check[] = [
  ...idChecks,
  ...cookieChecks,
  ...privilegeChecks,
  ...endingChecks,
  ...timeChecks,
  ...netChecks,
  ...csrfChecks,
  ...userChecks,
  ...storeChecks,
  ...watchingChecks,
]

/** Leaves thousands of sessions behind, which the others would find in the store. */
const last = 'id.entropy128'

/** Every check, in the order in which they are run. */
export const checks: readonly Check[] = [
  ...inGroups.filter(({ id }) => id !== last),
  ...inGroups.filter(({ id }) => id === last),
]
