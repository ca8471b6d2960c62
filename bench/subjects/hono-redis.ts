import { createServer, type RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { useSession, useSessionStorage } from '@hono/session'
import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { application, type VisitedSession } from '../application/application.ts'
import { listening } from './listening.ts'
import { redisTexts } from './redis-texts.ts'
import type { Serve } from './subject.ts'

type Data = Record<string, unknown>

interface HonoSession {
  get(): Promise<Data | null>
  update(change: (data: Data | null) => Data): Promise<void>
  delete(): void
}

export const serve: Serve = async ({ redisUrl, faults }) => {
  const store = await redisTexts(redisUrl, faults)
  const app = new Hono<{ Variables: { session: HonoSession } }>()
  app.use(
    useSessionStorage(store),
    useSession({ secret: 'a secret of the comparison, 32 c', duration: { absolute: 43_200 } }),
  )
  app.all('*', async (c) => {
    const answer = await application({ method: c.req.method, url: c.req.url }, () => visited(c.var.session))
    if (answer.location) c.header('Location', answer.location)
    return c.json(answer.body, answer.status as ContentfulStatusCode)
  })
  return {
    port: await listening(createServer(getRequestListener(app.fetch) as RequestListener)),
    contents: () => store.contents(),
  }
}

/** `get` first: a `delete` without it would leave the record in the store. */
async function visited(session: HonoSession): Promise<VisitedSession> {
  const data = (await session.get()) ?? {}
  const set = (key: string, value: unknown) => session.update((stored) => ({ ...stored, [key]: value }))
  return {
    get: (key) => data[key],
    set,
    signIn: (user) => set('user', user),
    signOut: () => session.delete(),
  }
}
