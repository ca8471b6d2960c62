import { createServer, type RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/hono'
import { memoryStore } from 'coatcheck/stores/memory'
import { Hono } from 'hono'
import { listening } from '../../subjects/listening.ts'
import { payload } from '../payload.ts'
import type { Serve } from '../server.ts'

export const serve: Serve = async () => {
  const sessions = new Sessions<{ n?: number; cart?: unknown[] }>({ store: memoryStore() })
  const app = new Hono().use(coatcheck(sessions))
  app.all('*', async (c) => {
    const session = await sessions.open(c)
    const [, path, bytes] = c.req.path.split('/')
    if (path === 'fill') Object.assign(session.data, payload(Number(bytes)), { n: 0 })
    if (path === 'write') session.data.n = (session.data.n ?? 0) + 1
    return c.text(`ok ${session.data.n}`)
  })
  return listening(createServer(getRequestListener(app.fetch) as RequestListener))
}
