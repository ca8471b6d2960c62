import { createServer, type RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { listening } from '../../subjects/listening.ts'
import type { Serve } from '../server.ts'

export const serve: Serve = async () => {
  const app = new Hono()
  app.all('*', (c) => c.text('ok'))
  return listening(createServer(getRequestListener(app.fetch) as RequestListener))
}
