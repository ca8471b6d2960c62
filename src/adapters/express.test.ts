import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, it, mock, type TestContext } from 'node:test'
import { createGzip } from 'node:zlib'
import express from 'express'
import { SessionError } from '../core/errors.ts'
import { Sessions } from '../core/sessions.ts'
import type { Store } from '../core/store.ts'
import { memoryStore } from '../stores/memory.ts'
import { coatcheck } from './express.ts'

interface Data {
  n: number
}

type Next = (error?: unknown) => void

/** What is used here of Express's own. */
interface Response extends ServerResponse {
  status(code: number): this
  send(body?: string): this
  json(body: unknown): this
  sendStatus(code: number): this
  redirect(url: string): void
  sendFile(path: string): void
  render(view: string): void
}

type Handler = (request: IncomingMessage, response: Response, next: Next) => unknown

function sessionsOn(store: Store = memoryStore(), name = 'sid') {
  return new Sessions<Data>({ store, initial: () => ({ n: 0 }), cookie: { name } })
}

/** A store that fails every write. */
function failing(): Store {
  return { ...memoryStore(), write: () => Promise.reject(new Error('connection reset')) }
}

async function listen(t: TestContext, app: RequestListener) {
  const server = createServer(app)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const ask = async (path = '/', init: RequestInit = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init })
    const cookies = response.headers.getSetCookie().map((line) => line.replace(/^(\w+)-\d+=([^;]*).*/, '$1 $2'))
    return { status: response.status, headers: response.headers, cookies, body: await response.text() }
  }
  return { ask, port }
}

function silence(t: TestContext) {
  const error = mock.method(console, 'error', () => {})
  // Express reports what it answered a moment later.
  t.after(() => new Promise<void>((resolve) => setImmediate(() => resolve(error.mock.restore()))))
  return error
}

const isTicket = (cookies: readonly string[]): boolean => /^sid [\w-]{64}$/.test(cookies.join())

/** What must not end with a signed-in visitor: each comes after `signIn`. */
const failures: { readonly [what: string]: Handler } = {
  'a handler that throws': () => {
    throw new Error('wrong')
  },
  'one that rejects': async () => {
    await null
    throw Object.assign(new Error('wrong'), { status: 403 })
  },
  'next(error)': (_request, _response, next) => next(Object.assign(new Error('wrong'), { status: 401 })),
  'a word for an error': (_request, _response, next) => next('wrong'),
  'a file that is not there': (_request, response) => response.sendFile('/there/is/no/such.file'),
  'a view that is not there': (_request, response) => response.render('no-such-view'),
}

const signingIn =
  (sessions: Sessions<Data>): Handler =>
  async (request, _response, next) => {
    ;(await sessions.open(request)).signIn('alice')
    next()
  }

const polite = (_error: unknown, _request: IncomingMessage, response: Response, _next: Next): unknown =>
  response.status(200).send('handled')

/** Where the error handler stands, beside the route that signs in and then fails. */
const applications: {
  readonly [what: string]: (sessions: Sessions<Data>, fail: Handler) => RequestListener
} = {
  'nobody but Express': (sessions, fail) => express().use(coatcheck(sessions)).get('/page', signingIn(sessions), fail),
  'the application’s error handler': (sessions, fail) =>
    express().use(coatcheck(sessions)).get('/page', signingIn(sessions), fail).use(polite),
  'an error handler that takes its time': (sessions, fail) =>
    express()
      .use(coatcheck(sessions))
      .get('/page', signingIn(sessions), fail)
      .use((_error: unknown, _request: IncomingMessage, response: Response, _next: Next) => {
        setTimeout(() => response.status(200).send('handled'), 10)
      }),
  'the route’s error handler': (sessions, fail) =>
    express().use(coatcheck(sessions)).get('/page', signingIn(sessions), fail, polite),
  'a router’s error handler': (sessions, fail) =>
    express()
      .use(coatcheck(sessions))
      .use('/page', express.Router().get('/', signingIn(sessions), fail).use(polite)),
  'the error handler of a mounted application': (sessions, fail) =>
    express()
      .use(coatcheck(sessions))
      .use('/page', express().get('/', signingIn(sessions), fail).use(polite)),
  'Express, for a mounted application': (sessions, fail) =>
    express()
      .use(coatcheck(sessions))
      .use('/page', express().get('/', signingIn(sessions), fail)),
  'the outer application, for sessions mounted on a router': (sessions, fail) =>
    express()
      .use('/page', express.Router().use(coatcheck(sessions)).get('/', signingIn(sessions), fail))
      .use(polite),
  'Express, for sessions mounted on a mounted application': (sessions, fail) =>
    express().use('/page', express().use(coatcheck(sessions)).get('/', signingIn(sessions), fail)),
  'an error handler that came after the first request': (sessions, fail) => {
    const app = express().use(coatcheck(sessions))
    return (request, response) => {
      if (request.url === '/late') app.get('/page', signingIn(sessions), fail).use(polite)
      return app(request, response)
    }
  },
}

describe('the express adapter', () => {
  for (const [whose, makeApp] of Object.entries(applications)) {
    for (const [what, fail] of Object.entries(failures)) {
      it(`signs nobody in after ${what}, answered by ${whose}`, async (t) => {
        silence(t)
        const sessions = sessionsOn()
        const { ask } = await listen(t, makeApp(sessions, fail))
        await ask('/late')
        const { cookies, body } = await ask('/page')
        assert.match(body, /handled|wrong|Not ?Found|ENOENT|No default engine/)
        assert.deepEqual(cookies, [])
      })
    }
  }

  it('signs nobody in after a parameter that is refused', async (t) => {
    silence(t)
    const sessions = sessionsOn()
    const app = express().use(coatcheck(sessions), signingIn(sessions))
    app.param('id', (_request: IncomingMessage, _response: Response, next: Next) => next(new Error('wrong')))
    app.get('/:id', (_request: IncomingMessage, response: Response) => response.send('in'))
    const { ask } = await listen(t, app)
    assert.deepEqual([(await ask('/1')).cookies, (await ask('/%ff')).cookies], [[], []])
  })

  it('goes on as after a catch when an error handler calls next() without an error', async (t) => {
    const sessions = sessionsOn()
    const app = express()
      .use(coatcheck(sessions))
      .get('/', () => {
        throw new Error('the weather service is down')
      })
      .use((_error: unknown, _request: IncomingMessage, _response: Response, next: Next) => next())
      .use(async (request: IncomingMessage, response: Response) => {
        ;(await sessions.open(request)).data.n++
        response.send('fine')
      })
    const { cookies, body } = await (await listen(t, app)).ask()
    assert.deepEqual([body, isTicket(cookies)], ['fine', true])
  })

  for (const word of ['route', 'router']) {
    it(`takes next('${word}') for no error`, async (t) => {
      const sessions = sessionsOn()
      const router = express
        .Router()
        .get('/', signingIn(sessions), (_request: IncomingMessage, _response: Response, next: Next) => next(word))
      const app = express()
        .use(coatcheck(sessions), router)
        .use((_request: IncomingMessage, response: Response) => response.send('next'))
      const { cookies, body } = await (await listen(t, app)).ask()
      assert.deepEqual([body, isTicket(cookies)], ['next', true])
    })
  }

  it('stores what a handler meant that answers 503 itself', async (t) => {
    const sessions = sessionsOn()
    const app = express().use(coatcheck(sessions))
    app.get('/', signingIn(sessions), (_request: IncomingMessage, response: Response) => response.sendStatus(503))
    const { status, cookies } = await (await listen(t, app)).ask()
    assert.deepEqual([status, isTicket(cookies)], [503, true])
  })

  it('adds its headers to whatever way of answering', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'coatcheck-express-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const file = join(directory, 'page.txt')
    writeFileSync(file, 'x'.repeat(300_000))
    const sessions = sessionsOn()
    const app = express().use(coatcheck(sessions), signingIn(sessions))
    const ways: { readonly [way: string]: (response: Response) => unknown } = {
      send: (response) => response.send('text'),
      json: (response) => response.json({ n: 1 }),
      redirect: (response) => response.redirect('/next'),
      sendStatus: (response) => response.sendStatus(204),
      sendFile: (response) => response.sendFile(file),
      end: (response) => response.end('end'),
      pipe: (response) => Readable.from(['a', 'b']).pipe(response),
    }
    for (const [way, answer] of Object.entries(ways)) {
      app.get(`/${way}`, (_request: IncomingMessage, response: Response) => void answer(response))
    }
    const { ask } = await listen(t, app)
    const seen: unknown[] = []
    for (const way of Object.keys(ways)) {
      const { status, headers, cookies, body } = await ask(`/${way}`)
      seen.push([way, status, isTicket(cookies), headers.get('cache-control'), body.length])
    }
    assert.deepEqual(seen, [
      ['send', 200, true, 'no-store', 4],
      ['json', 200, true, 'no-store', 7],
      ['redirect', 302, true, 'no-store', 27],
      ['sendStatus', 204, true, 'no-store', 0],
      ['sendFile', 200, true, 'no-store', 300_000],
      ['end', 200, true, 'no-store', 3],
      ['pipe', 200, true, 'no-store', 2],
    ])
  })

  /** Compresses as the usual middleware does: it stands between the handlers and whoever had the response before. */
  const compressing: Handler = (_request, response, next) => {
    const { write, end } = response
    const gzip = createGzip()
    let hasBegun = false
    const begin = (): void => {
      if (hasBegun || response.headersSent) return
      hasBegun = true
      response.removeHeader('content-length')
      response.setHeader('content-encoding', 'gzip')
    }
    gzip.on('data', (chunk) => void (Reflect.apply(write, response, [chunk]) || gzip.pause()))
    gzip.on('end', () => Reflect.apply(end, response, []))
    response.on('drain', () => gzip.resume())
    response.write = ((chunk: string | Buffer) => {
      begin()
      return gzip.write(chunk)
    }) as typeof write
    response.end = ((chunk?: string) => {
      begin()
      gzip.end(chunk)
      return response
    }) as typeof end
    next()
  }

  for (const [where, makeStack] of [
    ['before it', (sessions) => [compressing, coatcheck(sessions)]],
    ['after it', (sessions) => [coatcheck(sessions), compressing]],
  ] satisfies [string, (sessions: Sessions<Data>) => unknown[]][]) {
    it(`works with a compression ${where}`, async (t) => {
      const sessions = sessionsOn()
      const app = express().use(...(makeStack(sessions) as Handler[]), signingIn(sessions))
      app.get('/', (_request: IncomingMessage, response: Response) => response.send('x'.repeat(100_000)))
      const { headers, cookies, body } = await (await listen(t, app)).ask()
      assert.deepEqual([headers.get('content-encoding'), isTicket(cookies), body.length], ['gzip', true, 100_000])
    })

    it(`answers a failed commit whole with a compression ${where}`, async (t) => {
      const sessions = sessionsOn(failing())
      const app = express().use(...(makeStack(sessions) as Handler[]), signingIn(sessions))
      app.get('/', (_request: IncomingMessage, response: Response) => response.send('x'.repeat(100_000)))
      const { status, cookies, body } = await (await listen(t, app)).ask()
      assert.deepEqual([status, cookies, /\(ERR_\w+\)\n$/.exec(body)?.[0]], [503, [], '(ERR_STORE_UNAVAILABLE)\n'])
    })
  }

  describe('when the commit fails', () => {
    const codeOf = (error: unknown): string => (error instanceof SessionError ? error.code : String(error))
    const late = (error: unknown, _request: IncomingMessage, response: Response, _next: Next): void =>
      void setTimeout(() => response.status(418).send(codeOf(error)), 20)

    for (const [what, answer] of [
      ['send', (response) => response.send('fine')],
      ['json', (response) => response.json({})],
      ['redirect', (response) => response.redirect('/next')],
      ['writeHead and end', (response) => response.writeHead(200, { 'x-own': '1' }).end('fine')],
    ] satisfies [string, (response: Response) => unknown][]) {
      it(`hands it to the error handlers in place of ${what}`, async (t) => {
        const sessions = sessionsOn(failing())
        const app = express().use(coatcheck(sessions), signingIn(sessions))
        app.get('/', (_request: IncomingMessage, response: Response) => {
          response.setHeader('x-own', '1')
          answer(response)
        })
        const { status, headers, cookies, body } = await (await listen(t, app.use(late))).ask()
        assert.deepEqual(
          [status, body, cookies, headers.get('location'), headers.get('x-own')],
          [418, 'ERR_STORE_UNAVAILABLE', [], null, null],
        )
      })
    }

    it('replaces at once what is still being written', async (t) => {
      const sessions = sessionsOn(failing())
      const app = express().use(coatcheck(sessions), signingIn(sessions))
      app.get('/', async (_request: IncomingMessage, response: Response) => {
        const { write } = response
        response.write('a')
        await new Promise((resolve) => setTimeout(resolve, 20))
        // As a wrapper does, which keeps the method that it has wrapped.
        Reflect.apply(write, response, ['b'])
        response.end('c')
      })
      const { status, cookies, body } = await (await listen(t, app.use(late))).ask()
      assert.deepEqual([status, cookies, body.includes('(ERR_STORE_UNAVAILABLE)')], [503, [], true])
    })

    it('drops what a compression after it still puts out of the response that failed', async (t) => {
      const sessions = sessionsOn(failing())
      const app = express().use(coatcheck(sessions), compressing, signingIn(sessions))
      app.get('/', async (_request: IncomingMessage, response: Response) => {
        for (let part = 0; part < 10; part++) {
          response.write(randomBytes(100_000))
          await new Promise((resolve) => setImmediate(resolve))
        }
        response.end()
      })
      const { status, headers, body } = await (await listen(t, app)).ask()
      assert.deepEqual([status, headers.get('content-encoding')], [503, null])
      assert.match(body, /^503: .*\(ERR_STORE_UNAVAILABLE\)\n$/)
    })

    it('answers by itself where no error handler does', async (t) => {
      const error = silence(t)
      const sessions = sessionsOn(failing())
      const app = express().use(coatcheck(sessions), signingIn(sessions))
      app.get('/', (_request: IncomingMessage, response: Response) => void response.redirect('/next'))
      const { status, headers, body } = await (await listen(t, app)).ask()
      assert.deepEqual(
        [status, headers.get('retry-after'), headers.get('location'), body.includes('(ERR_STORE_UNAVAILABLE)')],
        [503, '1', null, true],
      )
      assert.equal(error.mock.callCount(), 0)
    })

    it('shows no success where the handler throws after it had answered', async (t) => {
      silence(t)
      const sessions = sessionsOn(failing())
      const app = express().use(coatcheck(sessions), signingIn(sessions))
      app.get('/', (_request: IncomingMessage, response: Response) => {
        response.send('fine')
        throw new Error('late')
      })
      const { status, cookies } = await (await listen(t, app)).ask()
      assert.deepEqual([status, cookies], [503, []])
    })
  })

  it('lets the client have what a handler answered before it threw', async (t) => {
    const error = silence(t)
    const sessions = sessionsOn()
    const app = express().use(coatcheck(sessions), signingIn(sessions))
    app.get('/', (_request: IncomingMessage, response: Response) => {
      response.send('fine')
      throw new Error('late')
    })
    const { cookies, body } = await (await listen(t, app)).ask()
    assert.deepEqual([body, isTicket(cookies)], ['fine', true])
    assert.match(String(error.mock.calls[0]?.arguments[0]), /late/)
  })

  it('cuts the connection when a handler throws in the midst of its answer', async (t) => {
    silence(t)
    const sessions = sessionsOn()
    const app = express().use(coatcheck(sessions), signingIn(sessions))
    app.get('/', (_request: IncomingMessage, response: Response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('half')
      throw new Error('late')
    })
    await assert.rejects((await listen(t, app)).ask())
  })

  it('answers what open throws with its status, unless the application does', async (t) => {
    const sessions = sessionsOn({ ...memoryStore(), read: () => Promise.reject(new Error('connection reset')) })
    const app = express().use(coatcheck(sessions))
    app.get('/', async (request: IncomingMessage, response: Response) => {
      response.setHeader('x-own', '1')
      response.send(String((await sessions.open(request)).data.n))
    })
    const { ask, port } = await listen(t, app)
    const cookie = `sid-${port}=${'A'.repeat(64)}`
    const { status, headers, body } = await ask('/', { headers: { cookie } })
    assert.deepEqual(
      [status, headers.get('retry-after'), headers.get('x-own'), body.includes('(ERR_STORE_UNAVAILABLE)')],
      [503, '1', null, true],
    )
  })

  it('shows several Sessions to the same handler, and commits one that is mounted twice once', async (t) => {
    const store = memoryStore()
    const [staff, shop] = [sessionsOn(store, 'staff'), sessionsOn(store, 'shop')]
    const app = express().use(coatcheck(staff), coatcheck(shop), coatcheck(staff))
    app.get('/:how', signingIn(staff), signingIn(shop), (request: IncomingMessage, response: Response) => {
      if (request.url === '/throws') throw new Error('wrong')
      response.send('both')
    })
    app.use(polite)
    const { ask } = await listen(t, app)
    const names = async (path: string) => (await ask(path)).cookies.map((cookie) => cookie.split(' ')[0]).sort()
    assert.deepEqual([await names('/page'), await names('/throws')], [['shop', 'staff'], []])
  })

  it('leaves requests alone that do not pass by it', async (t) => {
    silence(t)
    const sessions = sessionsOn()
    const app = express()
    app.get('/bare', () => {
      throw new Error('wrong')
    })
    app.use(coatcheck(sessions)).get('/', (_request: IncomingMessage, response: Response) => response.send('in'))
    const { ask } = await listen(t, app)
    assert.deepEqual([(await ask()).body, (await ask()).status, (await ask('/bare')).status], ['in', 200, 500])
    assert.equal(app.router.stack.length, 4)
  })

  it('stores, in the end, what a handler decided that never answers a client who has gone', async (t) => {
    const sessions = sessionsOn()
    let isIn = () => {}
    const arrived = new Promise<void>((resolve) => {
      isIn = resolve
    })
    const app = express().use(coatcheck(sessions))
    app.get('/', signingIn(sessions), (_request: IncomingMessage, response: Response) => response.send('in'))
    app.post('/', async (request: IncomingMessage, response: Response) => {
      ;(await sessions.open(request)).signOut()
      response.once('close', () => setImmediate(isIn))
      request.socket.destroy()
    })
    app.get('/who', async (request: IncomingMessage, response: Response) =>
      response.send((await sessions.open(request)).userId ?? 'nobody'),
    )
    const { ask, port } = await listen(t, app)
    const cookie = (await ask()).headers.getSetCookie()[0]?.split(';')[0] ?? ''
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write(`POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\nContent-Length: 0\r\n\r\n`)
    await arrived
    t.mock.timers.tick(30_000)
    t.mock.timers.reset()
    assert.equal((await ask('/who', { headers: { cookie } })).body, 'nobody')
  })

  it('says what is missing when it was not mounted, or not on an application', async (t) => {
    silence(t)
    const sessions = sessionsOn()
    const app = express().get('/', async (request: IncomingMessage, response: Response) =>
      response.send(String((await sessions.open(request)).data.n)),
    )
    assert.match((await (await listen(t, app)).ask()).body, /did not pass through coatcheck\(sessions\)/)
    const router = express.Router().use(coatcheck(sessions))
    let message = ''
    const bare = await listen(t, (request, response) => {
      router(request as never, response as never, (error: unknown) => {
        message = String(error)
        response.end()
      })
    })
    await bare.ask()
    assert.match(message, /needs an application/)
  })
})
