import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'

/** How each client is made, for the servers on these ports: one, or the nodes of a cluster. `close` is for when all is done. */
export const redisClients = {
  redis: async (ports: readonly number[]) => {
    const client = createClient({ url: `redis://127.0.0.1:${ports[0]}`, socket: { reconnectStrategy: 50 } })
    client.on('error', () => {})
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  ioredis: async (ports: readonly number[]) => {
    const client = new Redis({ port: ports[0]!, host: '127.0.0.1', retryStrategy: () => 50 })
    client.on('error', () => {})
    return { client, close: () => client.disconnect() }
  },
  'redis, cluster': async (ports: readonly number[]) => {
    const client = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) })
    client.on('error', () => {})
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  'ioredis, cluster': async (ports: readonly number[]) => {
    const client = new Cluster(ports.map((port) => ({ port, host: '127.0.0.1' })))
    client.on('error', () => {})
    return { client, close: () => client.disconnect() }
  },
} as const

export type RedisClientName = keyof typeof redisClients

export const redisClientNames: readonly RedisClientName[] = Object.keys(redisClients) as RedisClientName[]
