import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisServer } from '../../../test/needs.ts'
import { type RedisOptions, type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { redisClients } from '../../../test/servers/redis-clients.ts'
import { type RedisCluster, startRedisCluster } from '../../../test/servers/redis-cluster.ts'
import { follow } from '../../../test/servers/redis-replica.ts'
import { assertSame, at, now, stored } from '../../testing/store-cases/sample-record.ts'
import { type RedisClient, type RedisStore, type RedisStoreOptions, redisStore } from './index.ts'

const { skip } = redisServer()

async function start(test: TestContext, options?: RedisOptions): Promise<RedisServer> {
  const server = await startRedis(options)
  test.after(() => server.stop())
  return server
}

async function open(
  test: TestContext,
  server: RedisServer,
  options: RedisStoreOptions = {},
  name: 'redis' | 'ioredis' = 'redis',
): Promise<{ store: RedisStore; client: RedisClient; warnings: string[] }> {
  const { client, close } = await redisClients[name]([server.port])
  const warnings: string[] = []
  const store = redisStore(client, { warn: (message) => warnings.push(message), ...options })
  test.after(async () => {
    await store.close()
    close()
  })
  return { store, client, warnings }
}

for (const name of ['redis', 'ioredis'] as const) {
  describe(`with ${name}, the store says`, { skip }, () => {
    it('nothing of a Redis that keeps what it acknowledges', async (test) => {
      const server = await start(test, { appendFsync: 'always' })
      const { store, warnings } = await open(test, server, { durability: 'kept' }, name)
      assert.equal(store.durability, 'kept')
      const record = await stored(store)
      assertSame(await store.read(record.id, at(now)), record)
      assert.equal(store.durability, 'kept')
      assert.deepEqual(warnings, [])
    })

    it('that `kept` is not true, and why, instead of storing anything', async (test) => {
      for (const [options, reason] of [
        [{ appendFsync: 'everysec' }, /appendfsync is everysec, not always/],
        [{ appendFsync: 'always', settings: { appendonly: 'no' } }, /appendonly is no/],
      ] as const) {
        const server = await start(test, options)
        const { store } = await open(test, server, { durability: 'kept' }, name)
        await assert.rejects(async () => stored(store), reason)
        await assert.rejects(async () => store.users.deleteByUser('alice', { ...at(now), notBefore: now }), reason)
        assert.match(await server.command('DBSIZE'), /^:0\r/)
      }
    })

    it('that `kept` is not true of a Redis with a replica', async (test) => {
      const [server, replica] = [await start(test, { appendFsync: 'always' }), await start(test)]
      await follow(replica, server.port)
      const { store } = await open(test, server, { durability: 'kept' }, name)
      await assert.rejects(async () => stored(store), /it has 1 replica/)
    })

    it('that `kept` is not true of a replica that has taken over', async (test) => {
      const [server, replica] = [await start(test), await start(test, { appendFsync: 'always' })]
      await follow(replica, server.port)
      await replica.command('REPLICAOF', 'NO', 'ONE')
      const { store } = await open(test, replica, { durability: 'kept' }, name)
      await assert.rejects(async () => stored(store), /it has taken over from another server/)
    })

    it('that a replica answers, instead of showing what may have ended, until it is one no more', async (test) => {
      const [server, replica] = [await start(test), await start(test)]
      const { store: source } = await open(test, server, {}, name)
      const record = await stored(source)
      await follow(replica, server.port)
      const { store } = await open(test, replica, {}, name)
      await assert.rejects(async () => store.read(record.id, at(now)), /is a replica of 127\.0\.0\.1:\d+$/)
      await replica.command('REPLICAOF', 'NO', 'ONE')
      assertSame(await store.read(record.id, at(now)), record)
    })

    it('that its Redis has become a replica, from the first write on that is refused', async (test) => {
      const [server, other] = [await start(test), await start(test)]
      const { store } = await open(test, server, {}, name)
      const record = await stored(store)
      await follow(server, other.port)
      await assert.rejects(async () => store.delete(record.id, at(now)), /READONLY/)
      await assert.rejects(async () => store.read(record.id, at(now)), /is a replica of/)
    })

    it('once that a replica may take over, unless the master waits for it', async (test) => {
      const [server, replica] = [await start(test), await start(test)]
      await follow(replica, server.port)
      const { store, warnings } = await open(test, server, {}, name)
      const record = await stored(store)
      assert.equal(warnings.length, 1)
      assert.match(warnings[0] ?? '', /^coatcheck: this Redis has replicas, and min-replicas-to-write is 0: /)
      await server.command('CONFIG', 'SET', 'min-replicas-to-write', '1')
      const { store: waiting, warnings: none } = await open(test, server, {}, name)
      await waiting.read(record.id, at(now))
      assert.deepEqual([waiting.durability, none], ['may-lose-last', []])
    })

    it('once which settings lose sessions', async (test) => {
      const settings = { appendonly: 'no', maxmemory: '100mb', 'maxmemory-policy': 'volatile-lru' }
      const server = await start(test, { settings })
      const { store, warnings } = await open(test, server, {}, name)
      assert.equal(store.durability, 'may-lose-last')
      const record = await stored(store)
      await server.command('CLIENT', 'KILL', 'TYPE', 'normal')
      await sleep(200)
      await store.read(record.id, at(now))
      await sleep(100)
      assert.equal(warnings.length, 2, warnings.join('\n'))
      assert.match(warnings[0] ?? '', /^coatcheck: appendonly is no in Redis: .* Set it to yes\.$/)
      assert.match(
        warnings[1] ?? '',
        /^coatcheck: maxmemory-policy is volatile-lru in Redis: .* Set it to noeviction\.$/,
      )
    })

    it('that it can’t see the settings, where CONFIG is forbidden, and goes on with `may-lose-last`', async (test) => {
      const server = await start(test, { appendFsync: 'always' })
      await server.command('ACL', 'SETUSER', 'default', '-config')
      const { store, warnings } = await open(test, server, { durability: 'kept' }, name)
      const record = await stored(store)
      assertSame(await store.read(record.id, at(now)), record)
      assert.equal(store.durability, 'may-lose-last')
      assert.equal(warnings.length, 1)
      assert.match(warnings[0] ?? '', /lets nobody look at its settings.*'may-lose-last'/)
    })
  })
}

describe('with a cluster, the store', { skip }, () => {
  let cluster: RedisCluster
  before(async () => {
    cluster = await startRedisCluster({ appendFsync: 'always' })
  })
  after(() => cluster?.stop())

  for (const name of ['redis, cluster', 'ioredis, cluster'] as const) {
    it(`looks at every master (${name})`, async (test) => {
      const connected = await redisClients[name](cluster.nodes.map(({ port }) => port))
      test.after(() => connected.close())
      await cluster.nodes[2]?.command('CONFIG', 'SET', 'appendfsync', 'no')
      // Before the client is connected, as ioredis is not yet.
      const store = redisStore(connected.client, { durability: 'kept' })
      await assert.rejects(async () => stored(store), /appendfsync is no/)
      await cluster.nodes[2]?.command('CONFIG', 'SET', 'appendfsync', 'always')
      await stored(redisStore(connected.client, { durability: 'kept' }))
    })
  }
})

describe('a mistake in the call is told at once', { skip }, () => {
  it('by a TypeError for what is no client', () => {
    for (const none of [undefined, null, {}, 'redis://127.0.0.1', { sendCommand() {} }, { callBuffer() {} }]) {
      assert.throws(() => redisStore(none as unknown as RedisClient), /TypeError: redisStore needs a client of `redis`/)
    }
  })

  it('by a TypeError for a client that does not do: one that reads from replicas, changes keys, or is several', async () => {
    const { Cluster, Redis } = await import('ioredis')
    const { createClientPool, createCluster, createSentinel } = await import('redis')
    const node = { host: '127.0.0.1', port: 1 }
    const lazy = { lazyConnect: true }
    assert.throws(() => redisStore(new Cluster([node], { ...lazy, scaleReads: 'all' })), /reads from masters alone/)
    assert.throws(() => redisStore(new Redis({ ...lazy, keyPrefix: 'app:' })), /without `keyPrefix`/)
    const sentinel = createSentinel({ name: 'main', sentinelRootNodes: [node] })
    for (const other of [createClientPool(), sentinel]) {
      assert.throws(() => redisStore(other as unknown as RedisClient), /needs a client of `redis` \(createClient or/)
    }
    // This one asks masters when it is told to.
    redisStore(createCluster({ rootNodes: [{ url: 'redis://127.0.0.1:1' }], useReplicas: true }))
  })

  it('by a TypeError for an option that is none', async (test) => {
    const { client } = await open(test, await start(test))
    assert.throws(() => redisStore(client, { durability: 'memory' as 'kept' }), /durability must be 'kept' or/)
  })
})
