import { createServer } from 'node:http'
import express, { type Request } from 'express'
import expressSession from 'express-session'
import { listening } from '../../subjects/listening.ts'
import { payload } from '../payload.ts'

interface WithSession {
  readonly session: { n?: number }
}

export async function serveExpressSession(store: object): Promise<number> {
  const app = express()
  app.use(
    expressSession({ secret: 'a secret of the comparison, 32 chars', store, resave: false, saveUninitialized: false }),
  )
  app.use((request, response) => {
    const { session } = request as Request & WithSession
    const [, path, bytes] = request.path.split('/')
    if (path === 'fill') Object.assign(session, payload(Number(bytes)), { n: 0 })
    if (path === 'write') session.n = (session.n ?? 0) + 1
    response.send(`ok ${session.n}`)
  })
  return listening(createServer(app))
}
