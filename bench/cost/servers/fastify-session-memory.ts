import cookie from '@fastify/cookie'
import session from '@fastify/session'
import fastify from 'fastify'
import { payload } from '../payload.ts'
import type { Serve } from '../server.ts'

interface Request {
  readonly url: string
  readonly session: { n?: number }
}

export const serve: Serve = async () => {
  const app = fastify()
  app.register(cookie)
  app.register(session, {
    secret: 'a secret of the comparison, 32 chars',
    saveUninitialized: false,
    cookie: { secure: false },
  })
  app.all('*', async (request: Request) => {
    const [, path, bytes] = request.url.split('/')
    if (path === 'fill') Object.assign(request.session, payload(Number(bytes)), { n: 0 })
    if (path === 'write') request.session.n = (request.session.n ?? 0) + 1
    return `ok ${request.session.n}`
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server.address().port
}
