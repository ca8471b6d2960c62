import cookie from '@fastify/cookie'
import session from '@fastify/session'
import fastify from 'fastify'
import { application, type VisitedSession } from '../application/application.ts'
import { breakCallbacks, type Faults } from './faults.ts'

interface FastifySession {
  get(key: string): unknown
  set(key: string, value: unknown): void
  regenerate(keys: string[]): Promise<void>
  destroy(): Promise<void>
  save(): Promise<void>
}

interface Request {
  readonly method: string
  readonly url: string
  readonly session: FastifySession
}

interface Reply {
  header(name: string, value: string): Reply
  code(status: number): Reply
}

/** The application with @fastify/session, behind a proxy that speaks https. */
export async function serveFastify(store: object, faults: Faults): Promise<number> {
  breakCallbacks(store, faults)
  const app = fastify({ trustProxy: true })
  app.register(cookie)
  app.register(session, { secret: 'a secret of the comparison, 32 chars', store, saveUninitialized: false })
  app.all('*', async (request: Request, reply: Reply) => {
    const answer = await application({ method: request.method, url: request.url }, () => visited(request))
    if (answer.location) reply.header('location', answer.location)
    reply.code(answer.status)
    return answer.body
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server.address().port
}

function visited(request: Request): VisitedSession {
  return {
    get: (key) => request.session.get(key),
    set: (key, value) => request.session.set(key, value),
    async signIn(user) {
      await request.session.regenerate([])
      request.session.set('user', user)
    },
    signOut: () => request.session.destroy(),
    rotate: () => request.session.regenerate(Object.keys(request.session).filter((key) => key !== 'cookie')),
    save: () => request.session.save(),
  }
}
