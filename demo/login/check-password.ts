import type { Demo, DemoContext } from '../demo-env.ts'
import { type Account, authenticate } from './accounts.ts'
import { clientOf } from './client.ts'
import { TooBusy } from './few-at-a-time.ts'

/** Why there is no account: for the page, with the status of its answer. */
export interface Refusal {
  status: 401 | 429 | 503
  why: 'wrong' | 'too many tries' | 'busy'
  /** Seconds, where it is worth trying again. */
  retryAfter?: number
}

/** Looks the password up, within the limits on guessing: by address, or by browser where this user has logged in from it before. */
export async function checkPassword(
  c: DemoContext,
  { limiter, hashing }: Pick<Demo, 'limiter' | 'hashing'>,
  { username, password }: { username: string; password: string },
): Promise<{ account: Account } | { refusal: Refusal }> {
  const viewer = c.get('viewer')
  const origin = viewer.knownNames.has(username) ? `browser ${viewer.id}` : clientOf(c).address
  const refuse = (refusal: Refusal) => {
    if (refusal.retryAfter) c.header('Retry-After', String(refusal.retryAfter))
    return { refusal }
  }
  const attempt = limiter.take(origin, username)
  if (!attempt.allowed) return refuse({ status: 429, why: 'too many tries', retryAfter: attempt.retryAfter })
  try {
    const account = await authenticate({ username, password, origin }, hashing)
    if (!account) return refuse({ status: 401, why: 'wrong' })
    attempt.giveBack()
    return { account }
  } catch (error) {
    if (!(error instanceof TooBusy)) throw error
    attempt.giveBack()
    return refuse({ status: 503, why: 'busy', retryAfter: error.retryAfter })
  }
}
