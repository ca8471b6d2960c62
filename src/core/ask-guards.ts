import type { Engine } from './engine.ts'
import type { Exchange } from './exchange.ts'
import type { Guard, GuardedSession } from './guard.ts'
import { andThen, isPromise } from './maybe-promise.ts'
import type { SessionState } from './state.ts'
import type { MaybePromise } from './store.ts'
import { handleOf } from './ticket.ts'

/** Throws what a guard throws, before anything is read. */
export function askBefore({ guards, clock }: Engine, request: object, exchange: Exchange): void {
  if (guards.length === 0) return
  const guarded = { request, exchange, now: clock() }
  for (const guard of guards) guard.beforeOpen?.(guarded)
}

/** Throws what a guard throws; an exclusive request that is refused gives its turn back first. */
export function askAfter(engine: Engine, request: object, state: SessionState): MaybePromise<SessionState> {
  const guarded = { request, exchange: state.exchange, now: engine.clock() }
  const ask = (index: number): MaybePromise<SessionState> => {
    const guard = engine.guards[index]
    if (!guard) return state
    return andThen(guard.afterOpen?.(guarded, sessionFor(guard, state)), () => ask(index + 1))
  }
  const refuse = async (error: unknown): Promise<never> => {
    await state.turn?.release()
    throw error
  }
  try {
    const asked = ask(0)
    return isPromise(asked) ? asked.catch(refuse) : asked
  } catch (error) {
    return refuse(error)
  }
}

function sessionFor({ name }: Guard, state: SessionState): GuardedSession {
  const { live } = state
  return {
    handle: live && handleOf(live.record.id),
    userId: live?.record.userId,
    authenticatedAt: live?.body.authenticatedAt,
    epoch: live?.body.epoch,
    sid: live?.ticket.sid,
    notes: live?.body.guards?.[name],
    keep(notes) {
      if (state.mode !== 'read-only') state.guardNotes = { ...state.guardNotes, [name]: notes }
    },
    needStepUp() {
      state.isStepUpNeeded = true
    },
    rotatedAt: live?.body.rotatedAt,
    holdCookie() {
      state.isCookieHeld = true
    },
    rotate() {
      state.isRotationWanted = true
    },
  }
}
