import { randomUUID } from 'node:crypto'
import { after, before } from 'node:test'
import { redisServer } from '../../../test/needs.ts'
import { type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { redisClients } from '../../../test/servers/redis-clients.ts'
import { testStore } from '../../testing/index.ts'
import { redisStore } from './index.ts'

const { skip } = redisServer()
const processes = new URL('../../../test/servers/redis-open.ts', import.meta.url)
const closing: (() => unknown)[] = []
let server: RedisServer

before(async () => {
  if (skip) return
  server = await startRedis()
  // For the processes that the contract starts.
  process.env.REDIS_PORTS = JSON.stringify([server.port])
})
after(async () => {
  for (const close of closing) await close()
  await server?.stop()
})

for (const name of ['redis', 'ioredis'] as const) {
  let connected: ReturnType<(typeof redisClients)[typeof name]> | undefined
  const connect = async () => {
    const made = await redisClients[name]([server.port])
    closing.push(made.close)
    return made
  }
  const open = async () => {
    connected ??= connect()
    return redisStore((await connected).client, { prefix: `${randomUUID()}:` })
  }
  testStore(`redisStore (${name})`, open, { skip, processes: `${processes}?client=${name}` })
}
