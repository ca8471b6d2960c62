import { type SessionId, Sessions } from 'coatcheck'
import { type Change, short } from '../scheduled-store.ts'
import {
  deletions,
  epochOf,
  epochOfCookie,
  hasClockMoved,
  idOf,
  isOk,
  isUnknown,
  live,
  parse,
  privileged,
  stored,
  writes,
} from './ground-truth.ts'
import type { Data, Intent } from './request-kinds.ts'
import { cookieName, exchange, graceMs, initial, options } from './stages.ts'
import type { Request, World } from './world.ts'

export function answersEveryRequest({ requests }: World): string | undefined {
  const waiting = requests.find(({ status }) => status === 'running' || status === 'due')
  return waiting && `${waiting.name} waits for ever`
}

export function keepsAcknowledgedChanges(world: World): string | undefined {
  for (const request of world.answered.filter(isOk)) {
    const { landedOn, name, intent } = request
    for (const change of intent.changes) {
      const { key, value } = change
      if (!landedOn) return `${name} changed ${key} and has no session`
      const record = stored(world, landedOn)
      if (!record) {
        if (!deletions(world).some(({ id }) => id === landedOn) && !hasClockMoved(world))
          return `${short(landedOn)} has vanished with what ${name} has changed`
        continue
      }
      const own = writeOf(world, request, change)
      const order = writes(world).filter(({ id }) => id === landedOn)
      const isReplaced = order.slice(own ? order.indexOf(own) + 1 : 0).some((write) => {
        const other = world.requests[write.request]!
        return (
          (other !== request && other.intent.changes.some((another) => another.key === key)) ||
          other.intent.signsIn?.keep
        )
      })
      const now = parse(record)?.data[key]
      if (!isReplaced && now !== value) return `${name} changed ${key} to ${value}, and it is ${now}`
    }
  }
  return undefined
}

export function countsExactly(world: World): string | undefined {
  if (world.requests.some(({ intent }) => intent.signsIn?.keep)) return undefined
  // A create whose answer was lost leaves a record that nobody has a cookie for (rule W3).
  const reachable = new Set([world.scenario.stage.first, ...world.cookies.map(idOf)])
  for (const record of live(world)) {
    const data = parse(record)?.data
    if (!data || !reachable.has(record.id)) continue
    const before = world.scenario.stage.records.find(({ id }) => id === record.id)
    for (const key of ['n', 'total'] as const) {
      let atLeast = (before && parse(before)?.data[key]) ?? initial[key]
      let atMost = atLeast
      for (const request of world.requests) {
        for (const increment of request.intent.increments) {
          if (increment.key !== key) continue
          const isCertain = isOk(request) || increment.doneOn !== undefined
          const place = increment.doneOn ?? request.landedOn
          if (isCertain && place === record.id) atLeast++
          if (isCertain ? place === record.id : isUnknown(request)) atMost++
        }
      }
      const is = data[key] ?? initial[key]
      if (is < atLeast || is > atMost)
        return `${key} is ${is}, and should be ${atLeast === atMost ? atLeast : `${atLeast} to ${atMost}`}`
    }
  }
  return undefined
}

/** Whoever changes a key has seen the value that goes, or an event tells. */
export function tellsOfOverwriting(world: World): string | undefined {
  for (const request of world.answered.filter(isOk)) {
    for (const change of request.intent.changes) {
      const { before } = writeOf(world, request, change) ?? {}
      const was = before && parse(before)?.data[change.key]
      if (was === undefined || was === change.seen) continue
      const isTold = world.events.some(
        (event) =>
          event.request === request.index && event.name === 'conflict' && event.message.keys?.includes(change.key),
      )
      if (!isTold)
        return `${request.name} changed ${change.key} from ${was}, has seen ${change.seen}, and no event tells`
    }
  }
  return undefined
}

/** The write that gave a key the value that a request wanted. */
function writeOf(world: World, request: Request, { key, value }: Intent['changes'][number]): Change | undefined {
  return writes(world).find(({ id, before, after, ...write }) => {
    const isHere = write.request === request.index && id === request.landedOn
    return isHere && parse(after!)?.data[key] === value && (before && parse(before)?.data[key]) !== value
  })
}

export async function listsWhatIsLive(world: World): Promise<string | undefined> {
  const told = { now: world.now, signal: new AbortController().signal }
  for (const userId of ['ada', 'bob']) {
    const listed = new Set<SessionId>()
    for await (const { id } of world.inner.users!.list(userId, told)) listed.add(id)
    const own = live(world).filter((record) => record.userId === userId)
    const missing = own.find(({ id }) => !listed.has(id))
    if (missing) return `${short(missing.id)} is ${userId}'s and is not listed`
    if (listed.size > own.length) return `more sessions of ${userId} are listed than live`
  }
  return undefined
}

/** Of those that anyone has a cookie for: what a request that stopped has left, the next sign-in ends. */
export async function holdsTheLimit(world: World): Promise<string | undefined> {
  const { sessionsPerUser } = world.scenario.settings ?? {}
  if (!sessionsPerUser || !world.answered.some((request) => isOk(request) && request.intent.signsIn)) return undefined
  const open = new Set<SessionId>()
  for (const cookie of world.cookies) if ((await look(world, cookie)).userId === 'ada') open.add(idOf(cookie))
  return open.size > sessionsPerUser.max ? `ada has ${open.size} sessions` : undefined
}

/** A first factor that was proved before “sign out everywhere” completes no sign-in after it. */
export function completesNothingRevoked(world: World): string | undefined {
  for (const [place, request] of world.answered.entries()) {
    const { begunAt, signsIn } = request.intent
    if (begunAt === undefined || !isOk(request) || !request.landedOn || !stored(world, request.landedOn)) continue
    const revoking = world.answered.find(
      (other) =>
        isOk(other) && other.intent.revokes?.userId === signsIn?.userId && other.intent.revokes!.notBefore > begunAt,
    )
    if (revoking) return `${request.name} completed what ${revoking.name} had revoked, as no. ${place + 1}`
  }
  return undefined
}

export function movesNoDataToAnotherRecord(world: World): string | undefined {
  const { records } = world.scenario.stage
  const moved = live(world).find(
    (record) => parse(record)?.data.origin !== undefined && records.every(({ id }) => id !== record.id),
  )
  return moved && `${short(moved.id)} holds what belongs to another record`
}

export function passesOnOnlyWhatIsKept(world: World): string | undefined {
  for (const { intent, landedOn, name, index } of world.answered.filter(isOk)) {
    if (!intent.signsIn?.keep || !landedOn) continue
    const written = writes(world).findLast((write) => write.request === index && write.id === landedOn)
    const data: Partial<Data> = (written && parse(written.after!)?.data) ?? {}
    const { n = initial.n, total = initial.total, ...others } = data
    const passed = Object.keys(others).filter((key) => !intent.changes.some((change) => change.key === key))
    if (n !== initial.n || total !== initial.total || passed.length > 0)
      return `${name} keeps nothing, and ${passed.join(', ') || 'a count'} passed into the signed-in session`
  }
  return undefined
}

interface Look {
  readonly isLive: boolean
  readonly userId: string | undefined
}

async function look(world: World, cookie: string, later = 0): Promise<Look> {
  const sessions = new Sessions<Data>({ ...options, store: world.inner, clock: () => world.now + later })
  const visit = {}
  sessions.attach(visit, exchange(cookie, false))
  const { isStored, userId } = await sessions.open(visit, { mode: 'read-only' })
  return { isLive: isStored, userId }
}

export async function opensNothingWithOldCookies(world: World): Promise<string | undefined> {
  for (const cookie of world.cookies) {
    const record = stored(world, idOf(cookie))
    if (!record) continue
    const epoch = epochOfCookie(world, cookie)
    if (epoch !== undefined && epoch !== epochOf(record) && (await look(world, cookie)).isLive)
      return `a cookie from before a change of privilege opens ${short(record.id)}`
  }
  for (const record of live(world)) {
    if (parse(record)?.body.previous?.confirmedAt === undefined) continue
    let opening = 0
    for (const cookie of world.cookies) {
      if (idOf(cookie) === record.id && (await look(world, cookie, graceMs + 1)).isLive) opening++
    }
    if (opening > 1) return `${opening} cookies open ${short(record.id)} after the grace`
  }
  return undefined
}

/** Requests without a cookie come from browsers of their own; each of them keeps what it was given. */
export async function leavesTheBrowserSignedIn(world: World): Promise<string | undefined> {
  const others = world.answered.filter(({ kind }) => kind.cookie === 'none').map(({ setCookie }) => setCookie)
  for (const jar of [world.jar, ...others]) {
    const found = jar === undefined ? undefined : await isOpenedBy(world, jar)
    if (found) return found
  }
  const given = world.answered.filter(({ kind }) => kind.cookie !== 'none')
  const signedIn = given.findLast((request) => isOk(request) && request.intent.isPrivileged)
  const othersCreate = writes(world).some(({ before, request }) => !before && !world.requests[request]!.intent.signsIn)
  if (!signedIn?.intent.signsIn || !world.jar || othersCreate) return undefined
  if (deletions(world).length > 0 || hasClockMoved(world) || isLimit(world, world.jar)) return undefined
  const { userId } = await look(world, world.jar)
  return userId === signedIn.intent.signsIn.userId
    ? undefined
    : `${signedIn.name} signed in, and the browser is ${userId ?? 'signed out'}`
}

async function isOpenedBy(world: World, jar: string): Promise<string | undefined> {
  const id = idOf(jar)
  if (!stored(world, id)) {
    const isEnded = deletions(world).some((deletion) => deletion.id === id)
    return isEnded || hasClockMoved(world) ? undefined : `the browser's ${short(id)} is gone`
  }
  if (isLimit(world, jar)) return undefined
  for (const later of [0, graceMs + 1]) {
    const { isLive } = await look(world, jar, later)
    if (!isLive) return `the browser's cookie does not open ${short(id)}${later ? ' after the grace' : ''}`
  }
  return undefined
}

/**
 * The response to a change of privilege was lost, or that of a rotation came after it (limit L2): the cookie is dead, and
 * the visitor signs in again.
 */
function isLimit(world: World, jar: string): boolean {
  if (privileged(world).some(isUnknown)) return true
  const given = world.answered.filter(({ setCookie }) => setCookie && setCookie !== `${cookieName}=`)
  const changed = given.findIndex(({ intent, setCookie }) => intent.isPrivileged && idOf(setCookie!) === idOf(jar))
  return changed !== -1 && given.slice(changed + 1).some(({ intent }) => !intent.isPrivileged)
}

export function accusesNobodyInTime(world: World): string | undefined {
  if (world.now >= world.scenario.stage.changedAt + graceMs) return undefined
  return world.events.some(({ name }) => name === 'suspicious') ? 'a theft was reported within the grace' : undefined
}
