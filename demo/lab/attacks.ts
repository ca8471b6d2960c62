import type { Attack } from './attack.ts'
import { backAfterLogout } from './attacks/back-after-logout.ts'
import { csrf } from './attacks/csrf.ts'
import { fixation } from './attacks/fixation.ts'
import { guessing } from './attacks/guessing.ts'
import { logoutUndone } from './attacks/logout-undone.ts'
import { lostUpdate } from './attacks/lost-update.ts'
import { theft } from './attacks/theft.ts'

/** In the order in which they are told. */
export const attacks: readonly Attack[] = [fixation, theft, csrf, guessing, backAfterLogout, lostUpdate, logoutUndone]
