import * as end from './invariants-at-the-end.ts'
import * as throughout from './invariants-throughout.ts'
import type { World } from './world.ts'

interface Finding {
  readonly guarantee: string
  readonly message: string
}

type Invariant = (world: World) => string | undefined | Promise<string | undefined>

/** What holds after each step. */
const always: readonly (readonly [guarantee: string, invariant: Invariant])[] = [
  ['G1 ended', throughout.staysEnded],
  ['G1 expired', throughout.staysExpired],
  ['G11 revoked', throughout.staysRevoked],
  ['G11 user', throughout.keepsItsUser],
  ['G6 epoch', throughout.isWrittenOnlyByItsCookies],
  ['G1 deadline', throughout.keepsItsDeadline],
  ['G1 touch', throughout.neverMovesTimesBack],
  ['G8 created', throughout.createsOnlyForThoseWhoStore],
  ['G7 cookies', throughout.setsOnlyCookiesThatAreDue],
  ['G3 fair', throughout.grantsInTurn],
  ['G9 errors', throughout.failsOnlyForAReason],
  ['G3 turns', throughout.takesTurns],
  ['G9 locks', throughout.leavesNoLock],
]

/** What holds when every request has been answered, or has stopped. */
const inTheEndOnly: typeof always = [
  ['G9 hangs', end.answersEveryRequest],
  ['G2 kept', end.keepsAcknowledgedChanges],
  ['G3 exact', end.countsExactly],
  ['G3 conflict', end.tellsOfOverwriting],
  ['G11 limit', end.holdsTheLimit],
  ['G11 begun', end.completesNothingRevoked],
  ['G11 listed', end.listsWhatIsLive],
  ['G1 data', end.movesNoDataToAnotherRecord],
  ['G6 keep', end.passesOnOnlyWhatIsKept],
  ['G6 old cookie', end.opensNothingWithOldCookies],
  ['G6 jar', end.leavesTheBrowserSignedIn],
  ['G6 theft', end.accusesNobodyInTime],
]

export const sofar = (world: World): Promise<Finding | undefined> => firstOf(world, always)
export const inTheEnd = (world: World): Promise<Finding | undefined> => firstOf(world, inTheEndOnly)

async function firstOf(world: World, invariants: typeof always): Promise<Finding | undefined> {
  for (const [guarantee, invariant] of invariants) {
    const answer = invariant(world)
    const message = answer instanceof Promise ? await answer : answer
    if (message) return { guarantee, message }
  }
  return undefined
}
