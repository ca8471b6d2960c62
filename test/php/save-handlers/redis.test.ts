// PHP_REDIS_TIMES is how often each of five processes adds one; 600 unless it says otherwise.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type PhpRedisOptions, phpRedis } from 'coatcheck/php/redis'
import { redisServer } from '../../needs.ts'
import { type RedisServer, startRedis } from '../../servers/redis.ts'
import { redisClients } from '../../servers/redis-clients.ts'
import { nodePeer, phpPeer, phpRedisExtension } from './peers.ts'
import { encode } from './session-text.ts'
import { countTogether, type Kind, newId, shares } from './sharing.ts'

const skip = redisServer().skip ?? phpRedisExtension().skip
let server: RedisServer

before(async () => {
  if (!skip) server = await startRedis()
})
after(() => server?.stop())

for (const name of ['redis', 'ioredis'] as const) {
  const open: Kind['open'] = async (test) => {
    const { client, close } = await redisClients[name]([server.port])
    test.after(close)
    return { where: { redis: server.port }, handler: phpRedis(client, { lockWait: '60s' }) }
  }
  const times = name === 'redis' ? Number(process.env.PHP_REDIS_TIMES ?? 600) : 50
  shares({ title: `in Redis by ${name}`, skip, open, imports: [], times })
}

describe('PHP and Node on the same sessions in Redis', { skip }, () => {
  async function handlerOf(test: Parameters<typeof phpPeer>[0], options: PhpRedisOptions = {}) {
    const { client, close } = await redisClients.redis([server.port])
    test.after(close)
    return phpRedis(client, { lockWait: '60s', ...options })
  }

  it('would count wrong if PHP did not lock', async (test) => {
    const counted = await countTogether(test, { redis: server.port, phpLocks: 'never' }, 50, [], 1000)
    assert.notDeepEqual(counted, { n: 250, warnings: [] })
  })

  it('have the same keys, times to live and kind of lock', async (test) => {
    const handler = await handlerOf(test)
    const php = await phpPeer(test, { redis: server.port })
    const seen = async (id: string) => ({
      value: await server.command('GET', `PHPREDIS_SESSION:${id}`),
      ttl: await server.command('TTL', `PHPREDIS_SESSION:${id}`),
      hasLock: await server.command('EXISTS', `PHPREDIS_SESSION:${id}_LOCK`),
    })
    const ofPhp = newId()
    await php.ask('open', ofPhp)
    await php.ask('set', { user: 'ada' })
    assert.match(await server.command('PTTL', `PHPREDIS_SESSION:${ofPhp}_LOCK`), /^:(29|30)\d{3}\r/)
    await php.ask('close')
    const ofNode = newId()
    const session = await handler.open(ofNode)
    await session.write(encode({ user: 'ada' }))
    assert.match(await server.command('PTTL', `PHPREDIS_SESSION:${ofNode}_LOCK`), /^:(29|30)\d{3}\r/)
    await session.close()
    const [one, other] = [await seen(ofPhp), await seen(ofNode)]
    assert.deepEqual({ ...other, ttl: '' }, { ...one, ttl: '' })
    for (const { ttl } of [one, other]) assert.match(ttl, /^:14[34]\d\r/)
  })

  it('go on when a process of Node is killed that holds the lock, as soon as that has expired', async (test) => {
    const id = newId()
    const [node, php] = await Promise.all([
      nodePeer(test, { redis: server.port, lockExpire: '300ms' }),
      phpPeer(test, { redis: server.port }),
    ])
    await node.ask('open', id)
    await node.kill()
    assert.deepEqual(await php.ask('open', id), { started: true, data: {}, warnings: [] })
  })

  it('keep the lock for as long as the session is open, however soon it would expire', async (test) => {
    const handler = await handlerOf(test, { lockExpire: 1500 })
    const php = await phpPeer(test, { redis: server.port })
    const id = newId()
    const session = await handler.open(id)
    const opening = php.ask('open', id)
    await new Promise((resolve) => setTimeout(resolve, 2500))
    await session.write(encode({ from: 'Node' }))
    await session.close()
    assert.deepEqual((await opening).data, { from: 'Node' })
  })

  it('refuse in Node to write without the lock', async (test) => {
    const handler = await handlerOf(test)
    const php = await phpPeer(test, { redis: server.port })
    const id = newId()
    const session = await handler.open(id)
    await server.command('DEL', `PHPREDIS_SESSION:${id}_LOCK`)
    await php.ask('open', id)
    await php.ask('set', { from: 'PHP' })
    await assert.rejects(session.write(encode({ from: 'Node' })), { code: 'ERR_SESSION_CONFLICT' })
    await session.close()
    await php.ask('close')
    assert.deepEqual((await php.ask('open', id)).data, { from: 'PHP' })
  })
})
