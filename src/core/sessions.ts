import { askAfter, askBefore } from './ask-guards.ts'
import { commit, isIdle } from './commit.ts'
import { planCookie } from './cookie.ts'
import type { StorableData, Values } from './data.ts'
import type { Engine } from './engine.ts'
import { SessionError } from './errors.ts'
import type { Exchange, ResponseHeaders } from './exchange.ts'
import { type Duration, milliseconds } from './lifetime.ts'
import { andThen, isPromise } from './maybe-promise.ts'
import { openState } from './opening.ts'
import { makeEngine, type SessionsOptions } from './options.ts'
import { type ReadonlySession, Session, stateOf } from './session.ts'
import type { Mode, SessionState } from './state.ts'
import type { MaybePromise } from './store.ts'
import { UnderWay } from './under-way.ts'
import { UserSessions } from './users.ts'

/** How `sessions.open()` opens: who waits for whom, and whether the visit counts. */
export interface OpenOptions {
  /**
   * `read-only`: for pages that only look; has no mutators. `shared`: reads and writes side by side with others; changes are
   * merged by key. `exclusive`: requests of one session take turns, like PHP's. `auto`: `shared` for GET, HEAD and OPTIONS,
   * `exclusive` for the rest.
   */
  readonly mode?: Mode | 'auto'
  /** Whether this request counts as a sign of life. Default: true. Polling and event streams want false. */
  readonly touch?: boolean
}

/** How long `sessions.close()` is patient. */
export interface CloseOptions {
  /** How long requests under way may take. Default: 10 seconds. */
  readonly within?: Duration
}

/** A request as an adapter announced it, and its session once opened. */
interface Visit<Data> {
  readonly exchange: Exchange
  readonly arrivedAt: number
  opening: Promise<Session<Data>> | undefined
  /** Once it is open. */
  session: Session<Data> | undefined
  /** It may store something: whoever stops this server waits for it. */
  isUnderWay: boolean
  isCommitted: boolean
}

/** Opens and commits the sessions of one application, lists and revokes them. Holds no session itself: any number of processes may share a store. */
export class Sessions<Data extends StorableData<Data> = Record<string, unknown>> {
  readonly #engine: Engine
  readonly #mode: Mode | 'auto'
  /** Where a request keeps its visit. A property, as a WeakMap of short-lived keys costs three times the rest of a read in garbage collection. */
  readonly #visit = Symbol('coatcheck visit')
  readonly #underWay = new UnderWay()
  #closing: Promise<void> | undefined

  /** Throws a TypeError that names the option and the fix. */
  constructor(options: SessionsOptions<Data>) {
    this.#engine = makeEngine(options as unknown as SessionsOptions<Values>)
    this.#mode = options.mode ?? 'auto'
  }

  /**
   * The session of this request. Whatever is wrong with its cookie, the answer is an anonymous session; only a store that
   * fails (`ERR_STORE_UNAVAILABLE`) or a turn that does not come (`ERR_SESSION_BUSY`) rejects. Opening twice gives the same object.
   */
  open(request: object, options: OpenOptions & { readonly mode: 'read-only' }): Promise<ReadonlySession<Data>>
  open(request: object, options?: OpenOptions): Promise<Session<Data>>
  open(
    request: object,
    { mode = this.#mode, touch = true }: OpenOptions = {},
  ): Promise<Session<Data> | ReadonlySession<Data>> {
    const visit = this.#visitOf(request)
    if (!visit) {
      const message =
        'sessions.open(request): this request did not pass through coatcheck(sessions), the adapter of your framework'
      return Promise.reject(new TypeError(message))
    }
    if (visit.isCommitted && !visit.opening) {
      const message = 'sessions.open() must come before the first byte of the response'
      return Promise.reject(new SessionError('ERR_SESSION_SETTLED', message))
    }
    if (!visit.opening) {
      visit.isUnderWay = mode !== 'read-only'
      if (visit.isUnderWay) this.#underWay.begin()
      visit.opening = this.#open(request, visit, mode, touch)
    }
    return visit.opening
  }

  /** The sessions of one user, to list, change and revoke. Throws a TypeError on a store without an index of users. */
  ofUser(userId: string): UserSessions<Data> {
    if (!this.#engine.calls.store.users) {
      throw new TypeError('sessions.ofUser(): this store keeps no index of users')
    }
    return new UserSessions(this.#engine, userId)
  }

  /** For adapters: a request has arrived. False when it was announced before. */
  attach(request: object, exchange: Exchange): boolean {
    if (this.#visitOf(request)) return false
    const visit: Visit<Data> = {
      exchange,
      arrivedAt: this.#engine.clock(),
      opening: undefined,
      session: undefined,
      isUnderWay: false,
      isCommitted: false,
    }
    ;(request as { [visit: symbol]: Visit<Data> })[this.#visit] = visit
    return true
  }

  /**
   * For adapters: the first byte of the response is about to leave. Undefined when the request never opened its session,
   * else the headers to add, at once where there is nothing to store. After a handler that threw (`hasFailed`) only its sign-outs hold. Rejects with a SessionError when the response must not look like a success.
   */
  commit(request: object, outcome: { readonly hasFailed?: boolean } = {}): MaybePromise<ResponseHeaders> | undefined {
    const visit = this.#visitOf(request)
    if (!visit || visit.isCommitted) return undefined
    visit.isCommitted = true
    const { opening, session } = visit
    if (session && !outcome.hasFailed && isIdle(this.#engine, stateOf(session))) {
      const state = settled(session)
      if (visit.isUnderWay) this.#underWay.end(state)
      return headersOf(state)
    }
    return opening && this.#commit(visit, opening, outcome)
  }

  /**
   * For a server that is told to stop. Resolves when the requests under way have stored their sessions, or after `within`;
   * whoever still has an exclusive turn then gives it back, so that no other process waits for its lease. It stops the clean-up
   * and aborts every `session.ended`, with `ERR_SERVER_STOPPING` for a reason: responses that stay open would keep the server from
   * closing. Sessions opened `read-only` have nothing to store, and are not waited for. Requests that still come are served. Never rejects because of the store, which is the caller's to close.
   *
   * @example
   * process.once('SIGTERM', async () => {
   *   await Promise.all([new Promise((resolve) => server.close(resolve)), sessions.close()])
   *   await store.close?.()
   * })
   */
  close({ within: patience = '10s' }: CloseOptions = {}): Promise<void> {
    const withinMs = milliseconds('within', patience)
    this.#closing ??= this.#close(withinMs)
    return this.#closing
  }

  async #close(withinMs: number): Promise<void> {
    const { ended, cleanUp } = this.#engine
    ended.close()
    const cleaned = cleanUp.close()
    await this.#underWay.settled(withinMs)
    // Each is a call to the store, and as long as one may be.
    await Promise.all([cleaned, this.#underWay.release()])
  }

  #visitOf(request: object): Visit<Data> | undefined {
    return (request as { [visit: symbol]: Visit<Data> | undefined })[this.#visit]
  }

  #open(request: object, visit: Visit<Data>, mode: Mode | 'auto', touches: boolean): Promise<Session<Data>> {
    const opening = this.#openNow(request, visit, mode, touches)
    if (!isPromise(opening)) return Promise.resolve(opening)
    // Whoever awaits it hears of a failure; a handler that doesn't must not end the process.
    opening.catch(() => {})
    return opening
  }

  /** No promise is spent where the store answers at once. */
  #openNow(request: object, visit: Visit<Data>, mode: Mode | 'auto', touches: boolean): MaybePromise<Session<Data>> {
    const { exchange, arrivedAt } = visit
    const engine = this.#engine
    const asked = (state: SessionState) => (engine.guards.length === 0 ? state : askAfter(engine, request, state))
    try {
      const cookie = planCookie(engine.cookieName, exchange.secure, exchange.host)
      if (!cookie) throw insecure(exchange.host)
      askBefore(engine, request, exchange)
      const opened = andThen(openState(engine, exchange, cookie, arrivedAt, { mode, touches }), asked)
      return andThen(opened, (state) => {
        this.#underWay.opened(state)
        visit.session = new Session(engine, state)
        return visit.session
      })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async #commit(
    { isUnderWay }: Visit<Data>,
    opening: Promise<Session<Data>>,
    outcome: { readonly hasFailed?: boolean },
  ): Promise<ResponseHeaders> {
    const session = await opening.catch(() => undefined)
    const state = session && settled(session)
    try {
      if (!state) return [] // `open` has told the handler why.
      await commit(this.#engine, state, outcome)
      return headersOf(state)
    } finally {
      if (isUnderWay) this.#underWay.end(state)
    }
  }
}

function settled<Data>(session: Session<Data>): SessionState {
  const state = stateOf(session)
  state.isSettled = true
  return state
}

function headersOf({ setCookie }: SessionState): ResponseHeaders {
  // A cache that kept this response would hand one visitor's page, or cookie, to another (RFC 9111 §3).
  const headers = [['cache-control', 'no-store'] as const, ['vary', 'Cookie'] as const]
  return setCookie === undefined ? headers : [['set-cookie', setCookie], ...headers]
}

function insecure(host: string): SessionError {
  return new SessionError(
    'ERR_INSECURE_CONNECTION',
    `plain http to ${JSON.stringify(host.slice(0, 100))} can't carry a session cookie safely. Serve https; ` +
      'behind a proxy that does, pass { trustProxy } to the adapter and let the proxy send X-Forwarded-Proto',
  )
}
