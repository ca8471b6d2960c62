import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { redisServer } from '../../test/needs.ts'
import { type RedisServer, startRedis } from '../../test/servers/redis.ts'
import { redisClients } from '../../test/servers/redis-clients.ts'
import { type PhpRedisOptions, phpRedis, type RedisClient } from './redis.ts'
import type { SaveHandler } from './save-handler.ts'

const { skip } = redisServer()
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
let server: RedisServer

before(async () => {
  if (!skip) server = await startRedis()
})
after(() => server?.stop())

for (const name of ['redis', 'ioredis'] as const) {
  async function opened(
    test: TestContext,
    options: PhpRedisOptions = {},
    on = server,
  ): Promise<{ handler: SaveHandler; client: RedisClient }> {
    const { client, close } = await redisClients[name]([on.port])
    test.after(close)
    // A prefix of each test's own: all of them have one server.
    return { handler: phpRedis(client, { prefix: `${name} ${test.name}:`, ...options }), client }
  }

  describe(`a session of PHP's in Redis, with ${name}`, { skip }, () => {
    it('is the bytes that were written last', async (test) => {
      const { handler } = await opened(test)
      const session = await handler.open('a1')
      assert.deepEqual([...session.bytes], [])
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
      await session.write(bytes.subarray(1))
      await session.close()
      const again = await handler.open('a1')
      assert.deepEqual([...again.bytes], [...bytes.subarray(1)])
      await again.close()
    })

    it('is where PHP looks for it, and lives as long', async (test) => {
      const { handler } = await opened(test, { prefix: `${name}:`, maxLifetime: '100s' })
      const session = await handler.open('a1')
      await session.write(Buffer.from('n|i:1;'))
      assert.equal(await server.command('GET', `${name}:a1`), '$6\r\nn|i:1;\r\n+OK\r\n')
      assert.match(await server.command('TTL', `${name}:a1`), /^:(99|100)\r/)
      await server.command('EXPIRE', `${name}:a1`, '5')
      await session.touch()
      assert.match(await server.command('TTL', `${name}:a1`), /^:(99|100)\r/)
      await session.close()
      assert.equal(await server.command('EXISTS', `${name}:a1_LOCK`), ':0\r\n+OK\r\n')
    })

    it('can be used by one at a time, in the order in which they came', async (test) => {
      const { handler } = await opened(test)
      const order: number[] = []
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          const session = await handler.open('a1')
          order.push(index)
          await session.write(Buffer.from(String(Number(text(session.bytes)) + 1)))
          await session.close()
        }),
      )
      assert.deepEqual(order, [...order.keys()])
      const last = await handler.open('a1')
      assert.equal(text(last.bytes), '50')
      await last.close()
    })

    it('is gone after destroy, before the next one has the lock', async (test) => {
      const { handler } = await opened(test)
      const session = await handler.open('a1')
      await session.write(Buffer.from('user|s:3:"ada";'))
      assert.equal(await handler.exists('a1'), true)
      const waiting = handler.open('a1')
      await session.destroy()
      await session.close()
      const next = await waiting
      assert.equal(text(next.bytes), '')
      assert.equal(await handler.exists('a1'), false)
      await next.close()
      await assert.rejects(session.write(Buffer.from('late')), { code: 'ERR_SESSION_SETTLED' })
    })

    it('does not come back once it was deleted from outside', async (test) => {
      const { handler } = await opened(test, { prefix: `${name}-deleted:` })
      const first = await handler.open('a1')
      await first.write(Buffer.from('n|i:1;'))
      await first.close()
      const session = await handler.open('a1')
      await server.command('DEL', `${name}-deleted:a1`)
      await assert.rejects(session.write(Buffer.from('n|i:2;')), { code: 'ERR_SESSION_GONE' })
      await session.touch()
      await session.close()
      assert.equal(await handler.exists('a1'), false)
    })

    it('is waited for up to the deadline, or until that is aborted', async (test) => {
      const { handler, client } = await opened(test, { lockWait: 300 })
      const patient = phpRedis(client, { prefix: `${name} ${test.name}:` })
      for (const holder of [handler, patient]) {
        const held = await holder.open('a1')
        await assert.rejects(handler.open('a1'), { code: 'ERR_SESSION_BUSY', retryAfter: 1 })
        await assert.rejects(patient.open('a1', { signal: AbortSignal.timeout(30) }), { name: 'TimeoutError' })
        await held.close()
        await (await handler.open('a1')).close()
      }
    })

    it('has no id that PHP would not make, such as that of a lock', async (test) => {
      const { handler } = await opened(test)
      const held = await handler.open('a1')
      for (const id of ['', 'a1_LOCK', 'a b', 'a:b', 'a\0', 'a'.repeat(257)]) {
        await assert.rejects(handler.open(id), { name: 'IllegalSessionIdError' })
        assert.equal(await handler.exists(id), false)
      }
      await held.close()
    })

    it('fails within a deadline while Redis is frozen, and is not locked afterwards', async (test) => {
      const own = await startRedis()
      test.after(() => own.stop())
      const { handler } = await opened(test, {}, own)
      await (await handler.open('a1')).close()
      own.pause()
      await assert.rejects(handler.open('a1'), { code: 'ERR_STORE_UNAVAILABLE', status: 503 })
      own.resume()
      const session = await handler.open('a1')
      await session.close()
    })
  })
}

describe("a session of PHP's in Redis", { skip }, () => {
  it('does not expire while it is in use', async (test) => {
    const { client, close } = await redisClients.redis([server.port])
    test.after(close)
    const handler = phpRedis(client, { maxLifetime: '2s', lockExpire: '3s' })
    const first = await handler.open('a1')
    await first.write(Buffer.from('n|i:1;'))
    await sleep(2500)
    await first.write(Buffer.from('n|i:2;'))
    await first.close()
  })

  it('needs a client of a single Redis', async (test) => {
    const { client, close } = await redisClients.ioredis([server.port])
    test.after(close)
    const cluster = Object.create(client, { isCluster: { value: true } })
    const prefixed = Object.create(client, { options: { value: { keyPrefix: 'x:' } } })
    assert.throws(() => phpRedis(cluster), /single Redis/)
    assert.throws(() => phpRedis(prefixed), /without `keyPrefix`/)
    for (const wrong of [undefined, null, {}, { sendCommand() {} }]) {
      assert.throws(() => phpRedis(wrong as never), /needs a client/)
    }
  })
})
