import { createServer } from 'node:http'
import Koa from 'koa'
import session from 'koa-session'
import { application, type VisitedSession } from '../application/application.ts'
import { listening } from './listening.ts'
import { redisTexts } from './redis-texts.ts'
import type { Serve } from './subject.ts'

interface KoaSession {
  [key: string]: unknown
  regenerate(): Promise<void>
  save(): Promise<void>
}

interface Context {
  readonly method: string
  readonly url: string
  session: KoaSession | null
  status: number
  body: unknown
  set(name: string, value: string): void
}

export const serve: Serve = async ({ redisUrl, faults }) => {
  const store = await redisTexts(redisUrl, faults)
  const app = new Koa()
  app.keys = ['a secret of the comparison, 32 chars']
  app.proxy = true
  app.silent = true
  app.use(
    session(
      {
        secure: true,
        store: {
          get: (id: string) => store.get(id),
          set: (id: string, value: unknown) => store.set(id, value),
          destroy: (id: string) => store.delete(id),
        },
      },
      app,
    ),
  )
  app.use(async (context: Context) => {
    const answer = await application({ method: context.method, url: context.url }, () => visited(context))
    if (answer.location) context.set('Location', answer.location)
    context.status = answer.status
    context.body = answer.body
  })
  return { port: await listening(createServer(app.callback())), contents: () => store.contents() }
}

function visited(context: Context): VisitedSession {
  const session = context.session!
  return {
    get: (key) => session[key],
    set: (key, value) => {
      session[key] = value
    },
    async signIn(user) {
      session.user = user
      await session.regenerate()
    },
    signOut: () => {
      context.session = null
    },
    rotate: () => session.regenerate(),
    save: () => session.save(),
  }
}
