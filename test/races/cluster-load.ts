import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Visitor } from '../http/visitor.ts'
import type { Cluster } from './cluster-host.ts'
import type { Judge } from './cluster-judge.ts'
import type { Intent } from './cluster-known.ts'
import { Random } from './cluster-random.ts'
import type { Devices } from './cluster-routes.ts'

export interface Load {
  readonly cluster: Cluster
  readonly judge: Judge
  readonly seed: number
  readonly requests: number
  /** Stops before that many, where it says so. */
  readonly isOver?: () => boolean
  /** Called after each answer. */
  readonly afterAnswer?: () => void
}

const visitors = 50
/** Of all visitors together: so many requests are under way at once. */
const connections = 24
const users = Array.from({ length: 12 }, (_, index) => `user${index}`)

/** Everything that a visitor may do, all visitors at once and each one's own requests in bursts. By the seed, but for who comes first. */
export async function run(load: Load): Promise<Walker[]> {
  const agent = new Agent({ keepAlive: true, scheduling: 'fifo', maxSockets: connections })
  const walkers = Array.from({ length: visitors }, (_, index) => new Walker(load, index, agent))
  // A worker is handed one connection per turn of its event loop, which is slow beside everything else.
  await Promise.all(walkers.map(({ visitor }) => visitor.get('/untouched')))
  const each = Math.ceil(load.requests / visitors)
  await Promise.race([load.cluster.crashed, Promise.all(walkers.map((walker) => walker.walk(each)))])
  return walkers
}

/** A visitor who does one thing after another, and often several at once. */
export class Walker {
  readonly visitor: Visitor
  readonly #load: Load
  readonly #random: Random
  readonly #users: readonly string[]
  /** Cookies that this visitor had once. */
  readonly #stolen: Visitor[] = []
  #handles: readonly string[] = []
  #serial: number
  /** The store fails: not everyone need ask it again at once. */
  #isRefused = false
  /** Milliseconds that the slowest answer took. */
  slowest = 0

  constructor(load: Load, index: number, agent: Agent) {
    this.#load = load
    this.visitor = load.cluster.visitor(agent)
    this.#random = new Random(load.seed * 1_000 + index)
    this.#users = [users[index % users.length]!, users[this.#random.below(users.length)]!]
    this.#serial = index * 1_000_000
  }

  async walk(requests: number): Promise<void> {
    for (let left = requests; left > 0 && !this.#load.isOver?.(); ) {
      const size = Math.min(left, 1 + this.#random.below(6))
      left -= size
      const burst = Array.from({ length: size }, () => ({ step: this.#step(), after: this.#random.below(4) }))
      await Promise.all(burst.map(({ step, after }) => sleep(after).then(step)))
      if (this.#isRefused) await sleep(50)
      this.#isRefused = false
    }
  }

  /** One request, judged. Undefined when its connection broke. */
  async ask(
    method: string,
    path: string,
    intent: Intent,
    visitor: Visitor = this.visitor,
  ): Promise<string | undefined> {
    const { judge, afterAnswer } = this.#load
    const request = judge.begin(`${method} ${path}`, intent, visitor.ticket)
    const startedAt = performance.now()
    try {
      const answer = await visitor.ask(method, path)
      const [name, value] = /=([^;]*)/.exec(answer.setCookies.at(-1) ?? '') ?? []
      if (answer.status === 503) this.#isRefused = true
      judge.settle(request, answer, name === undefined || value === '' ? undefined : value)
      return answer.body
    } catch (error) {
      // Without a code it is the visitor's own: no answer came.
      judge.lose(request, (error as NodeJS.ErrnoException).code === undefined)
      return undefined
    } finally {
      this.slowest = Math.max(this.slowest, performance.now() - startedAt)
      afterAnswer?.()
    }
  }

  #step(): () => Promise<unknown> {
    const random = this.#random
    const serial = ++this.#serial
    const ms = random.below(15)
    const user = this.#users[random.below(2)]!
    const index = random.next()
    const key = { kind: 'change', label: `key${serial}` } as const
    const query = `key${serial}=${serial}`
    return random.pick<() => Promise<unknown>>([
      [18, () => this.ask('GET', '/state', { kind: 'read' })],
      [4, () => this.ask('GET', `/state?ms=${ms}`, { kind: 'read' })],
      [10, () => this.ask('POST', '/n', { kind: 'change', label: 'n', by: 'exclusive' })],
      [10, () => this.ask('GET', '/update', { kind: 'change', label: 'n', by: 'update' })],
      [10, () => this.ask('GET', '/visit', { kind: 'change', label: 'visits' })],
      [5, () => this.ask('GET', `/append?item=${serial}`, { kind: 'change', label: `item${serial}` })],
      [6, () => this.ask('GET', `/set?${query}`, key)],
      [5, () => this.ask('POST', `/set?${query}`, key)],
      [7, () => this.ask('POST', `/slow-set?${query}&ms=${ms}`, key)],
      [3, () => this.ask('POST', `/slow-exclusive-set?${query}&ms=${ms}`, key)],
      [8, () => this.#signIn(user)],
      [4, () => this.ask('POST', '/logout', { kind: 'sign out' })],
      [2, () => this.ask('POST', '/regenerate', { kind: 'renew' })],
      [5, () => this.#list()],
      [3, () => this.#revoke(index)],
      [2, () => this.ask('POST', '/devices/revoke-others', { kind: 'revoke others' })],
      [3, () => this.#replay(index)],
    ])
  }

  #signIn(user: string): Promise<unknown> {
    if (this.visitor.ticket !== undefined) this.#stolen.push(this.visitor.copy())
    return this.ask('POST', `/login?user=${user}`, { kind: 'sign in', user })
  }

  async #list(): Promise<void> {
    const body = await this.ask('GET', '/devices', { kind: 'list' })
    if (body?.startsWith('{')) this.#handles = (JSON.parse(body) as Devices).handles
  }

  async #revoke(index: number): Promise<unknown> {
    const handle = this.#handles[Math.floor(index * this.#handles.length)] ?? 's_0'
    return this.ask('POST', `/devices/revoke?handle=${handle}`, { kind: 'revoke', handle })
  }

  /** An old cookie of one's own, which may be good for nothing by now, or for reading. */
  #replay(index: number): Promise<unknown> {
    const stolen = this.#stolen[Math.floor(index * this.#stolen.length)]
    return this.ask('GET', '/state', { kind: 'read' }, stolen?.copy())
  }
}
