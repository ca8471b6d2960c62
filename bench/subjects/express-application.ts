import { createServer } from 'node:http'
import express, { type Request } from 'express'
import session from 'express-session'
import { application, type VisitedSession } from '../application/application.ts'
import { breakCallbacks, type Faults } from './faults.ts'
import { listening } from './listening.ts'

type Callback = (error?: unknown) => void

interface ExpressSession {
  [key: string]: unknown
  regenerate(callback: Callback): void
  save(callback: Callback): void
  destroy(callback: Callback): void
}

interface WithSession {
  readonly session: ExpressSession
}

/** The application with express-session, as its README sets it up behind a proxy that speaks https. */
export async function serveExpress(store: object, faults: Faults): Promise<number> {
  breakCallbacks(store, faults)
  const app = express()
  app.set('trust proxy', 1)
  app.use(
    session({
      secret: 'a secret of the comparison, 32 chars',
      store,
      resave: false,
      saveUninitialized: false,
      cookie: { secure: true },
    }),
  )
  app.use(async (request, response) => {
    const answer = await application({ method: request.method, url: request.originalUrl }, () =>
      visited(request as Request & WithSession),
    )
    if (answer.location) response.set('Location', answer.location)
    response.status(answer.status).json(answer.body)
  })
  return listening(createServer(app))
}

/** `regenerate` replaces `request.session`, and drops its data. */
function visited(request: WithSession): VisitedSession {
  const save = () => settled((callback) => request.session.save(callback))
  const regenerate = () => settled((callback) => request.session.regenerate(callback))
  return {
    get: (key) => request.session[key],
    set: (key, value) => {
      request.session[key] = value
    },
    async signIn(user) {
      await regenerate()
      request.session.user = user
      await save()
    },
    signOut: () => settled((callback) => request.session.destroy(callback)),
    async rotate() {
      const { cookie: _, ...data } = { ...request.session }
      await regenerate()
      Object.assign(request.session, data)
    },
    save,
  }
}

function settled(run: (callback: Callback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    run((error) => (error ? reject(error) : resolve()))
  })
}
