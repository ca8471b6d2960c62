import type { Connection } from './connection.ts'
import { type IoRedisClient, isIoRedis, overIoRedis } from './ioredis.ts'
import { isNodeRedis, type NodeRedisClient, overNodeRedis } from './node-redis.ts'

/** A client of the caller's: of `redis` (`createClient`, `createCluster`) or of `ioredis` (`Redis`, `Cluster`). */
export type RedisClient = NodeRedisClient | IoRedisClient

/** Tells the clients apart. */
export function connectionOf(client: RedisClient): Connection {
  if (isIoRedis(client)) return overIoRedis(client)
  if (isNodeRedis(client)) return overNodeRedis(client)
  throw new TypeError(
    'redisStore needs a client of `redis` (createClient or createCluster) or of `ioredis` (Redis or Cluster)',
  )
}
