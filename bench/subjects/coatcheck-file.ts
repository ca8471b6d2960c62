import { createServer, type RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/hono'
import { fileStore } from 'coatcheck/stores/file'
import { Hono } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { application } from '../application/application.ts'
import { visited } from './coatcheck-application.ts'
import { contentsOf } from './coatcheck-contents.ts'
import { broken } from './coatcheck-faults.ts'
import { filesOf } from './files-of.ts'
import { listening } from './listening.ts'
import type { Serve } from './subject.ts'

export const serve: Serve = async ({ directory, faults }) => {
  const store = fileStore(directory)
  const sessions = new Sessions({ store: broken(store, faults) })
  const app = new Hono().use(coatcheck(sessions, { trustProxy: ['127.0.0.1'] }))
  app.all('*', async (c) => {
    const answer = await application({ method: c.req.method, url: c.req.url }, async (reason) =>
      visited(await sessions.open(c, reason === 'sign-out' ? { mode: 'shared' } : {})),
    )
    if (answer.location) c.header('Location', answer.location)
    return c.json(answer.body, answer.status as ContentfulStatusCode)
  })
  return {
    port: await listening(createServer(getRequestListener(app.fetch) as RequestListener)),
    contents: async () => ({
      count: (await contentsOf(store)).count,
      text: filesOf(directory)
        .map(({ path, text }) => `${path}\n${text}`)
        .join('\n'),
    }),
  }
}
