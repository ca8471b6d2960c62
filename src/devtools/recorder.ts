import { AsyncLocalStorage } from 'node:async_hooks'
import { cookieValues, planCookie, setCookie } from '../core/cookie.ts'
import type { CommitsSessions, Exchange } from '../core/exchange.ts'
import type { SessionId, Store } from '../core/store.ts'
import { handleOf, parseTicket, sessionIdOf } from '../core/ticket.ts'
import { type LiveLimits, type LiveStream, LiveStreams } from './live-streams.ts'
import { type Depot, type RawRecord, readRawRecord } from './record/raw-record.ts'
import { noteRecord } from './record/record-history.ts'
import { type InspectedSession, type StoreView, viewRecord } from './record/record-view.ts'
import { TurnTable } from './record/turn-table.ts'
import { secretsBesides } from './secrets.ts'
import { type LibraryEvent, stepOf, watchLibrary } from './wire/library-steps.ts'
import {
  type Arrival,
  type Departure,
  describeAnswer,
  describeRequest,
  type LoggedRequest,
} from './wire/logged-request.ts'
import { newViewer, type Viewer, Viewers } from './wire/viewers.ts'

/** What the devtools need of a `Sessions`, whatever its data. */
export interface InspectedSessions extends CommitsSessions {
  open(request: object, options: { readonly mode: 'read-only'; readonly touch: false }): Promise<WatchedSession>
}

/** A session that a stream can stay open for. */
export interface WatchedSession extends InspectedSession {
  readonly isStored: boolean
  readonly ended: AbortSignal
}

/** What is recorded, and of whom. */
export interface RecorderOptions {
  readonly sessions: InspectedSessions
  /** The one that `sessions` was given. */
  readonly store: Store
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number
  /** The names of session cookies, as given to `cookie.name`; the first is that of `sessions`. Default: `['sid']`. */
  readonly sessionCookies?: readonly string[]
  /** The whole names of this application's other cookies. What is named nowhere is another application's, and not looked at. */
  readonly otherCookies?: readonly string[]
  /** The cookie that tells browsers apart. Default: `coatcheck-devtools`. */
  readonly viewerCookie?: string
  /** More names of keys whose values nobody sees; a pattern is tried on the whole key. See `secretsBesides`. */
  readonly redact?: readonly (string | RegExp)[]
  /** What the store calls the place of a record, such as the key in Redis. Default: the record's id, or the file's path. */
  readonly nameOf?: (id: SessionId) => string
  /** How many browsers are remembered. Default: 1,000. */
  readonly browsers?: number
  /** Default: 20. */
  readonly requestsPerBrowser?: number
  readonly live?: LiveLimits
}

/** A request that is being answered. */
export interface Recording {
  readonly viewer: Viewer
  readonly request: LoggedRequest
  /** The browser brought no cookie that was issued here: unless it is admitted, nothing of this is kept. */
  readonly isNew: boolean
  /** What the library does within is noted. */
  run<T>(answer: () => T): T
  /** See `Recorder.admit`. Undefined for a browser that is known, too. */
  admit(): string | undefined
  /** The answer's headers are about to leave, or have left. */
  end(departure: Departure): void
}

interface Current {
  readonly request: LoggedRequest
  /** Handles of sessions whose cookie opened nothing. */
  readonly rejected: Set<string | undefined>
  /** Somebody was before it: otherwise its turn comes at once, and is not worth a word. */
  hasToWait: boolean
}

/** A page that asks for its own panel anew says so by this header: looking is no news. */
export const panelHeader = 'x-coatcheck-panel'

/**
 * Remembers the last requests of each browser: method, path, cookies, status, Set-Cookie, and what the library did between; and what
 * they changed in the browser's record. Never a body, a query, a header besides, or more than the first four characters of a cookie.
 * All of it is bounded, and in this process's memory.
 */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #clock: () => number
  readonly #sessionCookies: readonly string[]
  readonly #viewers: Viewers
  readonly #turns = new TurnTable()
  readonly #streams: LiveStreams
  readonly #depot: Depot
  readonly #current = new AsyncLocalStorage<Current>()
  readonly #stopWatching: () => void

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#clock = options.clock ?? Date.now
    this.#sessionCookies = options.sessionCookies ?? ['sid']
    this.#viewers = new Viewers(options.browsers ?? 1_000)
    this.#streams = new LiveStreams(options.live)
    this.#depot = {
      store: options.store,
      clock: this.#clock,
      secrets: secretsBesides(options.redact),
      nameOf: options.nameOf,
    }
    this.#stopWatching = watchLibrary((event) => this.#note(event))
  }

  /** How much is remembered. */
  get sizes(): { browsers: number; streams: number; turns: number } {
    return { browsers: this.#viewers.size, streams: this.#streams.size, turns: this.#turns.size }
  }

  /** Undefined: a browser that was never admitted. */
  find(arrival: Arrival): Viewer | undefined {
    const name = this.#viewerCookie(arrival)?.name
    return name === undefined ? undefined : this.#viewers.find(cookieValues(arrival.header('cookie'), name)[0])
  }

  /** The Set-Cookie line by which a browser is known from now on. Undefined: over this connection no cookie would be safe. */
  admit(arrival: Arrival, viewer: Viewer): string | undefined {
    const plan = this.#viewerCookie(arrival)
    return plan && setCookie(plan, this.#viewers.admit(viewer), 'Lax')
  }

  /** `isPanel`: it asks for what is shown, and is not remembered itself. Default: whether it says so by `panelHeader`. */
  begin(
    arrival: Arrival,
    { isPanel = arrival.header(panelHeader) !== undefined }: { isPanel?: boolean } = {},
  ): Recording {
    const known = this.find(arrival)
    const viewer = known ?? newViewer()
    const request = describeRequest(arrival, this.#clock(), (name) => this.#isOwn(name, arrival))
    const startedAt = performance.now()
    const current: Current = { request, rejected: new Set(), hasToWait: false }
    let isAdmitted = known !== undefined
    if (!isPanel) {
      viewer.requests.push(request)
      if (viewer.requests.length > (this.#options.requestsPerBrowser ?? 20)) viewer.requests.shift()
      if (known) this.#streams.tell(viewer, `${request.method} ${request.path}`)
    }
    return {
      viewer,
      request,
      isNew: !known,
      run: (answer) => (isPanel ? answer() : this.#current.run(current, answer)),
      admit: () => {
        const line = isAdmitted ? undefined : this.admit(arrival, viewer)
        isAdmitted ||= line !== undefined
        return line
      },
      end: (departure) => {
        if (request.answer) return
        request.answer = describeAnswer(departure, performance.now() - startedAt)
        if (isPanel || !isAdmitted) return
        const before = viewer.noted
        viewer.noted = before.then(() => this.#noteAnswer(viewer, arrival, departure, current))
      },
    }
  }

  /** What is stored for the visitor who has this session open. */
  async view(viewer: Viewer, session: InspectedSession): Promise<StoreView> {
    await viewer.noted
    return viewRecord(session, { depot: this.#depot, turns: this.#turns, history: viewer.history })
  }

  /** Of any session of the store that was handed over. Undefined: there is no record. */
  readRaw(id: SessionId): Promise<RawRecord | undefined> {
    return readRawRecord(this.#depot, id)
  }

  /** News for one browser, until its session ends. Undefined: it was never admitted, or there are too many streams already. */
  stream(viewer: Viewer, { ended, handle }: WatchedSession): LiveStream | undefined {
    if (!this.#viewers.has(viewer)) return undefined
    return this.#streams.open(viewer, { ended, handle })
  }

  /** Ends the streams, and listens no more. */
  close(): void {
    this.#stopWatching()
    this.#streams.close()
  }

  #note(event: LibraryEvent): void {
    const current = this.#current.getStore()
    if (current) this.#noteStep(current, event)
    this.#turns.note(event)
    this.#tellNews(event)
  }

  #noteStep(current: Current, { name, event }: LibraryEvent): void {
    if (name === 'rejected') current.rejected.add(event.handle)
    if (name === 'turn' && event.state === 'waiting') {
      const { isHeld, waiting } = this.#turns.of(event.handle)
      current.hasToWait = isHeld || waiting > 0
    }
    if (name === 'turn' && event.state === 'holding' && !current.hasToWait) return
    const step = stepOf({ name, event } as LibraryEvent)
    // A request that misbehaves for long must not fill the memory.
    if (step && current.request.steps.length < 40) insert(current.request.steps, step, { name, event } as LibraryEvent)
  }

  #tellNews({ name, event }: LibraryEvent): void {
    const isChange = name === 'store' && event.outcome === 'ok' && /^(write|touch|delete)$/.test(event.operation)
    if ((isChange || name === 'turn') && event.handle) {
      this.#streams.tellOf(event.handle, name === 'turn' ? 'another turn' : 'the record was written')
    }
  }

  async #noteAnswer(
    viewer: Viewer,
    arrival: Arrival,
    departure: Departure,
    { request, rejected }: Current,
  ): Promise<void> {
    const names = this.#sessionCookies.map((name) => planCookie(name, arrival.secure, arrival.host)?.name)
    const issued = departure.setCookies.filter((line) => names.includes(line.slice(0, line.indexOf('='))))
    const by = `${request.method} ${request.path}`
    const isCurrent = viewer.history.last !== undefined || viewer.history.change !== undefined
    const knewBefore =
      isCurrent || !names.some((name) => name && cookieValues(arrival.header('cookie'), name).length > 0)
    try {
      const raw = await this.#current.exit(() => this.#readOwn(arrival, names[0], issued, rejected))
      noteRecord(viewer.history, raw, { by, at: this.#clock(), knewBefore })
    } catch {
      // The store fails, and its own events tell so: nothing is known of the record.
    }
    this.#streams.tell(viewer, `${by}: ${departure.status}`, { isLast: issued.length > 0 })
  }

  /** As the browser's next request would find it: by the cookie that it has now, which is checked as always. */
  async #readOwn(
    arrival: Arrival,
    name: string | undefined,
    issued: readonly string[],
    rejected: Current['rejected'],
  ): Promise<RawRecord | undefined> {
    if (name === undefined) return undefined
    const line = issued.findLast((each) => each.startsWith(`${name}=`))
    const values = line
      ? [line.slice(name.length + 1).split(';')[0] ?? '']
      : cookieValues(arrival.header('cookie'), name)
    const ticket = values.length === 1 ? parseTicket(values[0] ?? '') : undefined
    // What the request itself was refused is not asked for again: each time counts as a use of the cookie.
    if (!ticket || (!line && rejected.has(handleOf(sessionIdOf(name, ticket.sid))))) return undefined
    const session = await openAs(this.#options.sessions, {
      method: 'GET',
      header: (header) => (header === 'cookie' ? `${name}=${values[0]}` : arrival.header(header)),
      secure: arrival.secure,
      host: arrival.host,
      address: arrival.address,
      isAborted: false,
      onClose: () => {},
    })
    return session.id && (await this.readRaw(session.id))
  }

  #viewerCookie({ secure, host }: Arrival) {
    return planCookie(this.#options.viewerCookie ?? 'coatcheck-devtools', secure, host)
  }

  #isOwn(name: string, arrival: Arrival): boolean {
    const { otherCookies = [] } = this.#options
    if (otherCookies.includes(name) || name === this.#viewerCookie(arrival)?.name) return true
    return this.#sessionCookies.some((each) => planCookie(each, arrival.secure, arrival.host)?.name === name)
  }
}

/** A session that is only looked at, by a request that the application knows nothing of. */
export async function openAs(sessions: InspectedSessions, exchange: Exchange): Promise<WatchedSession> {
  const request = {}
  sessions.attach(request, exchange)
  const session = await sessions.open(request, { mode: 'read-only', touch: false })
  await sessions.commit(request)
  return session
}

/** A wait is told when it is over, after the lock that was taken at its end. */
function insert(
  steps: LoggedRequest['steps'],
  step: LoggedRequest['steps'][number],
  { name, event }: LibraryEvent,
): void {
  const isWait = name === 'turn' && event.state === 'holding' && steps.at(-1)?.text.startsWith('Lock and read')
  if (isWait) steps.splice(-1, 0, step)
  else steps.push(step)
}
