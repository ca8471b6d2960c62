import { setCookie } from './cookie.ts'
import { createSession, sendTicket, settleDecisions } from './creation.ts'
import type { Texts } from './data.ts'
import { Draft } from './draft.ts'
import { endRecord } from './end-record.ts'
import type { Engine } from './engine.ts'
import { publish } from './events.ts'
import { checkRoom, holdLimit } from './hold-limit.ts'
import { expiryOf } from './lifetime.ts'
import { merge } from './merge.ts'
import { isRotationDue, planBody } from './next-body.ts'
import { conflict, gone, newer, superseded } from './refusals.ts'
import { type Next, rewrite } from './rewrite.ts'
import { needsSealing } from './sealed-body.ts'
import { isSignIn, type Live, openedAtOf, type SessionState, type Stored } from './state.ts'
import { handleOf, hashSecret, randomName } from './ticket.ts'

/**
 * Makes a session's decisions and changes true: nothing, a touch, a write, a creation or a deletion. Throws a SessionError
 * where the response must not look like a success. The turn of an exclusive request ends here in any case.
 */
export async function commit(
  engine: Engine,
  state: SessionState,
  { hasFailed = false }: { readonly hasFailed?: boolean } = {},
): Promise<void> {
  // Were it stored, it would take the place of the visitor's session, which may be all right.
  if (state.unavailable && (state.isSignedOut || (!hasFailed && isWanted(state)))) throw state.unavailable
  try {
    const hasEnded = await endRecords(engine, state)
    if (hasFailed) discardTheRest(state)
    else if (state.live) await commitLive(engine, state, state.live)
    else await commitAnonymous(engine, state, hasEnded)
  } finally {
    await state.turn?.release()
    state.turn = undefined
  }
}

/**
 * Whether there is nothing to store, delete or send, as for most requests: then the response need not wait. False where it
 * takes a closer look.
 */
export function isIdle(engine: Engine, state: SessionState): boolean {
  const { live } = state
  if (state.turn || state.flash || state.privilege || state.guardNotes) return false
  if (state.isSignedOut || state.ending.length > 0) return false
  try {
    if (state.mode !== 'read-only' && state.draft.isChanged()) return false
  } catch {
    return false // It can't be stored: `commit` says why.
  }
  if (!live) return true
  const { current, previous } = live.body
  const isRotating = live.hash !== current || (previous !== undefined && previous.confirmedAt === undefined)
  const now = engine.clock()
  return !isRotating && !isRotationDue(engine, state, live, live.body, now) && !isTouchDue(engine, state, live, now)
}

/** A handler that threw has not come to its end: a check may have failed after `signIn`. Only what it put an end to holds. */
function discardTheRest(state: SessionState): void {
  if (!isWanted(state)) return
  publish('discarded', { handle: state.live && handleOf(state.live.record.id), reason: 'handler-failed' })
}

/** Whether something would be lost if it were not stored. */
function isWanted({ privilege, draft, flash, mode }: SessionState): boolean {
  return privilege !== undefined || flash?.hasAdded === true || (mode !== 'read-only' && draft.isChanged())
}

/** Deletes take no lock and come first: a logout wins over whatever else happens to the session (rule S3). */
async function endRecords(engine: Engine, state: SessionState): Promise<boolean> {
  const hasEnded = state.ending.length > 0
  for (const record of state.ending) await endRecord(engine, record, 'destroyed')
  state.ending.length = 0
  // Only ever because someone asked for it: an unknown cookie may have been replaced by a newer one on its way (rule S3).
  if (state.isSignedOut && state.hadCookie && !state.isSpent)
    state.setCookie = setCookie(state.cookie, '', engine.sameSite, 0)
  return hasEnded
}

async function commitAnonymous(engine: Engine, state: SessionState, hasEnded: boolean): Promise<void> {
  const { privilege, draft } = state
  if (!isWanted(state)) return
  if (state.exchange.isAborted) return publish('discarded', { reason: 'client-gone' })
  if (state.isSpent && !privilege) throw superseded()
  if (state.newer && !privilege) throw newer()
  try {
    await createSession(engine, state, draft.encode())
  } catch (error) {
    // The logout itself has happened, and the response stands for it.
    if (!hasEnded || privilege) throw error
    publish('discarded', { reason: 'keep-failed' })
  }
}

async function commitLive(engine: Engine, state: SessionState, live: Live): Promise<void> {
  const { draft, privilege } = state
  const changed = state.mode === 'read-only' ? undefined : draft.changed()
  const isWanted = changed !== undefined || privilege !== undefined || state.flash?.hasAdded === true
  if (isWanted && state.failure) throw state.failure
  if (privilege && state.exchange.isAborted) {
    // What the handler stored belongs to a sign-in that nobody will hear of. Without it, the rest must not be stored either.
    return publish('discarded', { handle: handleOf(live.record.id), reason: 'client-gone' })
  }
  if (changed) warnOfPlainWrite(engine, state)
  if (privilege) await checkRoom(engine, state)
  let secret: Uint8Array | undefined

  let startsAfresh = false
  const written = await rewrite(engine, live, {
    unlock: state.turn?.lock,
    plan(theirs) {
      // `keep` also bars what others stored meanwhile.
      const isMerged = theirs !== live && (changed !== undefined || privilege?.keep !== undefined)
      const data = isMerged ? mergeInto(engine, state, theirs) : (changed ?? theirs.data)
      const planned = planBody(engine, state, live, theirs.body)
      secret = planned.secret
      if (state.mode === 'read-only') return undefined
      const isSame = !planned.isChanged && data === theirs.data
      if (isSame && !(needsSealing(engine.cipher, theirs.seal) && isTouchDue(engine, state, live, engine.clock())))
        return undefined
      const body = state.turn ? { ...planned.body, turn: randomName(engine.randomBytes) } : planned.body
      return { body, data, ...ownerOf(theirs, state), secrets: newSecrets(live, theirs, planned, privilege) }
    },
    accepts(theirs) {
      const isSameEpoch = theirs?.body.epoch === live.body.epoch
      if (theirs && isSameEpoch) {
        if (state.turn && theirs.body.turn !== live.body.turn && isWanted) throw conflict()
        return true
      }
      startsAfresh = isSignIn(privilege)
      if (isWanted && !startsAfresh) throw theirs ? superseded() : gone()
      secret = undefined
      return false
    },
  })
  if (startsAfresh) return signInAfresh(engine, state, live)
  if (!written) await touchIfDue(engine, state, live)
  else {
    state.turn?.leave()
    state.turn = undefined
    // A rotation is confirmed by a later request, not by this one after `save`: its response may be lost (rule R1).
    state.live = { ...live, ...written }
    const isNewHere = privilege?.userId !== undefined && live.record.userId === undefined
    if (isNewHere) await holdLimit(engine, privilege.userId, written)
    if (secret && privilege)
      state.live = { ...state.live, ticket: { ...live.ticket, secret }, hash: hashSecret(secret) }
    if (secret) {
      const reason = privilege ? 'privilege' : 'periodic'
      if (written.body.current !== live.body.current) {
        publish('rotated', { handle: handleOf(live.record.id), userId: written.record.userId, reason })
      }
    }
    settleDecisions(state)
  }
  if (secret) sendTicket(engine, state, (written ?? live).body, secret)
}

/** A user is only ever added: a commit takes it from the sign-in, or leaves what is stored. */
function ownerOf({ record }: Stored, state: SessionState): Pick<Next, 'userId' | 'openedAt'> {
  const userId = state.privilege?.userId
  return userId !== undefined
    ? { userId, openedAt: openedAtOf(state) }
    : { userId: record.userId, openedAt: record.openedAt }
}

/** Where the record goes on under another secret, which opens what is sealed for the visitor. */
function newSecrets(
  { ticket }: Live,
  theirs: Stored,
  { body, secret }: ReturnType<typeof planBody>,
  privilege: SessionState['privilege'],
): Next['secrets'] {
  if (!secret || body.current === theirs.body.current) return undefined
  return { current: secret, ...(!privilege && { previous: ticket.secret }) }
}

/** This request's changes on top of what others stored meanwhile. */
export function mergeInto(engine: Engine, { draft, turn, privilege }: SessionState, theirs: Stored): Texts {
  const keep = privilege?.keep
  const kept = (texts: Texts): Texts => (keep ? new Map([...texts].filter(([key]) => keep.includes(key))) : texts)
  const mine = draft.encode()
  const versions = { loaded: kept(draft.loaded), mine: kept(mine), theirs: kept(draft.fill(theirs.data)) }
  const { data, conflicts } = merge(engine.codec, engine.rules, versions)
  if (conflicts.length > 0) publish('conflict', { handle: handleOf(theirs.record.id), keys: conflicts })
  // Rule X3: this request has read the key in its turn, and what came in since must not be lost.
  if (turn && conflicts.length > 0) throw conflict()
  return keep ? new Map([...[...mine].filter(([key]) => !keep.includes(key)), ...data]) : data
}

/** The session ended, or someone signed in on it, while this sign-in was under way: a new record, with this request's own changes. */
async function signInAfresh(engine: Engine, state: SessionState, live: Live): Promise<void> {
  const { loaded } = state.draft
  const theirs = new Draft(engine.codec, engine.initial).encode()
  const { data } = merge(engine.codec, {}, { loaded, mine: state.draft.encode(), theirs })
  state.live = undefined
  await createSession(engine, state, data)
  publish('discarded', { handle: handleOf(live.record.id), reason: 'superseded' })
}

/** At most once in `touchInterval`, and the response stands if it fails: it says when the visitor was seen, nothing else. */
async function touchIfDue(engine: Engine, state: SessionState, live: Live): Promise<void> {
  const now = engine.clock()
  if (!isTouchDue(engine, state, live, now)) return
  const { record, body } = live
  const expiresAt = expiryOf(body.remembered ? engine.remembered : engine.lifetime, now, body.deadline)
  try {
    await engine.calls.touch(record.id, { expiresAt, lastSeenAt: now })
  } catch {
    // `coatcheck:store` has told; the next request tries again.
  }
}

function isTouchDue(engine: Engine, state: SessionState, { record }: Live, now: number): boolean {
  return state.touches && now - record.lastSeenAt >= engine.touchEveryMs
}

function warnOfPlainWrite(engine: Engine, { exchange, mode, draft }: SessionState): void {
  if (mode !== 'shared' || exchange.method !== 'GET') return
  engine.warnOnce('plain write in GET', () => {
    const keys = draft.changedKeys().filter((key) => !engine.rules[key])
    if (keys.length === 0) return undefined
    return (
      `a GET request changed ${keys.map((key) => `session.data.${key}`).join(', ')}. GETs run side by side, so the later of two wins. ` +
      'Use `await session.update(…)` or a `merge` rule where that matters.'
    )
  })
}
