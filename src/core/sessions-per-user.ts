import type { Store } from './store.ts'

/** How many sessions one user may have at once, and what becomes of a sign-in beyond (OWASP ASVS 7.1.2, WSTG-SESS-11). */
export interface SessionsPerUser {
  readonly max: number
  /**
   * `end-oldest`: the session whose sign-in is longest ago ends. `refuse`: the sign-in is refused with `ERR_SESSION_LIMIT` and
   * stores nothing; of several at the very same moment, all may be. Default: `end-oldest`.
   */
  readonly whenFull?: 'end-oldest' | 'refuse'
}

/** Throws a TypeError for what can't be kept. */
export function checkSessionsPerUser({ max, whenFull = 'end-oldest' }: SessionsPerUser, store: Store): SessionsPerUser {
  if (!(Number.isInteger(max) && max > 0))
    throw new TypeError(`sessionsPerUser.max must be a positive integer, got ${max}`)
  if (whenFull !== 'end-oldest' && whenFull !== 'refuse') {
    const given = JSON.stringify(whenFull)
    throw new TypeError(`sessionsPerUser.whenFull must be 'end-oldest' or 'refuse', got ${given}`)
  }
  if (!store.users)
    throw new TypeError('sessionsPerUser needs a store with an index of users: use another store, or leave it out')
  return { max, whenFull }
}
