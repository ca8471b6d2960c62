// Opens one store in several processes, for the store contract: `redis-open.ts?client=ioredis`, and the ports in REDIS_PORTS.
import type { Store } from 'coatcheck'
import { redisStore } from 'coatcheck/stores/redis'
import { type RedisClientName, redisClients } from './redis-clients.ts'

const name = new URL(import.meta.url).searchParams.get('client') as RedisClientName
const connected = redisClients[name](JSON.parse(process.env.REDIS_PORTS ?? '[]'))

export default async function open(space: string): Promise<Store> {
  return redisStore((await connected).client, { prefix: `${space}:` })
}
