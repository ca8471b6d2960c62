import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type OpenOptions, type Session, Sessions, type Store } from 'coatcheck'
import { postgresStore } from 'coatcheck/stores/postgres'
import { redisStore } from 'coatcheck/stores/redis'
import pg from 'pg'
import { postgres, redisServer } from '../needs.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import { type RedisClientName, redisClients } from './redis-clients.ts'
import { startRedisCluster } from './redis-cluster.ts'

/* The table of docs/stores.md against what is counted on the wire of real servers. */

interface Data {
  n: number
}

/** Lets what is sent go out in waves: what was sent without waiting for an answer of the same wave is one round trip. */
class Wire {
  #held: (() => void)[] = []
  #unanswered = 0

  /** The same function, but each call is held until the next wave. */
  holding<Args extends unknown[], T>(send: (...args: Args) => Promise<T>): (...args: Args) => Promise<T> {
    return (...args) =>
      new Promise((resolve, reject) => {
        this.#held.push(() => {
          this.#unanswered++
          const answered = send(...args).finally(() => this.#unanswered--)
          answered.then(resolve, reject)
        })
      })
  }

  /** How many waves that takes. What nobody waits for is not counted, and has been answered by the end. */
  async tripsOf(act: () => Promise<unknown>): Promise<number> {
    let trips = 0
    let isOver = false
    const acting = act().finally(() => (isOver = true))
    acting.catch(() => {})
    for (;;) {
      await this.#settled()
      if (isOver) break
      if (this.#sendHeld()) trips++
    }
    await acting
    do {
      this.#sendHeld()
      await this.#settled()
    } while (this.#held.length > 0)
    return trips
  }

  #sendHeld(): boolean {
    const held = this.#held.splice(0)
    for (const send of held) send()
    return held.length > 0
  }

  /** All that was sent has been answered, and everyone has had the chance to send what follows from it. */
  async #settled(): Promise<void> {
    do for (let turns = 0; turns < 5; turns++) await new Promise(setImmediate)
    while (this.#unanswered > 0)
  }
}

/** One visitor's requests, of which each goes on with the cookie of the one before. */
class Visitor {
  readonly sessions: Sessions<Data>
  #now = Date.now()
  #cookie: string | undefined

  constructor(store: Store) {
    // Nothing gives up before its wave, however busy the machine is.
    const patience = { storeTimeout: '60s', lock: { wait: '60s', lease: '60s' }, cleanupInterval: false } as const
    this.sessions = new Sessions<Data>({ store, initial: () => ({ n: 0 }), clock: () => this.#now, ...patience })
  }

  later(milliseconds: number): void {
    this.#now += milliseconds
  }

  leaveCookie(): void {
    this.#cookie = undefined
  }

  async ask(method: string, act?: (session: Session<Data>) => unknown, options?: OpenOptions): Promise<void> {
    const request = {}
    const cookie = this.#cookie
    const header = (name: string): string | undefined => (name === 'cookie' ? cookie : undefined)
    const host = 'shop.example'
    this.sessions.attach(request, { method, header, secure: true, host, isAborted: false, onClose() {} })
    await act?.(await this.sessions.open(request, options))
    for (const [name, value] of (await this.sessions.commit(request)) ?? [])
      if (name === 'set-cookie') this.#cookie = /Expires=Thu, 01 Jan 1970/.test(value) ? undefined : value.split(';')[0]
  }
}

const count = (session: Session<Data>): unknown => session.data.n++
const signIn = (userId: string) => (session: Session<Data>) => session.signIn(userId)
const minute = 60_000

/** What it takes, by the words of the table. */
async function tripsOf(visitor: Visitor, wire: Wire): Promise<{ readonly [request: string]: number }> {
  const { sessions } = visitor
  const userId = randomUUID()
  const found: { [request: string]: number } = {}
  const ask = async (name: string, ...request: Parameters<Visitor['ask']>): Promise<void> => {
    found[name] = await wire.tripsOf(() => visitor.ask(...request))
  }
  await ask('no cookie, nothing stored', 'GET', (session) => session.data.n)
  await ask('the first change, without a cookie', 'GET', count)
  await ask('a read', 'GET', (session) => session.data.n)
  await ask('a change by GET, or in mode `shared`', 'GET', count)
  await ask('`update(fn)` by GET', 'GET', (session) => session.update((data) => ++data.n))
  await ask('a change by POST', 'POST', count)
  await ask('a POST that changes nothing', 'POST', (session) => session.data.n)
  visitor.later(minute)
  await ask('a read whose visit is written down', 'GET', (session) => session.data.n)
  await ask('a sign-in by POST, on an anonymous session', 'POST', signIn(userId))
  await ask('a sign-in again, `regenerateId()`', 'POST', signIn(userId))
  visitor.later(15 * minute)
  await ask('a read whose cookie is replaced', 'GET', (session) => session.data.n)
  await ask('the first read with the new cookie', 'GET', (session) => session.data.n)
  await ask('a sign-out in mode `shared`', 'POST', (session) => session.signOut(), { mode: 'shared' })
  await ask('a sign-in, without a cookie', 'POST', signIn(userId))
  await ask('a sign-out by POST', 'POST', (session) => session.signOut())
  await wire.tripsOf(() => visitor.ask('GET', count))
  await ask('a sign-in in mode `shared`, on an anonymous session', 'POST', signIn(userId), { mode: 'shared' })
  for (let devices = 0; devices < 2; devices++) {
    visitor.leaveCookie()
    await wire.tripsOf(() => visitor.ask('POST', signIn(userId)))
  }
  const user = sessions.ofUser(userId)
  let handle = ''
  found['`ofUser(id).list()`, of three sessions'] = await wire.tripsOf(async () => {
    const listed = await user.list()
    assert.equal(listed.length, 3)
    handle = listed[0]!.handle
  })
  found['`ofUser(id).revoke(handle)`'] = await wire.tripsOf(async () => assert.ok(await user.revoke(handle)))
  found['`ofUser(id).revokeAll()`'] = await wire.tripsOf(() => user.revokeAll())
  await wire.tripsOf(() => sessions.close())
  return found
}

/** The column of that name in the table of docs/stores.md. */
function promised(column: string): { readonly [request: string]: number } {
  const guide = readFileSync(new URL('../../docs/stores.md', import.meta.url), 'utf8')
  const [, table = ''] = /## Round trips\n[^|]*((?:\|.*\n)+)/.exec(guide) ?? []
  const [head = [], , ...rows] = table.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  const place = head.indexOf(column)
  return Object.fromEntries(rows.filter((row) => row.length > 1).map((row) => [row[1], Number(row[place])]))
}

/** The second time: scripts are loaded, statements prepared, connections open. */
async function assertAsPromised(column: string, wire: Wire, store: Store): Promise<void> {
  await tripsOf(new Visitor(store), wire)
  assert.deepEqual(await tripsOf(new Visitor(store), wire), promised(column))
}

describe('docs/stores.md says what each request costs in round trips', { concurrency: true }, () => {
  const redis = (
    column: string,
    name: RedisClientName,
    start: () => Promise<{ ports: number[]; stop(): Promise<void> }>,
  ) =>
    it(`on ${column}`, { skip: redisServer().skip ?? false }, async (t) => {
      const { ports, stop } = await start()
      t.after(stop)
      const { client, close } = await redisClients[name](ports)
      t.after(close)
      const wire = new Wire()
      const sender = client as unknown as { sendCommand(...args: unknown[]): Promise<unknown> }
      const send = sender.sendCommand.bind(client)
      const held = wire.holding(send)
      // EVAL is for a server that does not know the script yet, once.
      sender.sendCommand = (...args) => (args.flat().includes('EVAL') ? send(...args) : held(...args))
      const store = redisStore(client, { warn() {} })
      t.after(() => store.close())
      await assertAsPromised(column, wire, store)
    })

  redis('Redis', 'redis', async () => {
    const server = await startRedis()
    return { ports: [server.port], stop: () => server.stop() }
  })
  redis('Redis Cluster', 'redis, cluster', async () => {
    const cluster = await startRedisCluster()
    return { ports: cluster.nodes.map(({ port }) => port), stop: () => cluster.stop() }
  })

  it('on PostgreSQL', { skip: postgres().skip ?? false }, async (t) => {
    const server = await startPostgres()
    t.after(() => server.stop())
    const connect = (): pg.Pool => {
      const pool = new pg.Pool({ connectionString: server.connectionString })
      pool.on('error', () => {})
      t.after(() => pool.end())
      return pool
    }
    await postgresStore(connect()).ensureSchema()
    const pool = connect()
    const wire = new Wire()
    pool.on('connect', (client) => {
      client.query = wire.holding(client.query.bind(client)) as typeof client.query
    })
    const store = postgresStore(pool, { listen: false })
    await assertAsPromised('PostgreSQL', wire, store)
  })
})
