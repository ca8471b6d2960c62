import { createClient } from 'redis'
import type { Contents } from './subject.ts'

interface RedisClient {
  connect(): Promise<unknown>
  flushDb(): Promise<unknown>
  keys(pattern: string): Promise<string[]>
  get(key: string): Promise<string | null>
  set(key: string, value: string): Promise<unknown>
  del(key: string): Promise<unknown>
}

/** This subject's own database, empty. */
export async function redisDatabase(url: string): Promise<RedisClient> {
  const client: RedisClient = createClient({ url })
  await client.connect()
  await client.flushDb()
  return client
}

export async function contentsOfRedis(client: RedisClient): Promise<Contents> {
  const keys = await client.keys('*')
  const values = await Promise.all(keys.map((key) => client.get(key)))
  return { count: keys.length, text: [...keys, ...values].join('\n') }
}
