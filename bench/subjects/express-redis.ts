import { RedisStore } from 'connect-redis'
import { serveExpress } from './express-application.ts'
import { contentsOfRedis, redisDatabase } from './redis-database.ts'
import type { Serve } from './subject.ts'

export const serve: Serve = async ({ redisUrl, faults }) => {
  const client = await redisDatabase(redisUrl)
  return {
    port: await serveExpress(new RedisStore({ client }), faults),
    contents: () => contentsOfRedis(client),
  }
}
