import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { type Description, runConformance } from 'coatcheck/conformance'
import express from 'express'

/** Installed for the comparison of `npm run compare` only. */
const manifest = 'bench/node_modules/express-session/package.json'
const skip = existsSync(manifest) ? {} : { skip: 'express-session is not installed (npm run compare installs it)' }

type Next = (error?: unknown) => void
type Middleware = (request: IncomingMessage, response: ServerResponse, next: Next) => void

interface ExpressSession {
  user?: string
  values?: Record<string, string>
  regenerate(done: Next): void
  save(done: Next): void
  destroy(done: Next): void
}

interface Library {
  (options: object): Middleware
  readonly MemoryStore: new () => { readonly sessions: Readonly<Record<string, string>> }
}

/** What its users have to add themselves, or can't. */
const fails = [
  'cookie.delete-matches',
  'cookie.samesite-explicit',
  'csrf.fetch-metadata',
  'csrf.login',
  'csrf.token',
  'id.entropy128', // for a fixed beginning, `s:`
  'id.generic-name',
  'life.logout-clears-client',
  'life.no-resurrection',
  'life.regen-keeps-data',
  'net.no-store-vary',
]

describe('express-session, signing in and out as its documentation shows', skip, () => {
  it('runs through the same checks as any server, and fails those', async () => {
    const server = createServer(application())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = server.address() as AddressInfo
      const scale = { ids: 300, races: 60, visitors: 10, anonymousRequests: 50 }
      const { results, totals } = await runConformance(describeIt(`http://127.0.0.1:${port}`), { scale })
      const failed = results.filter(({ verdict }) => verdict === 'fail')
      const seen = failed.map((result) => `${result.id}: ${result.seen}`).join('\n')
      assert.deepEqual(failed.map(({ id }) => id).sort(), fails, seen)
      assert.deepEqual(totals, { pass: 22, fail: fails.length, 'not applicable': 33 })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})

function application(): express.Express {
  const session = createRequire(`${process.cwd()}/bench/package.json`)('express-session') as Library
  const store = new session.MemoryStore()
  const sessionOf = (request: express.Request): ExpressSession =>
    (request as unknown as { session: ExpressSession }).session
  const app = express()
  app.use(session({ secret: 'of a test', resave: false, saveUninitialized: false, store }))
  app.use(express.urlencoded({ extended: false }))
  app.get('/', (_request, response) => void response.send('welcome'))
  app.post('/login', (request, response, next) => {
    const { user } = request.body as { user: string }
    sessionOf(request).regenerate((error) => {
      if (error) return next(error)
      sessionOf(request).user = user
      sessionOf(request).save((failed) => (failed ? next(failed) : response.redirect('/')))
    })
  })
  app.post('/logout', (request, response, next) => {
    sessionOf(request).destroy((error) => (error ? next(error) : response.redirect('/')))
  })
  app.get('/me', (request, response) => {
    const { user } = sessionOf(request)
    response.status(user ? 200 : 401).send(user ?? 'please sign in')
  })
  app.get('/kv/:key', (request, response) => {
    const { values = {} } = sessionOf(request)
    const { key } = request.params
    if (Object.hasOwn(values, key)) response.send(values[key])
    else response.status(404).send('no such key')
  })
  app.post('/kv/:key', (request, response) => {
    const { values = {} } = sessionOf(request)
    values[request.params.key] = (request.body as { value: string }).value
    sessionOf(request).values = values
    response.status(Object.hasOwn(values, request.params.key) ? 200 : 400).send('')
  })
  app.post('/slow', (request, response) => {
    const done = (): void => {
      sessionOf(request).values = { slow: 'done' }
      response.send('done')
    }
    setTimeout(done, Number((request.body as { ms: string }).ms))
  })
  app.get('/dump', (_request, response) => {
    response.send(
      Object.entries(store.sessions)
        .map(([id, text]) => `${id} ${text}`)
        .join('\n'),
    )
  })
  app.use((error: { status?: number }, _request: express.Request, response: express.Response, _next: Next) => {
    response.status(error.status ?? 500).send('')
  })
  return app
}

function describeIt(baseUrl: string): Description {
  return {
    name: 'express-session',
    baseUrl,
    users: { first: { name: 'alice', password: 'x' }, many: { name: 'user-{n}', password: 'x' } },
    routes: {
      page: { path: '/' },
      anonymousWrite: { path: '/kv/first', form: { value: 'visit' } },
      signIn: { path: '/login', form: { user: '{user}' } },
      signOut: { method: 'POST', path: '/logout' },
      whoAmI: { path: '/me' },
      readValue: { path: '/kv/{key}' },
      writeValue: { path: '/kv/{key}', form: { value: '{value}' } },
      slowWrite: { path: '/slow', form: { ms: '{milliseconds}' } },
      dump: { path: '/dump' },
    },
  }
}
