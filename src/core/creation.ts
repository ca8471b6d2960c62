import { setCookie } from './cookie.ts'
import type { Texts } from './data.ts'
import type { Engine } from './engine.ts'
import { SessionError } from './errors.ts'
import { publish } from './events.ts'
import { checkRoom, holdLimit } from './hold-limit.ts'
import { notesAtSignIn, pendingOf } from './next-body.ts'
import type { Body } from './record-body.ts'
import { create, type Next } from './rewrite.ts'
import { type Live, openedAtOf, type SessionState } from './state.ts'
import type { SessionId } from './store.ts'
import { TimedOut } from './store-calls.ts'
import { formatTicket, handleOf, hashSecret, issueTicket, randomName, sessionIdOf, type Ticket } from './ticket.ts'

/** A new record under a new ticket. An answer that was lost is never asked for again under the same id (rule W3). */
export async function createSession(engine: Engine, state: SessionState, data: Texts): Promise<Live> {
  await checkRoom(engine, state)
  const ticket = issueTicket(engine.randomBytes)
  try {
    return await createUnder(engine, state, data, ticket)
  } catch (error) {
    const isUnclear =
      error instanceof SessionError && error.code === 'ERR_STORE_UNAVAILABLE' && !(error instanceof TimedOut)
    if (!isUnclear) throw error
    const live = await createUnder(engine, state, data, issueTicket(engine.randomBytes))
    // The first try may have happened after all. Nobody has its ticket, and it would stand in the user's list until it expires.
    forget(engine, sessionIdOf(state.cookie.name, ticket.sid))
    return live
  }
}

async function forget(engine: Engine, id: SessionId): Promise<void> {
  try {
    await engine.calls.delete(id)
  } catch {
    // It expires by itself.
  }
}

async function createUnder(engine: Engine, state: SessionState, data: Texts, ticket: Ticket): Promise<Live> {
  const now = engine.clock()
  const { userId, isRemembered } = state.privilege ?? {}
  const notes = notesAtSignIn(engine, state, ticket.sid)
  const hash = hashSecret(ticket.secret)
  const body: Body = {
    epoch: randomName(engine.randomBytes),
    current: hash,
    spent: [],
    turn: randomName(engine.randomBytes),
    deadline: now + (isRemembered ? engine.remembered : engine.lifetime).absoluteMs,
    createdAt: now,
    rotatedAt: now,
    ...(userId !== undefined && { authenticatedAt: now }),
    ...pendingOf(state),
    ...notes,
    ...(isRemembered && { remembered: true }),
    ...(state.flash?.hasAdded && { flash: state.flash.applyTo(undefined) }),
    ...(engine.codec.name !== undefined && { codec: engine.codec.name }),
  }
  const next: Next = {
    body,
    data,
    ...(userId !== undefined && { userId, openedAt: openedAtOf(state) }),
    secrets: { current: ticket.secret },
  }
  const stored = await create(engine, sessionIdOf(state.cookie.name, ticket.sid), next)
  publish('created', { handle: handleOf(stored.record.id), userId })
  if (userId !== undefined) await holdLimit(engine, userId, stored)
  state.live = { ...stored, ticket, hash }
  settleDecisions(state)
  sendTicket(engine, state, body, ticket.secret)
  return state.live
}

/** What was decided is stored. */
export function settleDecisions(state: SessionState): void {
  state.privilege = undefined
  state.guardNotes = undefined
  state.flash?.settle()
}

/** The response gets this secret. */
export function sendTicket(engine: Engine, state: SessionState, body: Body, secret: Uint8Array): void {
  const { sid } = state.live!.ticket
  const maxAge = body.remembered ? (body.deadline - engine.clock()) / 1000 : undefined
  state.setCookie = setCookie(state.cookie, formatTicket({ sid, secret }), engine.sameSite, maxAge)
}
