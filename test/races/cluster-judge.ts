import type { Answer } from '../http/visitor.ts'
import type { Intent, KnownEpoch, KnownRequest, KnownSession } from './cluster-known.ts'
import { Ledger, type Terms } from './cluster-ledger.ts'
import type { Devices, Revoked, State } from './cluster-routes.ts'

/**
 * The sequential model. Each answer is compared with what the answers before it allow, and adds to what is known: an effect
 * belongs to the session of the Set-Cookie if there is one, else to that of the cookie; a ticket says one user for ever.
 */
export class Judge {
  readonly violations: string[] = []
  readonly ledger: Ledger
  /** When a worker was killed. */
  readonly kills: number[] = []
  /** Cookies that were replaced by the clock. */
  rotations = 0

  readonly #storeFails: boolean

  constructor(terms: Terms) {
    this.#storeFails = terms.storeFails ?? false
    this.ledger = new Ledger(terms)
  }

  begin(text: string, intent: Intent, cookie: string | undefined): KnownRequest {
    return this.ledger.begin(text, intent, cookie)
  }

  /** Its connection broke, or no answer came. What it asked for may have happened. */
  lose(request: KnownRequest, isTimeout: boolean): void {
    this.ledger.lose(request)
    if (isTimeout) this.#fail(request, 'no answer')
    // Those that left just after it were sent on a connection to the dead.
    else if (!this.kills.some((at) => at > request.sentAt - 100))
      this.#fail(request, 'no answer, and nobody was killed')
  }

  /** `cookie` is the one that the answer sets, if it does. */
  settle(request: KnownRequest, answer: Answer, cookie: string | undefined): void {
    const code = /ERR_\w+/.exec(answer.body)?.[0]
    const outcome = [answer.status, code].filter(Boolean).join(' ')
    if (answer.status === 503 && this.#storeFails) {
      // It may have happened all the same. But nobody is signed in or out by such an answer.
      this.ledger.lose(request)
      if (answer.setCookies.length > 0) this.#fail(request, `${outcome} with ${answer.setCookies}`)
      return
    }
    this.ledger.settle(request, outcome)
    const { kind } = request.intent
    if (answer.status >= 400) this.#refused(request, outcome)
    else if (kind === 'sign in') this.#signedIn(request, request.intent.user, cookie)
    else if (kind === 'renew') this.#renewed(request, cookie)
    else if (kind === 'sign out') this.#signedOut(request, answer.setCookies)
    else {
      const session = this.#target(request, cookie)
      if (kind === 'change') this.#changed(request, request.intent.label, answer.body, session)
      else if (kind === 'read') this.#read(request, JSON.parse(answer.body), session)
      else if (kind === 'list') this.#listed(request, JSON.parse(answer.body))
      else this.#revoked(request, JSON.parse(answer.body))
    }
  }

  fail(what: string, session?: KnownSession): void {
    const history = session ? `\n    ${session.handle}\n    ${session.history.slice(-25).join('\n    ')}` : ''
    this.violations.push(what + history)
  }

  #fail({ text, ticket }: KnownRequest, what: string, session = ticket?.epoch.session): void {
    this.fail(`${text}: ${what}`, session)
  }

  #refused(request: KnownRequest, outcome: string): void {
    const { intent, ticket } = request
    if (!this.ledger.mayBeRefused(request, outcome)) this.#fail(request, `${outcome}, without a reason`)
    if (intent.kind === 'change') ticket?.epoch.session.tally(intent.label).refuse()
    if (intent.kind === 'renew' || intent.kind === 'sign in') ticket?.epoch.enders.delete(request)
  }

  /** The session that an answer speaks of, by the cookies; undefined for none. */
  #target(request: KnownRequest, cookie: string | undefined): KnownSession | undefined {
    const { ticket, intent } = request
    if (cookie === undefined) return ticket?.epoch.session
    if (ticket?.epoch.session.id === this.ledger.idOf(cookie)) {
      this.#mustNotBeOver(request, ticket.epoch)
      const successor = this.ledger.addSuccessor(request, ticket, cookie)
      if (ticket.successor !== successor) this.#fail(request, 'a second successor')
      this.rotations += 1
      return ticket.epoch.session
    }
    if (intent.kind !== 'change') this.#fail(request, 'a new session for nothing')
    this.#mustHaveBeenNobody(request)
    return this.#add(request, cookie, undefined)
  }

  #changed(request: KnownRequest, label: string, body: string, session: KnownSession | undefined): void {
    const { ticket } = request
    if (!session) return void this.#fail(request, 'acknowledged, and stored nowhere')
    if (session === ticket?.epoch.session) this.#mustNotBeOver(request, ticket.epoch)
    else {
      ticket?.epoch.session.tally(label).refuse()
      session.tally(label).begin()
    }
    session.tally(label).acknowledge(this.ledger.now)
    if (label !== 'n') return
    if (session.numbers.has(Number(body))) this.#fail(request, `${body} was acknowledged before`, session)
    session.numbers.add(Number(body))
  }

  #read(request: KnownRequest, { id, userId, data }: State, session: KnownSession | undefined): void {
    if (id === undefined) {
      this.#mustHaveBeenNobody(request)
      if (JSON.stringify([userId, data]) !== '[null,{"n":0,"visits":0,"items":[]}]')
        this.#fail(request, 'nobody, with data')
      return
    }
    const epoch = this.#epochOf(request, userId)
    if (!epoch || id !== session?.id) return void this.#fail(request, `appears as ${userId} in ${id}`)
    for (const mistake of session.mistakesIn(data, request.begun)) this.#fail(request, mistake)
  }

  #signedIn(request: KnownRequest, user: string, cookie: string | undefined): void {
    const { ledger } = this
    const before = request.ticket?.epoch
    if (cookie === undefined) return void this.#fail(request, 'signed in without a cookie')
    let session: KnownSession
    if (before?.session.id === ledger.idOf(cookie)) {
      session = before.session
      this.#mustNotBeOver(request, before)
      if (before.user !== undefined && before.user !== user) this.#fail(request, `was ${before.user}`)
      before.endedAt = ledger.now
      ledger.addEpoch(session, cookie, user, request.sentAt)
    } else {
      const endsOther = before?.user !== undefined && before.user !== user
      if (!endsOther) this.#mustHaveBeenNobody(request)
      else if (!ledger.mayBeNobody(request)) before.session.endedAt = ledger.now
      before?.enders.delete(request)
      session = this.#add(request, cookie, user)
    }
    if (session.user !== undefined) return
    session.user = user
    session.signedInAt = ledger.now
    session.possibleUsers.add(user)
    for (const revocation of ledger.revocationsDuring(user, request)) ledger.mayEnd(revocation, session)
  }

  #renewed(request: KnownRequest, cookie: string | undefined): void {
    const epoch = request.ticket?.epoch
    if (cookie === undefined) {
      epoch?.enders.delete(request)
      this.#mustHaveBeenNobody(request)
    } else if (epoch?.session.id === this.ledger.idOf(cookie)) {
      this.#mustNotBeOver(request, epoch)
      epoch.endedAt = this.ledger.now
      this.ledger.addEpoch(epoch.session, cookie, epoch.user, request.sentAt)
    } else this.#fail(request, 'a new session for nothing')
  }

  #signedOut(request: KnownRequest, setCookies: readonly string[]): void {
    const { ticket } = request
    if (!ticket || this.ledger.mayBeNobody(request)) return
    if (!/=; .*Expires=Thu, 01 Jan 1970/.test(setCookies.join())) this.#fail(request, 'the cookie stays')
    ticket.epoch.session.endedAt = this.ledger.now
  }

  #listed(request: KnownRequest, { userId, handles }: Devices): void {
    if (userId === undefined) return void this.#mustHaveBeenNobody(request, { orAnonymous: true })
    if (!this.#epochOf(request, userId)) return void this.#fail(request, `the devices of ${userId}`)
    for (const session of this.ledger.sessions.values()) {
      const isListed = handles.includes(session.handle)
      const isTheirs = session.user === userId && session.signedInAt < request.begun
      if (isListed && session.endedAt < request.begun) this.#fail(request, 'lists an ended session', session)
      if (isListed && !session.possibleUsers.has(userId)) this.#fail(request, 'lists somebody else’s', session)
      if (!isListed && isTheirs && session.enders.size === 0) this.#fail(request, 'does not list', session)
    }
    const foreign = this.ledger.foreignHandles(userId, handles)
    if (foreign > 0) this.#fail(request, `lists ${foreign} of nobody’s`)
  }

  #revoked(request: KnownRequest, { userId, count }: Revoked): void {
    const { intent, ending } = request
    if (userId === undefined) {
      for (const session of ending) session.enders.delete(request)
      return void this.#mustHaveBeenNobody(request, { orAnonymous: true })
    }
    if (!this.#epochOf(request, userId)) return void this.#fail(request, `as ${userId}`)
    for (const session of ending) {
      const isTheirs = session.user === userId && session.signedInAt < request.begun
      if (intent.kind === 'revoke others' || count === 1) {
        if (!isTheirs) continue
        session.endedAt = Math.min(session.endedAt, this.ledger.now)
        session.history.push(`${this.ledger.now} ended by ${request.begun}`)
      } else {
        session.enders.delete(request)
        if (isTheirs && session.enders.size === 0) this.#fail(request, 'found none', session)
      }
    }
  }

  #add(request: KnownRequest, cookie: string, user: string | undefined): KnownSession {
    const epoch = this.ledger.add(request, cookie, user)
    if (epoch) return epoch.session
    this.#fail(request, 'a new session with an id that was used before')
    return this.ledger.sessions.get(this.ledger.idOf(cookie))!
  }

  /** That of the request's cookie, if it is this user's; it must not have ended before. */
  #epochOf(request: KnownRequest, userId: string | undefined): KnownEpoch | undefined {
    const epoch = request.ticket?.epoch
    if (!epoch || epoch.user !== userId) return undefined
    this.#mustNotBeOver(request, epoch)
    return epoch
  }

  #mustHaveBeenNobody(request: KnownRequest, { orAnonymous = false } = {}): void {
    if (this.ledger.mayBeNobody(request) || (orAnonymous && request.ticket?.epoch.user === undefined)) return
    this.#fail(request, 'taken for nobody')
  }

  /** Whatever was acknowledged to have ended before this request began did not come back. */
  #mustNotBeOver(request: KnownRequest, { session, endedAt }: KnownEpoch): void {
    if (session.endedAt < request.begun) this.#fail(request, 'in a session that has ended')
    if (endedAt < request.begun) this.#fail(request, 'by a cookie that was replaced at once')
  }
}
