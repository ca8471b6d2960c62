import type { SessionId } from 'coatcheck'
import { recordIdOf } from '../http/tickets.ts'
import { type Intent, type KnownEpoch, type KnownRequest, KnownSession, type KnownTicket } from './cluster-known.ts'

/** What the cluster is set to, as far as it decides what may be answered. */
export interface Terms {
  readonly cookieName: string
  /** Milliseconds. */
  readonly rotateEvery: number
  /** The store fails now and then: what it was asked for may happen later, and a turn may be lost. */
  readonly storeFails?: boolean
}

/** Everything known so far, and what may have happened besides: requests under way, and those whose answer was lost. */
export class Ledger {
  readonly sessions = new Map<string, KnownSession>()
  /** How often each thing was answered. */
  readonly outcomes = new Map<string, number>()
  now = 0
  readonly #terms: Terms
  readonly #tickets = new Map<string, KnownTicket>()
  readonly #byHandle = new Map<string, KnownSession>()
  readonly #revocations: { readonly user: string; readonly request: KnownRequest }[] = []
  readonly #signIns: { readonly user: string; readonly request: KnownRequest }[] = []
  readonly #lost = new Map<string | undefined, number>()

  constructor(terms: Terms) {
    this.#terms = terms
  }

  /** A request leaves, with this cookie. */
  begin(text: string, intent: Intent, cookie: string | undefined): KnownRequest {
    const ticket = cookie === undefined ? undefined : this.#tickets.get(cookie)
    if (cookie !== undefined && !ticket) throw new Error('a cookie from nowhere')
    const begun = ++this.now
    const open = Number.POSITIVE_INFINITY
    const sentAt = Date.now()
    const request: KnownRequest = {
      text,
      intent,
      ticket,
      begun,
      sentAt,
      settled: open,
      answeredAt: open,
      isLost: false,
      ending: new Set(),
    }
    ticket?.presenters.push(request)
    const { session, user } = ticket?.epoch ?? {}
    session?.history.push(`${begun} ${text}, as ${user ?? 'nobody'}`)
    if (intent.kind !== 'read' && intent.kind !== 'list') session?.storing.push(request)
    switch (intent.kind) {
      case 'change':
        session?.tally(intent.label).begin()
        if (intent.by) session?.counting.push(request)
        break
      case 'sign in':
        this.#signIns.push({ user: intent.user, request })
        ticket?.epoch.enders.add(request)
        if (user !== undefined && user !== intent.user) this.mayEnd(request, session)
        else {
          session?.possibleUsers.add(intent.user)
          // One that is held up in the store ends this sign-in too, though it was sent before it.
          for (const revocation of this.#revocations) {
            const isOpen = revocation.user === intent.user && revocation.request.settled > begun
            if (isOpen && revocation.request.ticket?.epoch.session !== session) this.mayEnd(revocation.request, session)
          }
        }
        break
      case 'renew':
        ticket?.epoch.enders.add(request)
        break
      case 'sign out':
        this.mayEnd(request, session)
        break
      case 'revoke':
        this.mayEnd(request, this.#byHandle.get(intent.handle))
        break
      case 'revoke others':
        if (user === undefined) break
        this.#revocations.push({ user, request })
        for (const other of this.sessions.values()) {
          if (other !== session && other.possibleUsers.has(user)) this.mayEnd(request, other)
        }
    }
    return request
  }

  /** It was answered, or will never be. */
  settle(request: KnownRequest, outcome: string): void {
    request.settled = ++this.now
    request.answeredAt = Date.now()
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
    request.ticket?.epoch.session.history.push(`${this.now} ${request.text} of ${request.begun}: ${outcome}`)
  }

  /** Its answer was lost, and with it perhaps the cookie of a new session. */
  lose(request: KnownRequest): void {
    const { intent } = request
    request.isLost = true
    this.settle(request, 'lost')
    // A creation whose answer is lost is tried once more, under another id.
    const made = this.#terms.storeFails ? 2 : 1
    if (intent.kind === 'sign in') this.#lost.set(intent.user, this.unheardOf(intent.user) + made)
    if (intent.kind === 'change' && this.mayBeNobody(request))
      this.#lost.set(undefined, this.unheardOf(undefined) + made)
  }

  /** Sessions of this user, or of nobody, that no answer has told of, at most. */
  unheardOf(user: string | undefined): number {
    return this.#lost.get(user) ?? 0
  }

  /** How many of the handles no answer has told of, beyond those that may be of sign-ins under way or lost. */
  foreignHandles(user: string, handles: readonly string[]): number {
    const unknown = handles.filter((handle) => !this.#byHandle.has(handle)).length
    const theirs = this.#signIns.filter((signIn) => signIn.user === user).map(({ request }) => request)
    const underWay = theirs.filter(({ settled }) => settled > this.now).length
    return Math.max(0, unknown - underWay - this.#firstTries(theirs) - this.unheardOf(user))
  }

  /** The first try of a sign-in may fail and have happened; that one is taken back once the second has succeeded. */
  #firstTries(signIns: readonly KnownRequest[]): number {
    if (!this.#terms.storeFails) return 0
    return signIns.filter(({ answeredAt }) => answeredAt > Date.now() - 2_000).length
  }

  mayEnd(request: KnownRequest, session: KnownSession | undefined): void {
    if (!session) return
    const { session: by, user } = request.ticket?.epoch ?? {}
    session.enders.add(request)
    session.history.push(`${request.begun} ${request.text} by ${by?.handle}, ${user}: may end this`)
    request.ending.add(session)
  }

  /** A session that was not there before; undefined when its id was. */
  add(request: KnownRequest, cookie: string, user: string | undefined): KnownEpoch | undefined {
    const session = new KnownSession(this.idOf(cookie))
    if (this.sessions.has(session.id)) return undefined
    this.sessions.set(session.id, session)
    this.#byHandle.set(session.handle, session)
    session.history.push(`${this.now} ${request.text} of ${request.begun}: made, for ${user ?? 'nobody'}`)
    return this.addEpoch(session, cookie, user, request.sentAt)
  }

  addEpoch(session: KnownSession, cookie: string, user: string | undefined, bornAt: number): KnownEpoch {
    const epoch: KnownEpoch = { session, user, enders: new Set(), endedAt: Number.POSITIVE_INFINITY }
    this.#tickets.set(cookie, { epoch, bornAt, presenters: [], successor: undefined })
    return epoch
  }

  /** The successor of a ticket, by the clock. There is one only, however often it is handed out. */
  addSuccessor({ begun }: KnownRequest, ticket: KnownTicket, cookie: string): KnownTicket {
    // Who was answered before this one left, and without it, did not make it.
    const makers = ticket.presenters.filter(({ settled, isLost }) => isLost || settled > begun)
    const bornAt = Math.max(ticket.bornAt + this.#terms.rotateEvery, Math.min(...makers.map(({ sentAt }) => sentAt)))
    const { epoch } = ticket
    const successor = this.#tickets.get(cookie) ?? { epoch, bornAt, presenters: [], successor: undefined }
    this.#tickets.set(cookie, successor)
    ticket.successor ??= successor
    return successor
  }

  idOf(cookie: string): SessionId {
    return recordIdOf(this.#terms.cookieName, cookie) as SessionId
  }

  /** Its session, or what its cookie was worth, may have ended before it was answered. */
  mayBeNobody(request: KnownRequest): boolean {
    const { ticket } = request
    if (!ticket) return true
    const { session, enders } = ticket.epoch
    return hasOther(session.enders, request) || hasOther(enders, request) || this.#mayBeSpent(ticket)
  }

  /** A refusal that has a reason. */
  mayBeRefused(request: KnownRequest, outcome: string): boolean {
    const { intent, ticket, begun } = request
    if (intent.kind === 'sign in') {
      return outcome === '409 ERR_SESSION_REVOKED' && this.revocationsDuring(intent.user, request).length > 0
    }
    if (!ticket || (intent.kind !== 'change' && intent.kind !== 'renew')) return false
    const { session, enders } = ticket.epoch
    switch (outcome) {
      case '409 ERR_SESSION_GONE':
        return session.enders.size > 0
      case '409 ERR_SESSION_SUPERSEDED':
        return hasOther(enders, request) || this.#mayBeSpent(ticket)
      case '409 ERR_SESSION_CONFLICT':
        if (this.#terms.storeFails && session.storing.some((it) => it !== request && mayOverlap(it, request)))
          return true
        return isBy(request, 'exclusive') && session.counting.some((it) => isBy(it, 'update') && it.settled > begun)
      default:
        return false
    }
  }

  /** “Sign out everywhere” that may refuse, or end, a sign-in: it counts by the milliseconds of a clock. */
  revocationsDuring(user: string, { sentAt }: KnownRequest): KnownRequest[] {
    const during = this.#revocations.filter(
      (it) =>
        it.user === user && (it.request.answeredAt >= sentAt || (this.#terms.storeFails === true && it.request.isLost)),
    )
    return during.map(({ request }) => request)
  }

  /** Replaced twice by the clock: what its holder has heard of is two rotations behind. */
  #mayBeSpent({ successor }: KnownTicket): boolean {
    if (!successor || successor.presenters.length === 0) return false
    return Date.now() >= successor.bornAt + this.#terms.rotateEvery
  }
}

function hasOther(requests: ReadonlySet<KnownRequest>, request: KnownRequest): boolean {
  return requests.size > (requests.has(request) ? 1 : 0)
}

function isBy({ intent }: KnownRequest, by: 'exclusive' | 'update'): boolean {
  return intent.kind === 'change' && intent.by === by
}

/** The one was under way while the other was, or was given up so shortly before that it may have been, in the store. */
function mayOverlap(one: KnownRequest, other: KnownRequest): boolean {
  return one.settled > other.begun || (one.isLost && one.answeredAt > other.sentAt - 5_000)
}
