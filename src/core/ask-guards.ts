import type { Engine } from './engine.ts'
import { SessionError } from './errors.ts'
import { publish } from './events.ts'
import type { Exchange } from './exchange.ts'
import { type Guard, type GuardedSession, small } from './guard.ts'
import { andThen, answer, isPromise } from './maybe-promise.ts'
import type { SessionState } from './state.ts'
import type { MaybePromise } from './store.ts'
import { handleOf } from './ticket.ts'

/** Throws what a guard throws, before anything is read. */
export function askBefore({ guards, clock }: Engine, request: object, exchange: Exchange): void {
  if (guards.length === 0) return
  const guarded = { request, exchange, now: clock() }
  for (const guard of guards) {
    try {
      guard.beforeOpen?.(guarded)
    } catch (error) {
      tell(guard, undefined, error)
      throw error
    }
  }
}

/** Throws what a guard throws; an exclusive request that is refused gives its turn back first. */
export function askAfter(engine: Engine, request: object, state: SessionState): MaybePromise<SessionState> {
  const guarded = { request, exchange: state.exchange, now: engine.clock() }
  const ask = (index: number): MaybePromise<SessionState> => {
    const guard = engine.guards[index]
    if (!guard) return state
    const refuse = async (error: unknown): Promise<never> => {
      tell(guard, state, error)
      await state.turn?.release()
      throw error
    }
    const asked = answer(() => guard.afterOpen?.(guarded, sessionFor(guard, state)))
    return andThen(isPromise(asked) ? asked.catch(refuse) : asked, () => ask(index + 1))
  }
  return ask(0)
}

function tell({ name }: Guard, state: SessionState | undefined, error: unknown): void {
  const handle = state?.live && handleOf(state.live.record.id)
  const { code, message } = error instanceof SessionError ? error : { code: undefined, message: String(error) }
  publish('refused', { guard: name, handle, code, message })
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
      if (state.mode !== 'read-only') state.guardNotes = { ...state.guardNotes, [name]: small(name, notes) }
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
