import { short } from '../scheduled-store.ts'
import {
  epochOf,
  epochOfCookie,
  hasClockMoved,
  idOf,
  isOk,
  live,
  parse,
  privileged,
  stored,
  writes,
} from './ground-truth.ts'
import type { Intent } from './request-kinds.ts'
import { cookieName } from './stages.ts'
import type { World } from './world.ts'

export function staysEnded(world: World): string | undefined {
  for (const request of world.requests.filter(isOk)) {
    for (const id of request.intent.ends) {
      if (world.store.peek(id)) return `${request.name} has ended ${short(id)}, and it is stored`
    }
  }
  for (const { before, after, id, operation } of world.store.changes) {
    const isFirstWrite = operation === 'write' && world.scenario.stage.records.every((record) => record.id !== id)
    if (!before && after && !isFirstWrite) return `a ${operation} has brought ${short(id)} back`
  }
  return undefined
}

export function staysExpired({ store }: World): string | undefined {
  const revived = store.changes.find(({ before, after, now }) => before && after && before.expiresAt <= now)
  return revived && `a ${revived.operation} has changed ${short(revived.id)}, which had expired`
}

export function staysRevoked(world: World): string | undefined {
  for (const { name, intent } of world.requests.filter(isOk)) {
    const { revokes } = intent
    if (!revokes) continue
    for (const { id, userId, openedAt } of live(world)) {
      if (userId !== revokes.userId || id === revokes.except || (openedAt ?? 0) >= revokes.notBefore) continue
      return `${name} has revoked ${userId}'s sessions, and ${short(id)} is live`
    }
  }
  return undefined
}

export function keepsItsUser(world: World): string | undefined {
  const moved = writes(world).find(({ before, after }) => before?.userId && before.userId !== after!.userId)
  return moved && `${short(moved.id)} went from ${moved.before!.userId} to ${moved.after!.userId}`
}

export function isWrittenOnlyByItsCookies(world: World): string | undefined {
  for (const { before, request, id } of writes(world)) {
    const { cookie, name, kind } = world.requests[request]!
    if (!before || kind.isAdministrative || !cookie || idOf(cookie) !== id) continue
    const epoch = epochOfCookie(world, cookie)
    if (epoch !== undefined && epoch !== epochOf(before))
      return `${name} wrote to ${short(id)} by a cookie of another epoch`
  }
  return undefined
}

export function keepsItsDeadline(world: World): string | undefined {
  for (const { before, after, request, id } of writes(world)) {
    const was = before && parse(before)?.body
    const is = parse(after!)?.body
    if (!was || !is || was.deadline === is.deadline) continue
    const { name, intent } = world.requests[request]!
    if (!intent.signsIn) return `${name} moved the deadline of ${short(id)}`
  }
  const beyond = live(world).find(
    (record) => record.expiresAt > (parse(record)?.body.deadline ?? Number.POSITIVE_INFINITY),
  )
  return beyond && `${short(beyond.id)} expires after its deadline`
}

export function neverMovesTimesBack({ store }: World): string | undefined {
  const moved = store.changes.find(
    ({ operation, before, after }) =>
      operation === 'touch' &&
      before &&
      after &&
      (after.expiresAt < before.expiresAt || after.lastSeenAt < before.lastSeenAt || after.version !== before.version),
  )
  return moved && `a touch moved ${short(moved.id)} back`
}

const signs = ({ signsIn, beginsSigningIn }: Intent): boolean => signsIn !== undefined || beginsSigningIn

export function createsOnlyForThoseWhoStore(world: World): string | undefined {
  for (const { before, id, request } of writes(world)) {
    if (before) continue
    const { intent, name, cookie, kind } = world.requests[request]!
    const stores = signs(intent) || intent.changes.length > 0 || intent.increments.length > 0
    if (!stores && !kind.keepsOnSignOut) return `${name} stored nothing, and has a record ${short(id)}`
    // A cookie that is known to be spent creates nothing (rule S1), and one that opens its record has no need to.
    const own = cookie === undefined ? undefined : stored(world, idOf(cookie))
    if (own && own.id !== id && !signs(intent)) return `${name} made a session beside the one that its cookie is of`
  }
  return undefined
}

export function setsOnlyCookiesThatAreDue(world: World): string | undefined {
  for (const { name, setCookie, intent, kind, cookie, index } of world.answered) {
    if (setCookie === undefined) continue
    if (setCookie === `${cookieName}=`) {
      if (kind.signsOut) continue
      return `${name} cleared the cookie, and did not sign out`
    }
    const isOwn = cookie !== undefined && idOf(cookie) === idOf(setCookie)
    const hasCreated = writes(world).some(
      ({ request, before, id }) => request === index && !before && id === idOf(setCookie),
    )
    if (intent.isPrivileged || hasCreated || isOwn) continue
    return `${name} set a cookie for nothing`
  }
  return undefined
}

export function grantsInTurn({ store }: World): string | undefined {
  return store.unfair[0] && `a lock was granted to ${store.unfair[0]}`
}

export function failsOnlyForAReason(world: World): string | undefined {
  for (const request of world.answered) {
    const { name, outcome, index, hasLost } = request
    if (outcome === 'ok') continue
    const complaint = `${name} was answered ${outcome}`
    const others = world.store.changes.filter((change) => change.request !== index)
    if (outcome === 'ERR_STORE_UNAVAILABLE') {
      if (hasLost === undefined) return `${complaint}, and the store failed nothing`
      // Rule W2 mends one lost answer, unless another request comes in between.
      if (
        hasLost === 'write' &&
        world.lossesSoFar === 1 &&
        others.length === 0 &&
        world.store.notBefores.length === 0 &&
        !hasClockMoved(world)
      )
        return `${complaint} for one lost answer of a write`
    } else if (outcome === 'ERR_SESSION_GONE') {
      if (!hasClockMoved(world) && !others.some(({ after }) => !after)) return complaint
    } else if (outcome === 'ERR_SESSION_SUPERSEDED') {
      const isSpent = request.cookie === world.scenario.stage.cookies.old
      if (!isSpent && !privileged(world).some((other) => other !== request)) return complaint
    } else if (outcome === 'ERR_SESSION_REVOKED') {
      if (!request.intent.signsIn || world.store.notBefores.length === 0) return complaint
    } else if (outcome === 'ERR_SESSION_LIMIT') {
      if (!request.intent.signsIn || !world.scenario.settings?.sessionsPerUser) return complaint
    } else if (outcome !== 'ERR_SESSION_CONFLICT') return complaint
  }
  return undefined
}

/** An exclusive request is refused only where a shared one came in between, or a lock was lost. */
export function takesTurns(world: World): string | undefined {
  if (world.leasesLost > 0 || world.lossesSoFar > 0) return undefined
  const refused = world.answered.find(({ outcome }) => outcome === 'ERR_SESSION_CONFLICT')
  const isDisturbed = writes(world).some(({ request }) => {
    const { kind } = world.requests[request]!
    return request !== refused?.index && (kind.mode !== 'exclusive' || kind.isAdministrative)
  })
  return refused && !isDisturbed ? `${refused.name} was refused, though all took turns` : undefined
}

export function leavesNoLock({ store, requests }: World): string | undefined {
  const left = store.held.find(({ request }) => {
    const { status, hasLost } = requests[request]!
    return status === 'answered' && hasLost === undefined
  })
  return left && `${requests[left.request]!.name} was answered and holds a lock`
}
