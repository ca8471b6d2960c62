import fastify from 'fastify'
import type { Serve } from '../server.ts'

export const serve: Serve = async () => {
  const app = fastify()
  app.all('*', async () => 'ok')
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server.address().port
}
