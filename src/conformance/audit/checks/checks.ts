import type { Check } from '../check.ts'
import { caching } from './caching.ts'
import { cookieAttributes } from './cookie-attributes.ts'
import { cookieHeader } from './cookie-header.ts'
import { leaks } from './leaks.ts'
import { login } from './login.ts'
import { crossSite, logout } from './logout.ts'
import { logoutUndone } from './logout-undone.ts'
import { strength } from './strength.ts'
import { transport } from './transport.ts'
import { untrustedIds } from './untrusted-ids.ts'

/** In the order in which they are made: those that look at everything that has come so far are the last ones. */
export const checks: readonly Check[] = [
  ...login,
  ...untrustedIds,
  ...cookieHeader,
  ...logout,
  logoutUndone,
  ...crossSite,
  ...strength,
  ...leaks,
  ...cookieAttributes,
  ...caching,
  ...transport,
]
