import { codec, type SessionId, type SessionRecord } from 'coatcheck'
import { type Body, parseBody } from '../../../src/core/record-body.ts'
import { parseTicket, sessionIdOf } from '../../../src/core/ticket.ts'
import type { Change } from '../scheduled-store.ts'
import type { Data } from './request-kinds.ts'
import { cookieName } from './stages.ts'
import type { Request, World } from './world.ts'

export const isOk = ({ outcome }: Request): boolean => outcome === 'ok'
/** Whether it may or may not have happened. */
export const isUnknown = ({ status, outcome }: Request): boolean =>
  status === 'stopped' || outcome === 'ERR_STORE_UNAVAILABLE' || outcome === undefined
export const privileged = ({ requests }: World): Request[] => requests.filter(({ intent }) => intent.isPrivileged)

export function stored(world: World, id: SessionId): SessionRecord | undefined {
  const record = world.store.peek(id) as SessionRecord | undefined
  return record && record.expiresAt > world.now ? record : undefined
}

export function idsOf({ scenario, store }: World): Set<SessionId> {
  return new Set([...scenario.stage.records.map(({ id }) => id), ...store.changes.map(({ id }) => id)])
}

export function live(world: World): SessionRecord[] {
  return [...idsOf(world)].map((id) => stored(world, id)).filter((record) => record !== undefined)
}

const bodies = new WeakMap<SessionRecord, { body: Body; data: Data } | undefined>()

export function parse(record: SessionRecord): { body: Body; data: Data } | undefined {
  if (bodies.has(record)) return bodies.get(record)
  let parsed: { body: Body; data: Data } | undefined
  try {
    const { body, data } = parseBody(record.body)
    parsed = { body, data: decoded(data) as unknown as Data }
  } catch {
    // Not a record of core's: a faulty store made it up.
  }
  bodies.set(record, parsed)
  return parsed
}

/** A session's data, each key decoded. */
export const decoded = (texts: ReadonlyMap<string, string>): Record<string, unknown> =>
  Object.fromEntries([...texts].map(([key, text]) => [key, codec.decode(text)]))

export function idOf(cookie: string): SessionId {
  return sessionIdOf(cookieName, parseTicket(cookie.slice(cookieName.length + 1))!.sid)
}

/** Changes that wrote a record, not those that touched or deleted one. */
export const writes = ({ store }: World): Change[] =>
  store.changes.filter(({ operation, after, before }) => operation === 'write' && after && after !== before)
export const deletions = ({ store }: World): Change[] => store.changes.filter(({ after }) => !after)

export function epochOf(record: SessionRecord | undefined): string | undefined {
  return record && parse(record)?.body.epoch
}

/** The epoch that a cookie belongs to: a rotated one to that of the cookie that it replaced. */
export function epochOfCookie(world: World, cookie: string): string | undefined {
  const { cookies, records } = world.scenario.stage
  const id = idOf(cookie)
  if (cookie === cookies.own) return epochOf(records.find((record) => record.id === id))
  if (cookie === cookies.old) return world.scenario.stage.isOldAlias ? epochOfCookie(world, cookies.own) : 'an old one'
  const giver = world.answered.find(({ setCookie }) => setCookie === cookie)
  if (!giver) return undefined
  const written = writes(world).findLast((write) => write.request === giver.index && write.id === id)
  if (giver.intent.isPrivileged || !giver.cookie || idOf(giver.cookie) !== id) return epochOf(written?.after)
  return epochOfCookie(world, giver.cookie)
}

export function hasClockMoved({ left, scenario }: World): boolean {
  return left.clock.length < (scenario.faults.clock ?? []).length
}
