import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { after, afterEach, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisServer } from '../../../test/needs.ts'
import { type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { type RedisClientName, redisClientNames, redisClients } from '../../../test/servers/redis-clients.ts'
import { type RedisCluster, startRedisCluster } from '../../../test/servers/redis-cluster.ts'
import { CorruptRecordError } from '../../core/errors.ts'
import type { SessionRecord, StoreOptions } from '../../core/store.ts'
import {
  assertOk,
  assertRefused,
  assertSame,
  at,
  idsOf,
  minute,
  newVersion,
  nextState,
  now,
  sampleRecord,
  sessionOf,
  stored,
} from '../../testing/store-cases/sample-record.ts'
import { type RedisStore, redisStore } from './index.ts'

const { skip } = redisServer()
const options = at(now)

let single: RedisServer
let cluster: RedisCluster
before(async () => {
  if (!skip) [single, cluster] = await Promise.all([startRedis(), startRedisCluster()])
})
after(async () => {
  await Promise.all([single?.stop(), cluster?.stop()])
})

const unhandled: unknown[] = []
process.on('unhandledRejection', (reason) => unhandled.push(reason))
afterEach(() => assert.deepEqual(unhandled.splice(0), [], 'rejections that nobody has seen'))

for (const name of redisClientNames) {
  describe(`with ${name}`, { skip }, () => {
    const servers = (): readonly RedisServer[] => (name.includes('cluster') ? cluster.nodes : [single])
    let connected: Awaited<ReturnType<(typeof redisClients)[RedisClientName]>>
    let store: RedisStore
    let prefix: string
    before(async () => {
      connected = await redisClients[name](servers().map(({ port }) => port))
      prefix = `${randomUUID()}:`
      store = redisStore(connected.client, { prefix })
    })
    after(async () => {
      await store.close()
      connected.close()
    })
    const onAll = async (...command: string[]): Promise<void> => {
      for (const server of servers()) await server.command(...command)
    }
    const keyOf = ({ id }: SessionRecord): string => `${prefix}{${id}}`
    /** The server that keeps the record. */
    const ownerOf = async (record: SessionRecord): Promise<RedisServer> => {
      for (const server of servers())
        if ((await server.command('EXISTS', keyOf(record))).startsWith(':1')) return server
      return assert.fail('no server keeps it')
    }

    it('goes on when the servers forget its scripts', async () => {
      let record = await stored(store)
      for (let round = 0; round < 5; round++) {
        const next = nextState(record)
        assertOk(await store.write(next, record.version, options), 'a write')
        await onAll('SCRIPT', 'FLUSH')
        await store.touch(next.id, { expiresAt: next.expiresAt, lastSeenAt: now + round }, options)
        record = { ...next, lastSeenAt: now + round }
      }
      assertSame(await store.read(record.id, options), record)
    })

    it('lists what there is, when its client is still connecting', async (test) => {
      const records = await Promise.all(Array.from({ length: 20 }, () => stored(store)))
      // Of a cluster it knows one node so far.
      const { client, close } = await redisClients[name]([servers()[0]!.port])
      const fresh = redisStore(client, { prefix })
      test.after(async () => {
        await fresh.close()
        close()
      })
      const listed = new Set(await idsOf(fresh.list(options)))
      assert.deepEqual(
        records.filter(({ id }) => !listed.has(id)),
        [],
      )
    })

    it('is told of ends again after the connection for it was lost', async () => {
      const told: unknown[] = []
      const stop = store.subscribe({ onEnd: (id) => told.push(id), onHearing: (hears) => told.push(hears) })
      await until(() => told.includes(true))
      await onAll('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await until(() => told.includes(false))
      await until(() => told.at(-1) === true)
      const ended = await stored(store)
      await store.delete(ended.id, options)
      await until(() => told.at(-1) === ended.id)
      assert.deepEqual(told, [true, false, true, ended.id])
      stop()
    })

    it('tells who listens later at once that it hears', async () => {
      const heard: boolean[] = []
      const listener = { onEnd() {}, onHearing: (hears: boolean) => heard.push(hears) }
      const stop = store.subscribe(listener)
      await until(() => heard.length > 0)
      stop()
      store.subscribe({ ...listener })()
      store.subscribe({ ...listener })
      await sleep(0)
      assert.deepEqual(heard, [true, true])
    })

    it('lets the next one in at once, by a message', async () => {
      const { id } = await stored(store)
      const lockOptions = { ...options, leaseMs: 10_000 }
      const times: number[] = []
      for (let round = 0; round < 5; round++) {
        const holder = await store.lockAndRead(id, lockOptions)
        const waiting = store.lockAndRead(id, lockOptions)
        await sleep(20)
        const start = performance.now()
        await holder?.lock.release()
        await (await waiting)?.lock.release()
        times.push(performance.now() - start)
      }
      assert.ok(Math.min(...times) < 100, `after ${times.map(Math.round)} ms`)
    })

    it('lets the next one in by the end of a lease, though nobody tells of that', async () => {
      const { id } = await stored(store)
      await store.lockAndRead(id, { ...options, leaseMs: 100 })
      const start = performance.now()
      const next = await store.lockAndRead(id, { ...options, leaseMs: 10_000 })
      const waited = performance.now() - start
      await next?.lock.release()
      assert.ok(waited > 90 && waited < 350, `after ${waited} ms`)
    })

    it('lets the next one in soon, when the message was lost', async () => {
      const { id } = await stored(store)
      const lockOptions = { ...options, leaseMs: 10_000 }
      const times: number[] = []
      for (let round = 0; round < 3; round++) {
        const holder = await store.lockAndRead(id, lockOptions)
        const waiting = store.lockAndRead(id, lockOptions)
        await sleep(20)
        const start = performance.now()
        await onAll('CLIENT', 'KILL', 'TYPE', 'pubsub')
        await holder?.lock.release()
        await (await waiting)?.lock.release()
        times.push(performance.now() - start)
      }
      // As soon as the connection is back, not when it would have asked again.
      assert.ok(Math.min(...times) < 350, `after ${times.map(Math.round)} ms`)
    })

    it('lets the next one in soon, where nobody may subscribe', async () => {
      const deaf = redisStore(connected.client, { prefix })
      const { id } = await stored(deaf)
      await onAll('ACL', 'SETUSER', 'default', '-subscribe')
      try {
        const lockOptions = { ...options, leaseMs: 10_000 }
        const holder = await deaf.lockAndRead(id, lockOptions)
        const waiting = deaf.lockAndRead(id, lockOptions)
        await sleep(20)
        await holder?.lock.release()
        const start = performance.now()
        await (await waiting)?.lock.release()
        assert.ok(performance.now() - start < 5_000, 'long before the end of a lease')
      } finally {
        await onAll('ACL', 'SETUSER', 'default', '+subscribe')
        await deaf.close()
      }
    })

    it('ends sessions, and passes locks on, where nobody may publish', async () => {
      const record = await stored(store, sessionOf('alice'))
      const other = await stored(store, sessionOf('alice'))
      await onAll('ACL', 'SETUSER', 'default', '-publish')
      try {
        const lockOptions = { ...options, leaseMs: 10_000 }
        const holder = await store.lockAndRead(record.id, lockOptions)
        const waiting = store.lockAndRead(record.id, lockOptions)
        await sleep(20)
        await holder?.lock.release()
        await (await waiting)?.lock.release()
        await store.delete(record.id, options)
        assert.equal(await store.users.deleteByUser('alice', { ...options, notBefore: now }), 1)
        assert.equal(await store.read(other.id, options), undefined)
      } finally {
        await onAll('ACL', 'SETUSER', 'default', '+publish')
      }
    })

    it('takes what is no record for absent, and reads it as corrupt', async () => {
      const spoil: ((key: string) => string[])[] = [
        (key) => ['SET', key, ''],
        (key) => ['SET', key, '{"cookie":{}}'],
        (key) => ['SETRANGE', key, '0', '2'],
        (key) => ['SETRANGE', key, '5', 'x'],
        (key) => ['SETRANGE', key, '30', 'x'],
        (key) => ['SETRANGE', key, '56', ' '],
        (key) => ['HSET', key, 'field', 'value'],
      ]
      for (const spoiling of spoil) {
        const record = await stored(store, sessionOf('alice'))
        const command = spoiling(keyOf(record))
        const owner = await ownerOf(record)
        if (command[0] === 'HSET') await owner.command('DEL', keyOf(record))
        assert.doesNotMatch(await owner.command(...command), /^-/)
        const shown = JSON.stringify(command.slice(2))
        await assert.rejects(async () => store.read(record.id, options), CorruptRecordError, shown)
        assertRefused(await store.write(nextState(record), newVersion(), options), undefined)
        assert.deepEqual(await idsOf(store.users.list('alice', options)), [], shown)
        assert.deepEqual(await idsOf(store.list(options)).then((ids) => ids.includes(record.id)), false, shown)
        await store.touch(record.id, { expiresAt: now + minute, lastSeenAt: now }, options)
        await store.delete(record.id, options)
        assert.equal(await store.read(record.id, options), undefined)
        await store.users.deleteByUser('alice', { ...options, notBefore: now })
      }
    })

    it('keeps a record for as long as its writer’s clock says, and a while more', async () => {
      const longAgo = now - 1_000 * minute
      const record = sampleRecord({ lastSeenAt: longAgo, expiresAt: longAgo + 30 * minute })
      assertOk(await store.write(record, undefined, at(longAgo)), 'the write')
      assertSame(await store.read(record.id, at(longAgo)), record)
      const server = await ownerOf(record)
      const ttl = async (): Promise<number> =>
        Number((await server.command('PTTL', keyOf(record))).slice(1).split('\r')[0])
      assert.ok(Math.abs((await ttl()) - 35 * minute) < 5_000, `${await ttl()} ms`)
      await store.touch(record.id, { expiresAt: longAgo + 60 * minute, lastSeenAt: longAgo }, at(longAgo + minute))
      assert.ok(Math.abs((await ttl()) - 64 * minute) < 5_000, `${await ttl()} ms`)
    })

    it('loses nothing that it acknowledged, and counts nothing twice, while its connections are cut', async () => {
      const record = await stored(store, sampleRecord({ body: Buffer.from('0') }))
      let isOver = false
      const counted = { acknowledged: 0, unclear: 0, cut: 0 }
      const count = async (): Promise<void> => {
        while (!isOver) {
          try {
            const base = await store.read(record.id, options)
            counted[await addOne(store, base!, options)]++
          } catch {
            // The read failed: nothing was counted.
          }
        }
      }
      const counting = [1, 2, 3, 4].map(count)
      for (; counted.cut < 12 || (counted.acknowledged <= 20 && counted.cut < 100); counted.cut++) {
        await sleep(60)
        await onAll('CLIENT', 'KILL', 'TYPE', 'normal')
      }
      isOver = true
      await Promise.all(counting)
      const final = Number(Buffer.from((await store.read(record.id, options))!.body).toString())
      assert.ok(counted.acknowledged > 20, JSON.stringify(counted))
      assert.ok(final >= counted.acknowledged, `${final} of ${JSON.stringify(counted)}`)
      assert.ok(final <= counted.acknowledged + counted.unclear, `${final} of ${JSON.stringify(counted)}`)
    })

    it('leaves no one waiting for a lock on a frozen server, and nobody locked out after it', async () => {
      const record = await stored(store)
      const server = await ownerOf(record)
      const lockOptions = { ...options, leaseMs: 10_000 }
      const holder = await store.lockAndRead(record.id, lockOptions)
      const patience = new AbortController()
      const waiting = store.lockAndRead(record.id, { ...lockOptions, signal: patience.signal })
      await sleep(20)
      server.pause()
      const late = new AbortController()
      const asking = store.lockAndRead(record.id, { ...lockOptions, signal: late.signal })
      try {
        await sleep(20)
        const reason = new Error('waited long enough')
        patience.abort(reason)
        late.abort(reason)
        for (const one of [waiting, asking])
          await assert.rejects(
            async () => one,
            (error) => error === reason,
          )
      } finally {
        server.resume()
      }
      await holder?.lock.release()
      const start = performance.now()
      const next = await store.lockAndRead(record.id, lockOptions)
      assert.ok(performance.now() - start < 1_000, 'those who have given up hold up nobody')
      await next?.lock.release()
    })

    it('gives back a lock that is granted after its caller has given up', async () => {
      const record = await stored(store)
      const server = await ownerOf(record)
      const patience = new AbortController()
      server.pause()
      const asking = store.lockAndRead(record.id, { ...options, leaseMs: 10_000, signal: patience.signal })
      await sleep(20)
      patience.abort(new Error('waited long enough'))
      server.resume()
      await assert.rejects(async () => asking, /waited long enough/)
      const start = performance.now()
      const next = await store.lockAndRead(record.id, { ...options, leaseMs: 10_000 })
      assert.ok(performance.now() - start < 1_000, 'nobody holds it')
      await next?.lock.release()
    })
  })
}

describe('a connection that is cut between a write and its answer', { skip }, () => {
  for (const name of ['redis', 'ioredis'] as const) {
    /** A store whose connection can be cut, and one on the same Redis that goes on. */
    const open = async (test: TestContext) => {
      const proxy = await cuttingProxy(single.port)
      const { client, close } = await redisClients[name]([proxy.port])
      const direct = await redisClients.redis([single.port])
      const prefix = `${randomUUID()}:`
      const [store, other] = [redisStore(client, { prefix }), redisStore(direct.client, { prefix })]
      test.after(async () => {
        await Promise.all([store.close(), other.close()])
        close()
        direct.close()
        proxy.close()
      })
      // Its look at the settings is over by then.
      await stored(store)
      return { store, other, proxy }
    }

    it(`never makes a write that was done look refused (${name})`, async (test) => {
      const { store, other, proxy } = await open(test)
      const record = await stored(store)
      const next = nextState(record)
      // ioredis sends it again; by then, another has written on top of it.
      const last = nextState(next)
      const cut = proxy.cutNextAnswer(async () => {
        assertOk(await other.write(last, next.version, options), 'the write on top of it')
      })
      await assert.rejects(async () => store.write(next, record.version, options), Error)
      await cut
      assertSame(await other.read(record.id, options), last)
    })

    it(`never brings a new session back that was ended meanwhile (${name})`, async (test) => {
      const { store, other, proxy } = await open(test)
      const record = sessionOf('alice')
      const cut = proxy.cutNextAnswer(async () => {
        assertSame(await other.read(record.id, options), record)
        await other.delete(record.id, options)
      })
      await assert.rejects(async () => store.write(record, undefined, options), Error)
      await cut
      assert.equal(await other.read(record.id, options), undefined)
    })
  }
})

/** Between a client and a server: takes an answer of the server's away, and lets the client in again only after `meanwhile`. */
async function cuttingProxy(serverPort: number) {
  let cut: (() => Promise<void>) | undefined
  let mayEnter = Promise.resolve()
  const proxy = createServer(async (client) => {
    client.on('error', () => {})
    client.pause()
    await mayEnter
    const server = connect(serverPort, '127.0.0.1')
    server.on('error', () => {})
    client.on('data', (bytes) => server.write(bytes))
    client.on('close', () => server.destroy())
    server.on('data', (bytes) => {
      if (!cut) return client.write(bytes)
      mayEnter = cut()
      cut = undefined
      client.destroy()
    })
    client.resume()
  })
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (proxy.address() as AddressInfo).port,
    cutNextAnswer: (meanwhile: () => Promise<void>): Promise<void> =>
      new Promise((resolve, reject) => {
        cut = () => meanwhile().then(resolve, reject)
      }),
    close: () => void proxy.close(),
  }
}

describe('a server that is killed', { skip }, () => {
  for (const name of ['redis', 'ioredis'] as const) {
    it(`comes back with what was acknowledged, and with nothing that was given up meanwhile (${name})`, async (test) => {
      const server = await startRedis({ appendFsync: 'always' })
      const { client, close } = await redisClients[name]([server.port])
      const store = redisStore(client, { durability: 'kept' })
      test.after(async () => {
        await store.close()
        close()
        await server.stop()
      })
      const record = await stored(store, sessionOf('alice'))
      const ended = await stored(store, sessionOf('alice'))
      await store.delete(ended.id, options)
      await server.kill()
      const next = nextState(record)
      await until(() => (client as { isReady?: boolean; status?: string }).isReady !== true)
      await sleep(100)
      await assert.rejects(async () => store.write(next, record.version, options), Error)
      await server.restart()
      const again = await untilAnswered(() => store.read(record.id, options) as Promise<SessionRecord | undefined>)
      assertSame(again, record)
      await sleep(200)
      assertSame(await store.read(record.id, options), record)
      assert.equal(await store.read(ended.id, options), undefined)
      assert.deepEqual(await idsOf(store.users.list('alice', options)), [record.id])
    })

    it(`is not asked without end while it is frozen (${name})`, async (test) => {
      const server = await startRedis()
      const { client, close } = await redisClients[name]([server.port])
      const store = redisStore(client)
      test.after(async () => {
        await store.close()
        close()
        await server.stop()
      })
      const record = await stored(store)
      server.pause()
      const asked = Array.from({ length: 10_001 }, () => store.read(record.id, options) as Promise<unknown>)
      const last = asked.pop()!
      const settled = Promise.allSettled(asked)
      await assert.rejects(last, /10000 commands without an answer/)
      server.resume()
      assert.equal((await settled).filter(({ status }) => status === 'fulfilled').length, 10_000)
      assertSame(await store.read(record.id, options), record)
    })
  }
})

/** As core does: after a failure the identical write once more; when that is refused nobody knows. */
async function addOne(
  store: RedisStore,
  start: SessionRecord,
  callOptions: StoreOptions,
): Promise<'acknowledged' | 'unclear'> {
  let base = start
  for (;;) {
    const next = nextState(base, { body: Buffer.from(String(Number(Buffer.from(base.body).toString()) + 1)) })
    let isRepeated = false
    for (;;) {
      try {
        const written = await store.write(next, base.version, callOptions)
        if (written.ok) return 'acknowledged'
        if (isRepeated) return 'unclear'
        base = written.current!
        break
      } catch {
        if (isRepeated) return 'unclear'
        isRepeated = true
      }
    }
  }
}

async function until(claim: () => boolean): Promise<void> {
  for (let waited = 0; !claim(); waited += 5) {
    if (waited > 5_000) assert.fail('not in 5 seconds')
    await sleep(5)
  }
}

async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      if (tries > 20) throw error
      await sleep(100)
    }
  }
}
