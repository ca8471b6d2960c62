import { randomBytes } from 'node:crypto'
import { Agent } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { after, describe, mock, type TestContext } from 'node:test'
import { type SessionRecord, Sessions, type SessionsOptions, type Store } from 'coatcheck'
import { encryption } from 'coatcheck/security/encryption'
import { application, initial, type Routes, type Shop } from './application.ts'
import { Gate } from './gate.ts'
import { hosts } from './hosts.ts'
import { type Place, places } from './stores.ts'
import { Visitor } from './visitor.ts'

export interface Setup {
  /** What lies between the sessions and their store, such as a delay. */
  readonly between?: (store: Store) => Store
  readonly options?: Partial<SessionsOptions<Shop>>
  readonly trustProxy?: readonly string[]
  readonly routes?: (parts: { sessions: Sessions<Shop>; second: Sessions<Shop>; gate: Gate }) => Routes
  /** The options of a second `Sessions` in the same application, on the same store. */
  readonly second?: Partial<SessionsOptions<Shop>>
  readonly place?: Place
}

/** The shared application on a port of its own, until the test is over. */
export interface Server {
  readonly port: number
  readonly store: Store
  readonly sessions: Sessions<Shop>
  readonly gate: Gate
  readonly clock: Clock
  readonly cookieName: string
  visitor(): Visitor
  /** A visitor who is signed in. */
  signedIn(user?: string): Promise<Visitor>
  /** Resolves when the server has noticed that a client is gone. To be asked for before it goes. */
  noticed(): Promise<void>
  /** The live records, as they are stored. */
  records(): Promise<SessionRecord[]>
}

/**
 * SEALED=server or SEALED=bound runs every scenario on sealed records: `SEALED=bound npm test -- test/http`. What reads a
 * user's data from outside, or looks into records, can't do so then.
 */
const sealed = process.env.SEALED
  ? { encryption: encryption({ keys: [randomBytes(32)], bindToVisitor: process.env.SEALED === 'bound' }) }
  : {}

export type Serve = (t: TestContext, setup?: Setup) => Promise<Server>

/** Asks until it is so: for what happens after, or without, an answer. */
export async function eventually(isSo: () => Promise<boolean> | boolean, withinMs = 3_000): Promise<void> {
  for (const until = performance.now() + withinMs; !(await isSo()); ) {
    if (performance.now() > until) throw new Error('it did not come about')
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** Time as the sessions see it: it goes on only when told to. */
export class Clock {
  now = Date.now() // Redis removes what has expired by its own clock
  readonly read = (): number => this.now
  advance(milliseconds: number): void {
    this.now += milliseconds
  }
}

/**
 * Runs the same scenarios on every adapter with the memory store, and on one of them with every other store: adapters
 * and stores know nothing of each other.
 */
export function onEveryServer(scenarios: (serve: Serve) => void): void {
  for (const host of Object.keys(hosts)) onServer(host, 'memoryStore', scenarios)
  for (const place of Object.keys(places)) if (place !== 'memoryStore') onServer('node', place, scenarios)
}

/** Runs scenarios that do not depend on the adapter, or not on the store either. */
export function onServer(host: string, place: string, scenarios: (serve: Serve) => void): void {
  const kind = places[place]!
  describe(`${host} with ${place}`, { ...(kind.skip !== undefined && { skip: kind.skip }) }, () => {
    after(() => kind.stop?.())
    scenarios(async (t, setup) => serve(t, host, setup?.place ?? (await kind.open()), setup))
  })
}

async function serve(t: TestContext, host: string, place: Place, setup: Setup = {}): Promise<Server> {
  const { between = (store) => store, options, routes, trustProxy = [] } = setup
  // A GET that writes is told about once, in development: here many do so on purpose.
  const warn = mock.method(console, 'warn', () => {})
  const clock = new Clock()
  const gate = new Gate()
  const store = between(place.store)
  const settings = {
    store,
    initial,
    ...sealed,
    merge: { visits: 'sum', items: 'append' },
    clock: clock.read,
    ...options,
  } as const
  const sessions = new Sessions<Shop>(settings as SessionsOptions<Shop>)
  const second = new Sessions<Shop>({ ...settings, ...setup.second } as SessionsOptions<Shop>)
  const app = application(sessions, gate, routes?.({ sessions, second, gate }))
  const server = hosts[host]!(app, setup.second ? [sessions, second] : [sessions], { trustProxy })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true })
  const visitor = (): Visitor => new Visitor(port, agent)
  t.after(async () => {
    gate.open()
    agent.destroy()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await Promise.all([sessions.close(), second.close()])
    await place.store.close?.()
    place.remove()
    warn.mock.restore()
  })
  return {
    port,
    store: place.store,
    sessions,
    gate,
    clock,
    cookieName: `sid-${port}`,
    visitor,
    async signedIn(user = 'alice') {
      const signedIn = visitor()
      await signedIn.post(`/login?user=${user}`)
      return signedIn
    },
    noticed: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.once('close', () => setImmediate(resolve))
      }),
    async records() {
      const records: SessionRecord[] = []
      for await (const record of place.store.list!({ now: clock.now, signal: AbortSignal.timeout(5_000) }))
        records.push(record)
      return records
    },
  }
}
