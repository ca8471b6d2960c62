import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type SessionRecord, Sessions } from 'coatcheck'
import { fileStore } from 'coatcheck/stores/file'
import { Visitor, Wire } from '../http/visitor.ts'

interface Stoppable {
  readonly process: ChildProcess
  readonly directory: string
  visitor(): Promise<Visitor>
  /** Resolves when that many requests have arrived, or that many handlers are at work. */
  reached(what: 'arrived' | 'at work', count: number): Promise<void>
  /** Says how it ended, and after how many milliseconds. */
  stop(): Promise<{ code: number | null; ms: number }>
}

async function start(t: TestContext, within: string, grace = 200): Promise<Stoppable> {
  const directory = mkdtempSync(join(tmpdir(), 'coatcheck-stopping-'))
  const server = fork(join(import.meta.dirname, 'stopping-server.ts'), [directory, within, String(grace)], {
    execArgv: ['--import', 'tsx'],
  })
  const said: unknown[] = []
  server.on('message', (message) => void said.push(message))
  const agent = new Agent({ keepAlive: true })
  t.after(() => {
    agent.destroy()
    server.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })
  const [port] = (await once(server, 'message')) as [number]
  return {
    process: server,
    directory,
    async visitor() {
      const visitor = new Visitor(port, agent)
      await visitor.post('/login')
      return visitor
    },
    async reached(what, count) {
      while (said.filter((message) => message === what).length < count) await once(server, 'message')
    },
    async stop() {
      const startedAt = performance.now()
      server.kill('SIGTERM')
      const [code] = (await once(server, 'exit')) as [number | null]
      return { code, ms: performance.now() - startedAt }
    },
  }
}

/** How long, in milliseconds, another process waits for the locks of all sessions in the directory, and what these hold. */
async function lockAll(directory: string): Promise<{ ms: number; counts: unknown[] }> {
  const store = fileStore(directory)
  const options = { now: Date.now(), signal: AbortSignal.timeout(5_000) }
  const records: SessionRecord[] = []
  for await (const record of store.list(options)) records.push(record)
  const startedAt = performance.now()
  for (const { id } of records) {
    const locked = await store.lockAndRead(id, { ...options, leaseMs: 1_000 })
    assert.ok(locked)
    await locked.lock.release()
  }
  const ms = performance.now() - startedAt
  const listed = await new Sessions<{ n: number }>({ store, initial: () => ({ n: 0 }) }).ofUser('alice').list()
  return { ms, counts: listed.map(({ data }) => data.n) }
}

describe('a server that is told to stop', () => {
  it('answers 20 slow exclusive requests first, with their data stored and their locks free', async (t) => {
    const server = await start(t, '10s')
    const visitors = await Promise.all(Array.from({ length: 10 }, () => server.visitor()))
    const answers = visitors.flatMap((visitor) => [
      visitor.post('/slow?ms=400'),
      visitor.copy().post('/slow?ms=400'), // takes its turn after the other
    ])
    await server.reached('at work', 10)
    await server.reached('arrived', 20)
    const { code, ms } = await server.stop()
    assert.deepEqual((await Promise.all(answers)).map(({ status, body }) => `${status} ${body}`).sort(), [
      ...Array(10).fill('200 1'),
      ...Array(10).fill('200 2'),
    ])
    assert.equal(code, 0)
    const locked = await lockAll(server.directory)
    t.diagnostic(`${ms.toFixed(0)} ms to stop, ${locked.ms.toFixed(0)} ms for the locks`)
    assert.ok(ms < 3_000, `${ms} ms`)
    assert.deepEqual(locked.counts, Array(10).fill(2))
    assert.ok(locked.ms < 500, `${locked.ms} ms for the locks`)
  })

  it('waits no longer than it was told to, and gives the turns back that are still held', async (t) => {
    const server = await start(t, '300ms', 2_000)
    const visitors = await Promise.all(Array.from({ length: 5 }, () => server.visitor()))
    const answers = visitors.map((visitor) => visitor.post('/slow?ms=60000').catch(() => 'no answer'))
    await server.reached('at work', 5)
    // While the process still lives, two seconds longer: its end would free its locks too.
    const freed = new Promise<number>((resolve, reject) => {
      setTimeout(() => lockAll(server.directory).then(({ ms }) => resolve(ms), reject), 350)
    })
    const { code, ms } = await server.stop()
    assert.equal(code, 0)
    t.diagnostic(`${ms.toFixed(0)} ms to stop, ${(await freed).toFixed(0)} ms for the locks`)
    assert.ok(ms >= 300 && ms < 5_000, `${ms} ms`)
    assert.ok((await freed) < 500, `${await freed} ms for the locks`)
    assert.deepEqual(await Promise.all(answers), Array(5).fill('no answer'))
  })

  it('ends the responses that stay open, and says that the session has not ended', async (t) => {
    const server = await start(t, '10s')
    const visitor = await server.visitor()
    const events = new Wire(visitor.port).send(
      `GET /events HTTP/1.1\r\nHost: 127.0.0.1:${visitor.port}\r\nCookie: ${visitor.cookieHeader}\r\n\r\n`,
    )
    await events.until((text) => text.includes('open'))
    const { code, ms } = await server.stop()
    assert.match(await events.closed(), /ERR_SERVER_STOPPING/)
    assert.equal(code, 0)
    t.diagnostic(`${ms.toFixed(0)} ms to stop`)
    assert.ok(ms < 2_000, `${ms} ms`)
    assert.equal((await lockAll(server.directory)).counts.length, 1)
  })
})
