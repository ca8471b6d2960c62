import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type RedisClient, redisStore } from 'coatcheck/stores/redis'
import { Redis } from 'ioredis'
import { eventually } from '../http/serving.ts'
import type { Visitor } from '../http/visitor.ts'
import { redisServer } from '../needs.ts'
import { type RedisServer, startRedis } from '../servers/redis.ts'
import { redisClients } from '../servers/redis-clients.ts'
import { caughtUp, follow } from '../servers/redis-replica.ts'
import { openShop } from './shop.ts'
import { type StallingProxy, startStallingProxy } from './stalling-proxy.ts'

/* A replica takes over, and lacks what the master has acknowledged last (limit L3 of SECURITY.md). */

type ClientName = 'redis' | 'ioredis'

interface Pair {
  readonly master: RedisServer
  readonly replica: RedisServer
  /** Between master and replica. */
  readonly link: StallingProxy
  /** Where the clients find whoever is the master. */
  readonly address: StallingProxy
  /** The master dies with what has not passed the link, and the replica takes its place. */
  failOver(): Promise<void>
}

async function startPair(t: TestContext, settings: { readonly [name: string]: string } = {}): Promise<Pair> {
  const [master, replica] = await Promise.all([startRedis({ appendFsync: 'always', settings }), startRedis()])
  t.after(() => Promise.all([master.stop(), replica.stop()]))
  const [link, address] = await Promise.all([startStallingProxy(master.port), startStallingProxy(master.port)])
  t.after(() => Promise.all([link.close().catch(() => {}), address.close()]))
  await follow(replica, link.port)
  const failOver = async (): Promise<void> => {
    await master.kill()
    await link.close()
    await replica.command('REPLICAOF', 'NO', 'ONE')
    address.lead(replica.port)
  }
  return { master, replica, link, address, failOver }
}

async function shopAt(t: TestContext, port: number, name: ClientName) {
  return shopOver(t, await redisClients[name]([port]))
}

async function shopOver(t: TestContext, { client, close }: { readonly client: RedisClient; close(): void }) {
  const warnings: string[] = []
  const store = redisStore(client, { warn: (message) => warnings.push(message) })
  const closeBoth = async (): Promise<void> => {
    await store.close()
    close()
  }
  const shop = await openShop(t, { store, close: closeBoth }, { storeTimeout: 2_000 })
  const signedIn = async (user: string): Promise<Visitor> => {
    const visitor = shop.visitor()
    await eventually(async () => (await visitor.post(`/login?user=${user}`)).status === 303, 10_000)
    return visitor
  }
  return { store, warnings, signedIn }
}

/** What the visitor is shown; and no answer but a sign-in may touch the cookie. */
async function seenBy(visitor: Visitor): Promise<string> {
  const { status, body, setCookies } = await visitor.get('/who')
  assert.deepEqual(setCookies, [])
  return `${status} ${status === 503 ? '' : body}`.trim()
}

/** The client has to find the new master first, and the circuit to close. */
async function isBack(alice: Visitor): Promise<void> {
  let seen = ''
  const look = async (): Promise<boolean> => {
    seen = await seenBy(alice)
    return seen === '200 alice'
  }
  await eventually(look, 20_000).catch(() => assert.equal(seen, '200 alice'))
}

describe('a Redis replica that takes over', { skip: redisServer().skip ?? false }, () => {
  for (const name of ['redis', 'ioredis'] as const) {
    it(`opens each cookie for its own user or for nobody, though it lacks the last changes (${name})`, async (t) => {
      const { master, replica, link, address, failOver } = await startPair(t)
      const { store, warnings, signedIn } = await shopAt(t, address.port, name)
      const [alice, bob, dave] = [await signedIn('alice'), await signedIn('bob'), await signedIn('dave')]
      assert.equal(store.durability, 'may-lose-last')
      assert.match(warnings.join(), /this Redis has replicas, and min-replicas-to-write is 0/)
      await caughtUp(master, replica)

      link.stall()
      const [bobBefore, daveBefore] = [bob.copy(), dave.copy()]
      assert.equal((await alice.post('/n')).body, '1')
      assert.equal((await bob.post('/logout')).status, 303)
      assert.equal((await dave.post('/login?user=dave')).status, 303)
      const carol = await signedIn('carol')
      assert.deepEqual(await Promise.all([bobBefore, daveBefore, dave, carol].map(seenBy)), [
        '200 nobody',
        '200 nobody',
        '200 dave',
        '200 carol',
      ])

      // Someone at work all the while, who is never shown anybody else.
      const erin = await signedIn('erin')
      const seen = new Set<string>()
      let isOver = false
      const working = (async () => {
        while (!isOver) seen.add(await seenBy(erin))
      })()
      await failOver()
      await isBack(alice)
      isOver = true
      await working
      for (const one of seen) assert.match(one, /^(200 (erin|nobody)|503)$/)

      // What was lost: a change and two sign-ins. What came undone: a sign-out, and the old cookie's end. That is limit L3.
      assert.equal(JSON.parse((await alice.get('/data')).body).n, 0)
      assert.deepEqual(await Promise.all([carol, dave, erin].map(seenBy)), Array(3).fill('200 nobody'))
      assert.deepEqual(await Promise.all([bobBefore, daveBefore].map(seenBy)), ['200 bob', '200 dave'])

      // From here on everything holds.
      assert.equal((await alice.post('/n')).body, '1')
      assert.equal((await bobBefore.copy().post('/logout')).status, 303)
      assert.equal(await seenBy(bobBefore), '200 nobody')
      assert.equal((await carol.post('/login?user=carol')).status, 303)
      assert.equal(await seenBy(carol), '200 carol')
      assert.equal(JSON.parse((await carol.get('/devices')).body).length, 1)
    })
  }

  it('lacks little where the master waits for it: a sign-out is refused that it would not hear of', async (t) => {
    const { master, replica, link, address, failOver } = await startPair(t, {
      'min-replicas-to-write': '1',
      'min-replicas-max-lag': '2',
    })
    const { signedIn, warnings } = await shopAt(t, address.port, 'redis')
    const [alice, bob] = [await signedIn('alice'), await signedIn('bob')]
    assert.deepEqual(warnings, [])
    await caughtUp(master, replica)
    link.stall()
    await eventually(async () => (await bob.post('/n')).status === 503, 10_000)
    const { status, setCookies } = await alice.copy().post('/logout')
    assert.deepEqual({ status, setCookies }, { status: 503, setCookies: [] })
    await failOver()
    await isBack(alice)
  })

  it('is found by a client that asks a Sentinel, which has promoted it', async (t) => {
    const [master, replica, sentinel] = await Promise.all([
      startRedis(),
      startRedis(),
      startRedis({ isSentinel: true }),
    ])
    t.after(() => Promise.all([master.stop(), replica.stop(), sentinel.stop()]))
    await follow(replica, master.port)
    await sentinel.command('SENTINEL', 'MONITOR', 'shop', '127.0.0.1', String(master.port), '1')
    await sentinel.command('SENTINEL', 'SET', 'shop', 'down-after-milliseconds', '500', 'failover-timeout', '3000')
    await eventually(
      async () => /num-slaves\r\n\$1\r\n1/.test(await sentinel.command('SENTINEL', 'MASTER', 'shop')),
      15_000,
    )
    const sentinels = [{ host: '127.0.0.1', port: sentinel.port }]
    const client = new Redis({ sentinels, name: 'shop', sentinelRetryStrategy: () => 100, retryStrategy: () => 100 })
    client.on('error', () => {})
    const { signedIn } = await shopOver(t, { client, close: () => client.disconnect() })
    const alice = await signedIn('alice')
    await caughtUp(master, replica)
    await master.kill()
    await eventually(async () => (await seenBy(alice)) === '200 alice', 40_000)
    assert.equal((await alice.post('/logout')).status, 303)
    assert.equal(await seenBy(alice), '200 nobody')
  })

  it('is followed by the old master, which then shows nobody what has ended', async (t) => {
    const { master, replica, address, failOver } = await startPair(t)
    const [{ signedIn }, left] = [await shopAt(t, address.port, 'redis'), await shopAt(t, master.port, 'redis')]
    const alice = await signedIn('alice')
    await caughtUp(master, replica)
    const bob = await left.signedIn('bob')
    await failOver()
    await isBack(alice)
    await master.restart()
    await follow(master, replica.port)
    // Whoever's address still leads to it is refused, reads too.
    await eventually(async () => (await bob.get('/who')).body.includes('ERR_STORE_UNAVAILABLE'), 10_000)
    for (let times = 0; times < 5; times++) assert.equal(await seenBy(bob), '503')
  })
})
