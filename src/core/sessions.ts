import { CleanUp } from './clean-up.ts'
import { type Codec, codec as defaultCodec } from './codec.ts'
import { commit, isIdle } from './commit.ts'
import { checkCookieName, checkSameSite, planCookie, type SameSite } from './cookie.ts'
import type { StorableData, Values } from './data.ts'
import { EndWatch } from './ended.ts'
import type { Engine } from './engine.ts'
import { SessionError } from './errors.ts'
import type { Exchange, ResponseHeaders } from './exchange.ts'
import { type Duration, type Lifetime, milliseconds } from './lifetime.ts'
import { andThen, isPromise } from './maybe-promise.ts'
import type { MergeRule, MergeRules } from './merge.ts'
import { openState } from './opening.ts'
import { type ReadonlySession, Session, stateOf } from './session.ts'
import type { Mode, SessionState } from './state.ts'
import type { MaybePromise, Store } from './store.ts'
import { StoreCalls } from './store-calls.ts'
import { pooledRandomBytes, type RandomBytes } from './ticket.ts'
import { TurnQueue } from './turn-queue.ts'
import { UnderWay } from './under-way.ts'
import { UserSessions } from './users.ts'

/** How long a session lives (OWASP: both an idle and an absolute timeout). */
export interface LifetimeOptions {
  /** Ends a session that long after its last request. Default: 30 minutes; remembered, 30 days. */
  readonly idleTimeout?: Duration
  /** Ends a session that long after its creation or last sign-in, whatever happens. Default: 12 hours; remembered, 90 days. */
  readonly absoluteTimeout?: Duration
}

interface Settings<Data> extends LifetimeOptions {
  /** Where the records live. */
  readonly store: Store
  /** How two changes of one key become one. Keys without a rule: the later change wins, and `coatcheck:conflict` says so. */
  readonly merge?: MergeRules<Data>
  /** The limits of a session signed in with `{ remember: true }`. */
  readonly remember?: LifetimeOptions
  /** When a signed-in visitor's cookie is replaced (default: every 15 minutes), and how long the old one still works once the new one was seen (default: 30 seconds). */
  readonly rotation?: { readonly every?: Duration; readonly grace?: Duration }
  /** How often a mere visit is written down, at most. Default: a minute, or a tenth of the idle timeout where that is shorter. */
  readonly touchInterval?: Duration
  /** The mode of `open` where none is given. Default: `auto`. */
  readonly mode?: Mode | 'auto'
  /** How long an exclusive request waits for its turn (default: 5 seconds), and holds it without a sign of life (default: 30 seconds). */
  readonly lock?: { readonly wait?: Duration; readonly lease?: Duration }
  /** How long one call to the store may take. Default: 2 seconds. */
  readonly storeTimeout?: Duration
  /**
   * What a GET or HEAD gets while the store does not answer. `fail-closed`: `ERR_STORE_UNAVAILABLE`, a 503. `anonymous-read-only`:
   * an anonymous session whose `isStandIn` is true and which can't be stored, so that pages for everyone can still be shown;
   * not where it was opened `exclusive`. All other methods fail closed in any case. Default: `fail-closed`.
   */
  readonly whenUnavailable?: 'fail-closed' | 'anonymous-read-only'
  /** How often what has expired is removed from the store, at most; `false` for never, where a job of your own does it. Default: every 5 minutes. */
  readonly cleanupInterval?: Duration | false
  /** How large a session's data may become, in bytes as stored. Default: 1,048,576. */
  readonly maxBytes?: number
  readonly cookie?: {
    /** Default: `sid`. Over https it becomes `__Host-sid`, over http on this machine `sid-<port>`. */
    readonly name?: string
    /** Default: `Lax`. */
    readonly sameSite?: SameSite
  }
  readonly codec?: Codec
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number
  /** Must be unpredictable. Default: `randomBytes` of `node:crypto`. */
  readonly randomBytes?: RandomBytes
}

/** What a session holds before anything is stored: required when `Data` has required keys. Called anew each time, and never stored by itself. */
type Initial<Data> =
  Record<never, never> extends Data ? { readonly initial?: () => Data } : { readonly initial: () => Data }

/** What `new Sessions()` is told. Only `store` is required, and `initial` where `Data` has required keys. */
export type SessionsOptions<Data> = Settings<Data> & Initial<Data>

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
    this.#mode = options.mode ?? 'auto'
    if (!options.store) throw new TypeError("store is missing: try fileStore('./sessions') of coatcheck/stores/file")
    if ((this.#mode === 'auto' || this.#mode === 'exclusive') && !options.store.lockAndRead) {
      throw new TypeError(
        `mode '${this.#mode}' needs a store with lockAndRead: use another store, or pass mode: 'shared'`,
      )
    }
    this.#engine = makeEngine(options as unknown as SessionsOptions<Values>)
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
      visit.opening = this.#open(visit, mode, touch)
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

  #open(visit: Visit<Data>, mode: Mode | 'auto', touches: boolean): Promise<Session<Data>> {
    const opening = this.#openNow(visit, mode, touches)
    if (!isPromise(opening)) return Promise.resolve(opening)
    // Whoever awaits it hears of a failure; a handler that doesn't must not end the process.
    opening.catch(() => {})
    return opening
  }

  /** No promise is spent where the store answers at once. */
  #openNow(visit: Visit<Data>, mode: Mode | 'auto', touches: boolean): MaybePromise<Session<Data>> {
    const { exchange, arrivedAt } = visit
    try {
      const cookie = planCookie(this.#engine.cookieName, exchange.secure, exchange.host)
      if (!cookie) throw insecure(exchange.host)
      return andThen(openState(this.#engine, exchange, cookie, arrivedAt, { mode, touches }), (state) => {
        this.#underWay.opened(state)
        visit.session = new Session(this.#engine, state)
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

function makeEngine(options: SessionsOptions<Values>): Engine {
  const { store, cookie = {}, clock = Date.now, maxBytes = 1_048_576, initial = () => ({}) } = options
  checkCookieName(cookie.name ?? 'sid')
  checkSameSite(cookie.sameSite ?? 'Lax')
  if (!(Number.isInteger(maxBytes) && maxBytes > 0))
    throw new TypeError(`maxBytes must be a positive integer, got ${maxBytes}`)
  const short = lifetime('', options, { idle: '30m', absolute: '12h' })
  const remembered = lifetime('remember.', options.remember ?? {}, { idle: '30d', absolute: '90d' })
  const { whenUnavailable = 'fail-closed' } = options
  if (whenUnavailable !== 'fail-closed' && whenUnavailable !== 'anonymous-read-only') {
    const given = JSON.stringify(whenUnavailable)
    throw new TypeError(`whenUnavailable must be 'fail-closed' or 'anonymous-read-only', got ${given}`)
  }
  const calls = new StoreCalls(store, milliseconds('storeTimeout', options.storeTimeout ?? '2s'), clock)
  const { cleanupInterval = '5m' } = options
  const cleanEveryMs = cleanupInterval === false ? Infinity : milliseconds('cleanupInterval', cleanupInterval)
  return {
    calls,
    whenUnavailable,
    codec: options.codec ?? defaultCodec,
    initial,
    rules: (options.merge ?? {}) as unknown as { [key: string]: MergeRule },
    cookieName: cookie.name ?? 'sid',
    sameSite: cookie.sameSite ?? 'Lax',
    lifetime: short,
    remembered,
    rotateEveryMs: milliseconds('rotation.every', options.rotation?.every ?? '15m'),
    graceMs: milliseconds('rotation.grace', options.rotation?.grace ?? '30s'),
    touchEveryMs: touchInterval(options.touchInterval, Math.min(short.idleMs, remembered.idleMs)),
    lockWaitMs: milliseconds('lock.wait', options.lock?.wait ?? '5s'),
    leaseMs: milliseconds('lock.lease', options.lock?.lease ?? '30s'),
    maxBytes,
    clock,
    randomBytes: options.randomBytes ?? pooledRandomBytes(),
    turns: new TurnQueue(),
    writes: new TurnQueue(),
    ended: new EndWatch(calls, clock),
    cleanUp: new CleanUp(calls, cleanEveryMs, clock),
    warnOnce: warner(),
  }
}

function lifetime(
  prefix: string,
  { idleTimeout, absoluteTimeout }: LifetimeOptions,
  defaults: { idle: Duration; absolute: Duration },
): Lifetime {
  const idleMs = milliseconds(`${prefix}idleTimeout`, idleTimeout ?? defaults.idle)
  const absoluteMs = milliseconds(`${prefix}absoluteTimeout`, absoluteTimeout ?? defaults.absolute)
  return { idleMs, absoluteMs }
}

/** A visitor who keeps coming must be written down before the idle timeout is over. */
function touchInterval(interval: Duration | undefined, idleMs: number): number {
  if (interval === undefined) return Math.min(60_000, idleMs / 10)
  const ms = milliseconds('touchInterval', interval)
  if (ms >= idleMs) throw new TypeError(`touchInterval must be shorter than idleTimeout, got ${interval}`)
  return ms
}

/** Says each thing once, and nothing in production. */
function warner(): Engine['warnOnce'] {
  if (process.env.NODE_ENV === 'production') return () => {}
  const said = new Set<string>()
  return (topic, message) => {
    const text = said.has(topic) ? undefined : message()
    if (text === undefined) return
    said.add(topic)
    console.warn(`coatcheck: ${text}`)
  }
}

function insecure(host: string): SessionError {
  return new SessionError(
    'ERR_INSECURE_CONNECTION',
    `plain http to ${JSON.stringify(host.slice(0, 100))} can't carry a session cookie safely. Serve https; ` +
      'behind a proxy that does, pass { trustProxy } to the adapter and let the proxy send X-Forwarded-Proto',
  )
}
