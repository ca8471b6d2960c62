import type { Engine } from './engine.ts'
import { small } from './guard.ts'
import type { Body, Device } from './record-body.ts'
import { isSignIn, type Live, openedAtOf, type Privilege, type SessionState } from './state.ts'
import { hashSecret, issueSecret, randomName, successorOf } from './ticket.ts'

/** The protocol's fields as they shall be stored next, and the secret that the visitor must be given for it. */
export function planBody(
  engine: Engine,
  state: SessionState,
  live: Live,
  theirs: Body,
): { body: Body; isChanged: boolean; secret?: Uint8Array } {
  const now = engine.clock()
  const flash = state.flash ? state.flash.applyTo(theirs.flash) : theirs.flash
  const body = withNotes(flash === theirs.flash ? theirs : { ...theirs, flash }, state.guardNotes)
  if (state.privilege) return { ...planPrivilege(engine, state, live, state.privilege, body, now), isChanged: true }

  const { current, previous } = body
  if (live.hash === current) {
    if (previous && previous.confirmedAt === undefined) {
      return { body: { ...body, previous: { ...previous, confirmedAt: now } }, isChanged: true }
    }
    if (isRotationDue(engine, state, live, body, now)) {
      const salt = randomName(engine.randomBytes)
      const secret = successorOf(live.ticket.secret, salt)
      const spent = previous ? [previous.hash, ...body.spent].slice(0, 4) : body.spent
      const rotated = {
        ...body,
        current: hashSecret(secret),
        previous: { hash: live.hash, salt },
        spent,
        rotatedAt: now,
      }
      return { body: rotated, isChanged: true, secret }
    }
  } else if (previous?.hash === live.hash && previous.confirmedAt === undefined) {
    // The response that carried the successor was lost, or is still on its way: the same one again (rule R1).
    if (state.isCookieHeld) return { body, isChanged: body !== theirs }
    return { body, isChanged: body !== theirs, secret: successorOf(live.ticket.secret, previous.salt) }
  }
  return { body, isChanged: body !== theirs }
}

/** A fresh secret, the old one and any alias dead at once, and a new epoch (rule R4). Only a sign-in moves the deadline. */
function planPrivilege(
  engine: Engine,
  state: SessionState,
  live: Live,
  privilege: Privilege,
  { previous, remembered, pending, ...body }: Body,
  now: number,
): { body: Body; secret: Uint8Array } {
  const secret = issueSecret(engine.randomBytes)
  const { userId, isRemembered } = privilege
  const isComplete = userId !== undefined
  const lifetime = isRemembered ? engine.remembered : engine.lifetime
  return {
    secret,
    body: {
      ...body,
      epoch: randomName(engine.randomBytes),
      current: hashSecret(secret),
      spent: [body.current, ...(previous ? [previous.hash] : []), ...body.spent].slice(0, 4),
      rotatedAt: now,
      ...(isComplete ? { deadline: now + lifetime.absoluteMs, authenticatedAt: now } : {}),
      ...((isComplete ? isRemembered : remembered) ? { remembered: true as const } : {}),
      ...(isSignIn(privilege)
        ? { ...pendingOf(state), ...notesAtSignIn(engine, state, live.ticket.sid, body) }
        : pending && { pending }),
    },
  }
}

export function pendingOf(state: SessionState): Pick<Body, 'pending'> {
  const userId = state.privilege?.pendingUserId
  return userId === undefined ? {} : { pending: { userId, openedAt: openedAtOf(state) } }
}

/** What a new session, or one that someone signs in on, is known by from now on. */
export function notesAtSignIn(
  { deviceOf, guards, clock }: Engine,
  { exchange, guardNotes, privilege }: SessionState,
  sid: Uint8Array,
  { guards: stored }: Pick<Body, 'guards'> = {},
): Pick<Body, 'device' | 'guards'> {
  const notes = guards.flatMap(({ name, atSignIn }) =>
    atSignIn
      ? [[name, small(name, atSignIn({ exchange, now: clock(), sid, userId: privilege?.userId }))] as const]
      : [],
  )
  const all = Object.fromEntries(
    Object.entries({ ...stored, ...guardNotes, ...Object.fromEntries(notes) }).filter(
      ([, value]) => value !== undefined,
    ),
  )
  return {
    ...(deviceOf && { device: coarse(deviceOf(exchange)) }),
    guards: Object.keys(all).length > 0 ? all : undefined,
  }
}

/** Whatever an application's function has made of it: what is no short text could make the record unreadable. */
function coarse(device: Device | undefined): Device {
  const names = ['browser', 'os', 'type', 'address'] as const
  const texts = names.flatMap((name) => {
    const text: unknown = device?.[name]
    return typeof text === 'string' ? [[name, text.slice(0, 200)]] : []
  })
  return Object.fromEntries(texts)
}

function withNotes(body: Body, notes: SessionState['guardNotes']): Body {
  return notes ? { ...body, guards: { ...body.guards, ...notes } } : body
}

/** Signed-in sessions only, and on navigations only: their Set-Cookie reaches the browser in order (rule R5). */
export function isRotationDue(engine: Engine, state: SessionState, { record }: Live, body: Body, now: number): boolean {
  return (
    state.mode !== 'read-only' &&
    record.userId !== undefined &&
    !state.isCookieHeld &&
    (state.isRotationWanted || now - body.rotatedAt >= engine.rotateEveryMs) &&
    !state.exchange.isAborted &&
    (state.exchange.header('sec-fetch-mode') ?? 'navigate') === 'navigate'
  )
}
