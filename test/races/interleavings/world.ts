import { AsyncLocalStorage } from 'node:async_hooks'
import { hash } from 'node:crypto'
import { type Session, type SessionId, type SessionRecord, Sessions, type SessionsOptions, type Store } from 'coatcheck'
import { memoryStore } from 'coatcheck/stores/memory'
import { lost, ScheduledStore, type SuspendedCall, short } from '../scheduled-store.ts'
import { watchEvents } from './events.ts'
import type { Run, Violation } from './explorer.ts'
import { inTheEnd, sofar } from './invariants.ts'
import { type Data, Intent, type RequestKind } from './request-kinds.ts'
import { cookieName, cookieOf, countingBytes, exchange, leaseMs, options, type Stage } from './stages.ts'

/** What may go wrong in a run, each at any moment, and how often at most. */
export interface Faults {
  /** A request stops for ever, and the leases of its locks run out. */
  readonly stops?: number
  /** A call is made or not, and fails for its caller in either case. */
  readonly losses?: number
  /** A call fails for its caller, and is made later. */
  readonly lates?: number
  /** The lease of a lock runs out while its holder is at work. */
  readonly leases?: number
  /** Times that pass at once, in milliseconds, one after the other. */
  readonly clock?: readonly number[]
}

export interface Scenario {
  readonly stage: Stage
  readonly kinds: readonly RequestKind[]
  readonly faults: Faults
  /** All requests in one process, which queue up there first. Otherwise each is in a process of its own. */
  readonly isOneProcess?: boolean
  readonly openStore?: () => Store
  readonly settings?: Partial<SessionsOptions<Data>>
}

/** One request of a run, and what came of it. */
export interface Request {
  readonly index: number
  readonly name: string
  readonly kind: RequestKind
  readonly intent: Intent
  status: 'due' | 'running' | 'answered' | 'stopped'
  /** `ok`, or the code of the error that it was answered with. */
  outcome: string | undefined
  arrivedAt: number
  cookie: string | undefined
  openedAs: { readonly id: SessionId | undefined; readonly userId: string | undefined } | undefined
  setCookie: string | undefined
  landedOn: SessionId | undefined
  /** The answers that it got, and when: two runs in which these are the same have the request at the same point. */
  history: string
  hasLost: string | undefined
}

export interface WorldEvent {
  readonly request: number
  readonly name: string
  readonly message: { readonly keys?: readonly string[] }
}

const letters = 'ABC'
const bySelf = new AsyncLocalStorage<number>()
let running: World | undefined
watchEvents((name, message) => running?.note(name, message))

/** One run of a scenario: requests, a browser with its jar, a clock, and the store between them. */
export class World implements Run {
  readonly scenario: Scenario
  readonly store: ScheduledStore
  readonly inner: Store
  readonly requests: Request[]
  readonly events: WorldEvent[] = []
  readonly trace: string[] = []
  /** The cookies that any response has carried, and those that the run began with, in the order they came. */
  readonly cookies: string[]
  readonly answered: Request[] = []
  now: number
  jar: string | undefined
  leasesLost = 0
  lossesSoFar = 0
  readonly left: { stops: number; losses: number; lates: number; leases: number; clock: number[] }
  readonly #sessions: Sessions<Data>[]
  #current = -1
  #isOver = false

  static async start(scenario: Scenario): Promise<World> {
    const inner = (scenario.openStore ?? memoryStore)()
    const signal = new AbortController().signal
    for (const record of scenario.stage.records) await inner.write(record, undefined, { now: 0, signal })
    const world = new World(scenario, inner)
    running = world
    for (const request of world.requests) if (!request.kind.arrivesLater) world.#arrive(request)
    await settled()
    return world
  }

  constructor(scenario: Scenario, inner: Store) {
    const { stage, kinds, faults } = scenario
    this.scenario = scenario
    this.inner = inner
    this.store = new ScheduledStore(inner, leaseMs)
    this.now = stage.now
    this.jar = stage.cookies.own
    this.cookies = [...new Set([stage.cookies.old, stage.cookies.own])]
    this.left = { stops: 0, losses: 0, lates: 0, leases: 0, ...faults, clock: [...(faults.clock ?? [])] }
    this.requests = kinds.map((kind, index) => ({
      index,
      name: letters[index]!,
      kind,
      intent: new Intent(),
      status: 'due',
      outcome: undefined,
      arrivedAt: 0,
      cookie: undefined,
      openedAs: undefined,
      setCookie: undefined,
      landedOn: undefined,
      history: '',
      hasLost: undefined,
    }))
    const clock = (): number => this.now
    const bytes = kinds.map((_, index) => countingBytes(index))
    if (scenario.isOneProcess) {
      const self = (): number => bySelf.getStore() ?? -1
      const store = this.store.for(self)
      const atStart = countingBytes(kinds.length)
      const randomBytes = (size: number) => (bytes[self()] ?? atStart)(size)
      const sessions = new Sessions<Data>({ ...options, ...scenario.settings, store, clock, randomBytes })
      this.#sessions = kinds.map(() => sessions)
    } else {
      this.#sessions = kinds.map(
        (_, index) =>
          new Sessions<Data>({
            ...options,
            ...scenario.settings,
            store: this.store.for(() => index),
            clock,
            randomBytes: bytes[index]!,
          }),
      )
    }
  }

  get endings(): Request[] {
    return this.requests.filter(({ intent }) => intent.ends.length > 0)
  }

  enabled(): string[] {
    const steps: string[] = []
    if (
      this.requests.every(({ status }) => status === 'answered' || status === 'stopped') &&
      this.store.late.length === 0
    )
      return []
    for (const { index, name, status, history } of this.requests) {
      if (status === 'due') steps.push(name)
      if (status !== 'running') continue
      const operation = this.store.calls.get(index)?.operation
      if (operation) steps.push(name)
      const isBegun = history !== '' || operation === undefined
      const changes = operation !== undefined && /write|touch|delete|revoke/.test(operation)
      if (this.left.stops > 0 && !this.scenario.isOneProcess) {
        if (isBegun) steps.push(`${name} stops`)
        if (changes) steps.push(`${name} stops after`)
      }
      if (!operation || operation === 'granted') continue
      if (this.left.losses > 0) {
        steps.push(`${name} lost before`)
        if (changes || operation === 'lockAndRead' || operation === 'release') steps.push(`${name} lost after`)
      }
      if (this.left.lates > 0 && changes) steps.push(`${name} late`)
    }
    for (const index of this.store.late.keys()) steps.push(`${index} lands`)
    for (const { request } of this.store.held) {
      const isAtWork = this.requests[request]!.status === 'running'
      if (!isAtWork || this.left.leases > 0) steps.push(`${letters[request]} lease`)
    }
    if (this.left.clock.length > 0) steps.push('clock')
    return steps
  }

  async take(step: string): Promise<void> {
    running = this
    const [who = '', what = '', when = ''] = step.split(' ')
    if (who === 'clock') {
      const by = this.left.clock.shift()!
      this.now += by
      this.trace.push(`clock +${by} ms`)
    } else if (what === 'lands') {
      const [{ request, call }] = this.store.late.splice(Number(who), 1) as [(typeof this.store.late)[number]]
      this.#current = request
      this.trace.push(`${letters[request]}.${call.operation} lands`)
      await call.run()
    } else this.#takeOf(this.requests[letters.indexOf(who)]!, what, when)
    await settled()
    this.#current = -1
  }

  #takeOf(request: Request, what: string, when: string): void {
    const { index, name, status } = request
    this.#current = index
    if (what === 'lease') {
      const held = this.store.held.find((lock) => lock.request === index)!
      if (status === 'running') this.left.leases--
      this.leasesLost++
      this.trace.push(`${name}'s lease runs out`)
      this.store.expire(held)
      return
    }
    if (status === 'due') {
      this.trace.push(`${name} arrives`)
      this.#arrive(request)
      return
    }
    if (what === 'stops') {
      this.left.stops--
      request.status = 'stopped'
      if (when === 'after') this.#run(request, 'and stops')
      else this.trace.push(`${name} stops`)
      return
    }
    if (what === 'lost') {
      this.left.losses--
      this.lossesSoFar++
      request.hasLost = this.store.calls.get(index)!.operation
      if (when === 'after') this.#run(request, 'answer lost')
      else this.#fail(request, 'lost')
      return
    }
    if (what === 'late') {
      this.left.lates--
      this.lossesSoFar++
      request.hasLost = this.store.calls.get(index)!.operation
      const call = this.#fail(request, 'fails, to land later')
      this.store.late.push({ request: index, call })
      return
    }
    this.#run(request, '')
  }

  /** Lets a request's call go. Its answer is heard unless `fate` says otherwise, at once or when a lock is granted. */
  #run(request: Request, fate: '' | 'and stops' | 'answer lost'): void {
    const call = this.store.take(request.index)
    const line = this.trace.push([`${request.name}.${call.operation}`, call.detail, fate].filter(Boolean).join(' ')) - 1
    const hear = (answer: string, pass: () => void): void => {
      this.trace[line] += ` ${answer}`
      if (fate || request.status === 'stopped') return
      request.history += `|${this.now} ${call.operation} ${answer}`
      pass()
    }
    if (fate === 'answer lost') {
      request.history += `|${this.now} ${call.operation} lost`
      call.fail(lost)
    }
    Promise.resolve(call.run()).then(
      (answer) => hear(digest(answer), () => call.answer(answer)),
      (error) => hear(String(error), () => call.fail(error as Error)),
    )
  }

  #fail(request: Request, how: string): SuspendedCall {
    const call = this.store.take(request.index)
    this.trace.push(`${request.name}.${call.operation} ${call.detail} ${how}`)
    request.history += `|${this.now} ${call.operation} lost`
    call.fail(lost)
    return call
  }

  #arrive(request: Request): void {
    const { kind, index } = request
    const { own, old } = this.scenario.stage.cookies
    request.status = 'running'
    request.arrivedAt = this.now
    request.cookie = { own, old, jar: this.jar, none: undefined }[kind.cookie]
    request.history = kind.arrivesLater ? `at ${this.now} with ${request.cookie}` : ''
    if (this.scenario.isOneProcess) bySelf.run(index, () => void this.#answer(request))
    else void this.#answer(request)
  }

  async #answer(request: Request): Promise<void> {
    const { kind, index, intent } = request
    const sessions = this.#sessions[index]!
    const visit = {}
    let session: Session<Data> | undefined
    let failure: unknown
    let setCookie: string | undefined
    sessions.attach(visit, exchange(request.cookie, kind.isNavigation ?? false))
    try {
      session = await sessions.open(visit, { mode: kind.mode })
      request.openedAs = { id: session.id, userId: session.userId }
      const { first, begunAt } = this.scenario.stage
      await kind.handle(session, { sessions, intent, index, now: () => this.now, first, begunAt })
    } catch (error) {
      failure = error
    }
    try {
      // Adapters commit after a failed handler too.
      setCookie = cookieOf((await sessions.commit(visit)) ?? [])
    } catch (error) {
      failure ??= error
    }
    if (this.#isOver || request.status === 'stopped') return
    request.status = 'answered'
    request.outcome = failure === undefined ? 'ok' : ((failure as { code?: string }).code ?? String(failure))
    request.landedOn = session?.id
    request.setCookie = setCookie
    this.answered.push(request)
    // Whoever signs in once everything was revoked does so later.
    if (intent.revokes) this.now += 10
    this.trace.push(
      `${request.name} is answered ${request.outcome}${setCookie ? `, ${short(setCookie.split('=')[1]!) || 'no cookie'}` : ''}`,
    )
    if (setCookie === undefined) return
    const isCleared = setCookie === `${cookieName}=`
    if (kind.cookie !== 'none') this.jar = isCleared ? undefined : setCookie
    if (!isCleared && !this.cookies.includes(setCookie)) this.cookies.push(setCookie)
  }

  note(name: string, message: unknown): void {
    if (this.#current === -1 || this.#isOver) return
    this.events.push({ request: this.#current, name, message: message as WorldEvent['message'] })
  }

  key(): string {
    const { store } = this
    const ids = new Set([...this.scenario.stage.records.map(({ id }) => id), ...store.changes.map(({ id }) => id)])
    const records = [...ids].sort().map((id) => digest(store.peek(id)))
    const requests = this.requests.map(({ status, history, index, intent, outcome, setCookie, hasLost }) =>
      status === 'stopped'
        ? [status, intent.increments, intent.isPrivileged]
        : [status, history, outcome, setCookie, hasLost, store.calls.get(index)?.operation],
    )
    return hash(
      'sha1',
      JSON.stringify([
        requests,
        records,
        store.notBefores,
        [...store.queues],
        store.held.map(({ id, request }) => [id, request]),
        store.late.map(({ request, call }) => [request, call.operation]),
        store.changes
          .filter(({ operation }) => operation !== 'touch')
          .map(({ request, operation, id }) => [request, operation, id]),
        this.answered.map(({ index }) => index),
        this.events.length,
        [this.now, this.jar, this.left, this.leasesLost],
      ]),
      'base64url',
    )
  }

  async violation(isOver: boolean): Promise<Violation | undefined> {
    const found = isOver ? ((await sofar(this)) ?? (await inTheEnd(this))) : await sofar(this)
    return found && { ...found, trace: [...this.trace] }
  }

  async dispose(): Promise<void> {
    this.#isOver = true
    this.store.end()
    await settled()
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const digests = new WeakMap<object, string>()

/** Tells two answers of a store apart. */
function digest(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null) return String(answer)
  if (Array.isArray(answer)) return `[${answer.map(digest)}]`
  if ('body' in answer) return recordDigest(answer as SessionRecord)
  if ('record' in answer) return `lock, ${digest(answer.record)}`
  if ('ok' in answer) {
    const { ok, current, reason } = answer as { ok: boolean; current?: SessionRecord; reason?: string }
    return ok ? 'ok' : ['refused', reason, digest(current)].filter(Boolean).join(' ')
  }
  return JSON.stringify(answer)
}

function recordDigest(record: SessionRecord): string {
  const known = digests.get(record)
  if (known) return known
  const { id, version, expiresAt, lastSeenAt, userId, openedAt, body } = record
  const text = `${short(id)}@${hash('sha1', JSON.stringify([version, expiresAt, lastSeenAt, userId, openedAt, Buffer.from(body).toString()]), 'base64url').slice(0, 8)}`
  digests.set(record, text)
  return text
}
