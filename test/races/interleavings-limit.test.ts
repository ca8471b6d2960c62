import { describe, it } from 'node:test'
import { holds, isAll } from './interleavings/holds.ts'
import { kinds } from './interleavings/request-kinds.ts'

/* As interleavings.test.ts, with a limit of sessions per user: never more are signed in than it allows (rule C1). */

describe('a limit of sessions per user', { timeout: 110_000 }, () => {
  const { signInElsewhere, sharedSignIn, signInWriting, destroy, revokeAll, update } = kinds
  const about = [signInElsewhere, sharedSignIn, signInWriting]
  for (const whenFull of ['end-oldest', 'refuse'] as const) {
    const settings = { sessionsPerUser: { max: 1, whenFull } }
    it(`holds when two sign in at once: ${whenFull}`, (t) =>
      holds(
        t,
        { stage: 'anonymous', requests: [...about, destroy, revokeAll, update], about, size: 2, settings },
        { stage: 'anonymous', requests: about, size: 2, settings, faults: { stops: 1 } },
        { stage: 'anonymous', requests: about, size: 2, settings, faults: { losses: 1 } },
      ))
    // Each of three that end the others' sessions has four calls: too many orders for every day.
    if (isAll || whenFull === 'refuse')
      it(`holds when three do: ${whenFull}`, (t) =>
        holds(t, { stage: 'anonymous', requests: [signInElsewhere, sharedSignIn], size: 3, settings }))
  }
})
