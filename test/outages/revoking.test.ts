import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Sessions } from 'coatcheck'
import { WebSocket } from 'ws'
import { Visitor, Wire } from '../http/visitor.ts'
import { postgres, redisServer } from '../needs.ts'
import { startPostgres } from '../servers/postgres.ts'
import { startRedis } from '../servers/redis.ts'
import { openStore, type StoreAddress } from './opened-store.ts'

/* Connections that stay open, at two processes, while a third ends their sessions. */

/** Milliseconds: a round of looking, and what a busy machine may add. */
const aboutASecond = 2_500
/** Where the store tells of it. */
const soon = 1_000

interface Open {
  readonly kind: 'events' | 'socket'
  /** Resolves to what was said at last. */
  readonly closed: Promise<string>
  isClosed: boolean
}

async function startServer(t: TestContext, address: StoreAddress): Promise<number> {
  const server = fork(join(import.meta.dirname, 'open-connections-server.ts'), [JSON.stringify(address)], {
    execArgv: ['--import', 'tsx'],
  })
  t.after(() => void server.kill('SIGKILL'))
  const [port] = (await once(server, 'message')) as [number]
  return port
}

/** One session with two connections of each kind. */
async function connect(port: number, user: string, agent: Agent): Promise<Open[]> {
  const visitor = new Visitor(port, agent)
  await visitor.post(`/login/${user}`)
  return Promise.all([0, 1, 2, 3].map((index) => (index % 2 ? openEvents(visitor) : openSocket(visitor))))
}

async function openEvents({ port, cookieHeader }: Visitor): Promise<Open> {
  const lines = ['GET /events HTTP/1.1', `Host: 127.0.0.1:${port}`, `Cookie: ${cookieHeader}`, '', '']
  const wire = new Wire(port).send(lines.join('\r\n'))
  await wire.until((text) => text.includes('open'))
  const open: Open = { kind: 'events', isClosed: false, closed: wire.until((text) => text.includes('data: ended')) }
  void open.closed.then(() => (open.isClosed = true))
  return open
}

async function openSocket({ port, cookieHeader }: Visitor): Promise<Open> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { cookie: cookieHeader } })
  await once(socket, 'open')
  const closed = once(socket, 'close').then(([, reason]) => String(reason))
  const open: Open = { kind: 'socket', isClosed: false, closed }
  void closed.then(() => (open.isClosed = true))
  return open
}

interface Scene {
  readonly alices: readonly Open[]
  readonly bobs: readonly Open[]
  readonly sessions: Sessions
  /** How many of alice's connections are open yet, after that time. */
  openAfter(ms: number): Promise<number>
  /** Signs alice in again, at both processes. */
  another(): Promise<readonly Open[]>
}

/** 100 connections of alice's, and a few of bob's, at two processes. */
async function scene(t: TestContext, address: StoreAddress): Promise<Scene> {
  const { store, close } = await openStore(address)
  const sessions = new Sessions({ store })
  t.after(async () => {
    await sessions.close()
    await close()
  })
  const ports = await Promise.all([startServer(t, address), startServer(t, address)])
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const connectBoth = async (count: number, user: string): Promise<Open[]> => {
    const both = await Promise.all(Array.from({ length: count }, (_, index) => connect(ports[index % 2]!, user, agent)))
    return both.flat()
  }
  const alices = await connectBoth(25, 'alice')
  const bobs = await connectBoth(2, 'bob')
  // Each has been looked at once.
  await sleep(1_500)
  assert.ok([...alices, ...bobs].every(({ isClosed }) => !isClosed))
  return {
    alices,
    bobs,
    sessions,
    async openAfter(ms) {
      await Promise.race([Promise.all(alices.map(({ closed }) => closed)), sleep(ms)])
      return alices.filter(({ isClosed }) => !isClosed).length
    },
    another: () => connectBoth(2, 'alice'),
  }
}

async function endsAll(t: TestContext, { alices, bobs, sessions, openAfter }: Scene, ms: number): Promise<void> {
  assert.equal(alices.length, 100)
  const startedAt = performance.now()
  await sessions.ofUser('alice').revokeAll()
  assert.equal(await openAfter(ms), 0, `open after ${ms} ms`)
  t.diagnostic(`100 connections closed within ${(performance.now() - startedAt).toFixed(0)} ms`)
  for (const { kind, closed } of alices)
    assert.match(await closed, kind === 'events' ? /data: ended/ : /^ERR_SESSION_GONE$/)
  assert.ok(bobs.every(({ isClosed }) => !isClosed))
}

describe('100 event streams and WebSockets at two processes close when a third signs their user out everywhere', {
  concurrency: 2,
}, () => {
  it('within about a second, on the file store', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'coatcheck-revoking-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    await endsAll(t, await scene(t, { kind: 'file', at: join(directory, 'sessions') }), aboutASecond)
  })

  it('at once, on Redis', { skip: redisServer().skip }, async (t) => {
    const redis = await startRedis()
    t.after(() => redis.stop())
    await endsAll(t, await scene(t, { kind: 'redis', at: redis.url }), soon)
  })

  it('within about a second, on a Redis whose channel is lost', { skip: redisServer().skip }, async (t) => {
    const redis = await startRedis()
    t.after(() => redis.stop())
    const lost = await scene(t, { kind: 'redis', at: redis.url })
    await redis.command('ACL', 'SETUSER', 'default', '-subscribe', '-ssubscribe', '-psubscribe')
    await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await endsAll(t, lost, aboutASecond)
  })

  it('at once, on PostgreSQL', { skip: postgres().skip }, async (t) => {
    const server = await startPostgres()
    t.after(() => server.stop())
    await endsAll(t, await scene(t, { kind: 'postgres', at: server.connectionString }), soon)
  })
})
