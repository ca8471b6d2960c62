import { randomUUID } from 'node:crypto'
import { after, before } from 'node:test'
import { redisServer } from '../../../test/needs.ts'
import { redisClients } from '../../../test/servers/redis-clients.ts'
import { type RedisCluster, startRedisCluster } from '../../../test/servers/redis-cluster.ts'
import { testStore } from '../../testing/index.ts'
import { redisStore } from './index.ts'

const { skip } = redisServer()
const processes = new URL('../../../test/servers/redis-open.ts', import.meta.url)
const closing: (() => unknown)[] = []
let cluster: RedisCluster
let ports: readonly number[]

before(async () => {
  if (skip) return
  cluster = await startRedisCluster()
  ports = cluster.nodes.map(({ port }) => port)
  // For the processes that the contract starts.
  process.env.REDIS_PORTS = JSON.stringify(ports)
})
after(async () => {
  for (const close of closing) await close()
  await cluster?.stop()
})

for (const name of ['redis, cluster', 'ioredis, cluster'] as const) {
  let connected: ReturnType<(typeof redisClients)[typeof name]> | undefined
  const connect = async () => {
    const made = await redisClients[name](ports)
    closing.push(made.close)
    return made
  }
  const open = async () => {
    connected ??= connect()
    return redisStore((await connected).client, { prefix: `${randomUUID()}:` })
  }
  testStore(`redisStore (${name})`, open, { skip, processes: `${processes}?client=${encodeURIComponent(name)}` })
}
