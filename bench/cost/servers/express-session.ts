import { createServer } from 'node:http'
import express from 'express'
import session from 'express-session'
import { listening } from '../../subjects/listening.ts'
import { payload } from '../payload.ts'

interface Request {
  readonly path: string
  readonly session: { n?: number }
}

export async function serveExpressSession(store: object): Promise<number> {
  const app = express()
  app.use(session({ secret: 'a secret of the comparison, 32 chars', store, resave: false, saveUninitialized: false }))
  app.use((request: Request, response: { send(text: string): void }) => {
    const [, path, bytes] = request.path.split('/')
    if (path === 'fill') Object.assign(request.session, payload(Number(bytes)), { n: 0 })
    if (path === 'write') request.session.n = (request.session.n ?? 0) + 1
    response.send(`ok ${request.session.n}`)
  })
  return listening(createServer(app))
}
