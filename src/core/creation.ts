import { setCookie } from './cookie.ts'
import type { Texts } from './data.ts'
import type { Engine } from './engine.ts'
import { SessionError } from './errors.ts'
import { publish } from './events.ts'
import type { Body } from './record-body.ts'
import { create, type Next } from './rewrite.ts'
import type { Live, SessionState } from './state.ts'
import { TimedOut } from './store-calls.ts'
import { formatTicket, handleOf, hashSecret, issueTicket, randomName, sessionIdOf } from './ticket.ts'

/** A new record under a new ticket. An answer that was lost is never asked for again under the same id (rule W3). */
export async function createSession(engine: Engine, state: SessionState, data: Texts): Promise<Live> {
  try {
    return await tryToCreate(engine, state, data)
  } catch (error) {
    const isUnclear =
      error instanceof SessionError && error.code === 'ERR_STORE_UNAVAILABLE' && !(error instanceof TimedOut)
    if (!isUnclear) throw error
    return tryToCreate(engine, state, data)
  }
}

async function tryToCreate(engine: Engine, state: SessionState, data: Texts): Promise<Live> {
  const ticket = issueTicket(engine.randomBytes)
  const now = engine.clock()
  const { userId, isRemembered } = state.privilege ?? {}
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
    ...(isRemembered && { remembered: true }),
    ...(state.flash?.hasAdded && { flash: state.flash.applyTo(undefined) }),
    ...(engine.codec.name !== undefined && { codec: engine.codec.name }),
  }
  const next: Next = { body, data, ...(userId !== undefined && { userId, openedAt: state.arrivedAt }) }
  checkSize(engine, data)
  const stored = await create(engine, sessionIdOf(state.cookie.name, ticket.sid), next)
  publish('created', { handle: handleOf(stored.record.id), userId })
  state.live = { ...stored, ticket, hash }
  settleDecisions(state)
  sendTicket(engine, state, body, ticket.secret)
  return state.live
}

/** What was decided is stored. */
export function settleDecisions(state: SessionState): void {
  state.privilege = undefined
  state.flash?.settle()
}

/** The response gets this secret. */
export function sendTicket(engine: Engine, state: SessionState, body: Body, secret: Uint8Array): void {
  const { sid } = state.live!.ticket
  const maxAge = body.remembered ? (body.deadline - engine.clock()) / 1000 : undefined
  state.setCookie = setCookie(state.cookie, formatTicket({ sid, secret }), engine.sameSite, maxAge)
}

/** Throws `ERR_SESSION_TOO_LARGE`. */
export function checkSize(engine: Engine, data: Texts): void {
  let bytes = 0
  for (const [key, text] of data) bytes += Buffer.byteLength(key) + Buffer.byteLength(text)
  if (bytes <= engine.maxBytes) return
  throw new SessionError(
    'ERR_SESSION_TOO_LARGE',
    `the data takes ${bytes} bytes, and \`maxBytes\` is ${engine.maxBytes}`,
  )
}
