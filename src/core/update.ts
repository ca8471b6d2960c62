import { mergeInto } from './commit.ts'
import { createSession } from './creation.ts'
import type { Texts, Values } from './data.ts'
import { Draft } from './draft.ts'
import type { Engine } from './engine.ts'
import { isFinal } from './errors.ts'
import { conflict, gone, newer, superseded } from './refusals.ts'
import { rewrite } from './rewrite.ts'
import type { Live, SessionState, Stored } from './state.ts'

/** Changes what is stored now, exactly, without a lock (rule U1). Edits of this request that are still pending come first. */
export async function update<T>(engine: Engine, state: SessionState, change: (data: Values) => T): Promise<T> {
  const { draft } = state
  if (state.unavailable) throw state.unavailable
  if (state.failure) throw state.failure
  if (!state.live) {
    if (state.isSpent && !state.privilege) throw superseded()
    if (state.newer && !state.privilege) throw newer()
    const changed = apply(engine, draft.encode(), change)
    await createSession(engine, state, changed.texts)
    draft.rebase(changed.texts)
    return changed.result
  }
  const live = state.live
  const pending = draft.changed()
  const accepts = (theirs: Stored | undefined): boolean => {
    if (!theirs) throw gone()
    if (theirs.body.epoch !== live.body.epoch) throw superseded()
    if (state.turn && theirs.body.turn !== live.body.turn) throw conflict()
    return true
  }
  const withPending = (theirs: Stored): Texts => {
    if (!pending) return theirs.data
    return theirs === live ? pending : mergeInto(engine, state, theirs)
  }
  const { stored, result } = await updateStored(engine, live, accepts, change, withPending).catch((error: unknown) => {
    if (pending && isFinal(error)) state.failure = error
    throw error
  })
  state.live = { ...live, ...stored } satisfies Live
  draft.rebase(stored.data)
  return result
}

/** The same on a record that this request has no ticket for. */
export async function updateStored<T>(
  engine: Engine,
  start: Stored,
  accepts: (theirs: Stored | undefined) => boolean,
  change: (data: Values) => T,
  prepare: (theirs: Stored) => Texts = ({ data }) => data,
): Promise<{ stored: Stored; result: T }> {
  let latest: { stored: Stored; result: T } | undefined
  const written = await rewrite(engine, start, {
    accepts,
    plan(theirs) {
      const { texts, result } = apply(engine, prepare(theirs), change)
      latest = { stored: theirs, result }
      const { userId, openedAt } = theirs.record
      return texts === theirs.data ? undefined : { body: theirs.body, data: texts, userId, openedAt }
    },
  })
  const { stored, result } = latest!
  return { stored: written ?? stored, result }
}

/** Runs on a copy, as it may have to run again. Where it changes nothing, the very texts come back. */
function apply<T>(engine: Engine, texts: Texts, change: (data: Values) => T): { texts: Texts; result: T } {
  const copy = new Draft(engine.codec, engine.initial, texts)
  const result = change(copy.data)
  if (typeof (result as { then?: unknown } | undefined)?.then === 'function') {
    throw new TypeError('session.update(fn): fn must be synchronous, as it may run more than once')
  }
  return { texts: copy.changed() ?? texts, result }
}
