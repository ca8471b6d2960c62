import { redisStore } from 'coatcheck/stores/redis'
import { createClient } from 'redis'
import { serveStore } from './coatcheck-served.ts'
import type { Serve } from './subject.ts'

export const serve: Serve = async ({ redisUrl, faults }) => {
  const client = createClient({ url: redisUrl })
  await client.connect()
  await client.flushDb()
  return serveStore(redisStore(client, { warn() {} }), faults)
}
