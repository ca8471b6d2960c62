import assert from 'node:assert/strict'
import { it, mock } from 'node:test'
import { redirect, text } from './application.ts'
import { eventually, onEveryServer } from './serving.ts'
import { bodyOf, statusOf, Wire } from './visitor.ts'

const events = { 'content-type': 'text/event-stream' }

onEveryServer((serve) => {
  it('gives the whole cookie, and keeps the answer out of caches', async (t) => {
    const server = await serve(t)
    const { status, headers, setCookies } = await server.visitor().post('/login')
    const [line = ''] = setCookies
    assert.match(line, new RegExp(`^${server.cookieName}=[\\w-]{64}; Path=/; HttpOnly; SameSite=Lax$`))
    assert.deepEqual(
      {
        status,
        location: headers.location,
        cache: headers['cache-control'],
        // Express's redirect varies on Accept, too.
        vary: headers.vary?.split(', ').at(-1),
        count: setCookies.length,
      },
      { status: 303, location: '/who', cache: 'no-store', vary: 'Cookie', count: 1 },
    )
  })

  it('adds nothing to a page that opens no session', async (t) => {
    const { headers } = await (await serve(t)).visitor().get('/untouched')
    assert.deepEqual([headers['cache-control'], headers.vary, headers['set-cookie']], [undefined, undefined, undefined])
  })

  for (const [said, page, login] of [
    ['private, max-age=60', 'private, max-age=60', 'no-store'],
    ['no-store, no-cache', 'no-store, no-cache', 'no-store'],
    ['public, max-age=31536000', 'no-store', 'no-store'],
    ['no-cache', 'no-store', 'no-store'],
  ] as const) {
    it(`answers a page that says Cache-Control: ${said} with ${page}, and with ${login} beside a cookie`, async (t) => {
      const headers = { 'cache-control': said, vary: 'Accept-Language' }
      const server = await serve(t, {
        routes: ({ sessions }) => ({
          'GET /page': async ({ request }) => ({ headers, body: String((await sessions.open(request)).data.n) }),
          'POST /page': async ({ request }) => {
            ;(await sessions.open(request)).signIn('alice')
            return { headers, body: 'in' }
          },
        }),
      })
      const visitor = server.visitor()
      const answers = [await visitor.get('/page'), await visitor.post('/page')]
      assert.deepEqual(
        answers.map(({ headers }) => [headers['cache-control'], headers.vary]),
        [
          [page, 'Accept-Language, Cookie'],
          [login, 'Accept-Language, Cookie'],
        ],
      )
    })
  }

  it('names Cookie in Vary once', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions }) => ({
        'GET /page': async ({ request, query }) => {
          await sessions.open(request)
          return { headers: { vary: query.get('vary') ?? '' }, body: 'page' }
        },
      }),
    })
    const vary = async (value: string) =>
      (await server.visitor().get(`/page?vary=${encodeURIComponent(value)}`)).headers.vary
    assert.deepEqual(
      [await vary('cookie'), await vary('Accept, Cookie'), await vary('*'), await vary('X-Cookie')],
      ['cookie', 'Accept, Cookie', '*', 'X-Cookie, Cookie'],
    )
  })

  it('keeps a cookie of the application’s own beside ours', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions }) => ({
        'POST /page': async ({ request }) => {
          ;(await sessions.open(request)).signIn('alice')
          return { headers: { 'set-cookie': 'theme=dark; Path=/' }, body: 'in' }
        },
      }),
    })
    const visitor = server.visitor()
    const { setCookies } = await visitor.post('/page')
    assert.equal(setCookies.length, 2)
    assert.deepEqual([...visitor.cookies.keys()].sort(), [server.cookieName, 'theme'])
    assert.equal((await visitor.get('/who')).body, 'alice')
  })

  it('answers HEAD as GET, without a body', async (t) => {
    const visitor = await (await serve(t)).signedIn()
    const [get, head] = [await visitor.get('/who'), await visitor.ask('HEAD', '/who')]
    assert.deepEqual([head.status, head.body, head.headers.vary], [200, '', 'Cookie'])
    assert.equal(head.headers['content-type'], get.headers['content-type'])
  })

  it('answers 304 with what a commit adds', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions }) => ({
        'GET /same': async ({ request }) => {
          ;(await sessions.open(request)).data.n++
          return { status: 304, headers: { etag: '"1"' } }
        },
      }),
    })
    const visitor = server.visitor()
    const { status, body, headers, setCookies } = await visitor.get('/same')
    assert.deepEqual([status, body, headers.etag, setCookies.length], [304, '', '"1"', 1])
    assert.equal(JSON.parse((await visitor.get('/data')).body).n, 1)
  })

  it('answers two requests on one connection, and three sent at once, in order', async (t) => {
    const server = await serve(t)
    const visitor = await server.signedIn()
    const ask = (method: string, path: string, more = '') =>
      `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${visitor.cookieHeader}\r\nContent-Length: 0\r\n${more}\r\n`
    const wire = new Wire(server.port).send(ask('POST', '/n'))
    await wire.until((received) => /\r\n\r\n.*1/s.test(received))
    wire.send(ask('POST', '/n') + ask('GET', '/who') + ask('POST', '/n', 'Connection: close\r\n'))
    const received = await wire.closed()
    const bodies = received
      .split(/(?=HTTP\/1\.1 )/)
      .map((response) => `${statusOf(response)} ${bodyOf(response).replace(/^\w+\r\n(\w+)\r\n0\r\n\r\n$/, '$1')}`)
    assert.deepEqual(bodies, ['200 1', '200 2', '200 alice', '200 3'])
  })

  it('sends a stream’s first part at once, after what was written is stored', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions, gate }) => ({
        'GET /stream': async ({ request }) => {
          ;(await sessions.open(request)).data.theme = 'stored before the first byte'
          const body = async function* (): AsyncIterable<string> {
            yield 'first'
            await gate.pass()
            yield 'last'
          }
          return { headers: events, body: body() }
        },
      }),
    })
    const visitor = await server.signedIn()
    const wire = new Wire(server.port).send(
      `GET /stream HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${visitor.cookieHeader}\r\nConnection: close\r\n\r\n`,
    )
    const first = await wire.until((received) => received.includes('first'))
    assert.equal(first.includes('last'), false)
    assert.equal(JSON.parse((await visitor.get('/data')).body).theme, 'stored before the first byte')
    server.gate.open()
    assert.match(await wire.closed(), /first.*last/s)
  })

  it('refuses to open a session, or to change one, after the first byte', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions, second }) => ({
        'GET /late': async ({ request }) => {
          const session = await sessions.open(request)
          const attempts = [
            () => second.open(request),
            () => session.update((data) => ++data.n),
            () => session.save(),
            () => session.signIn('mallory'),
            () => session.signOut(),
            () => session.regenerateId(),
            () => session.flash.add('notice', 'late'),
          ]
          const body = async function* (): AsyncIterable<string> {
            yield 'first '
            for (const attempt of attempts) {
              try {
                await attempt()
                yield 'done '
              } catch (error) {
                yield `${(error as { code?: string }).code} `
              }
            }
          }
          return { headers: events, body: body() }
        },
      }),
      second: { cookie: { name: 'other' } },
    })
    const visitor = await server.signedIn()
    const { body } = await visitor.get('/late')
    assert.equal(body, `first ${'ERR_SESSION_SETTLED '.repeat(7)}`)
    assert.equal((await visitor.get('/who')).body, 'alice')
  })

  it('answers an error with nothing of the response that failed', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions }) => ({
        'POST /fails': async ({ request, query }) => {
          const session = await sessions.open(request)
          ;(session.data as { big?: string }).big = 'x'.repeat(2_000_000)
          if (query.has('redirect')) return redirect('/who')
          return { headers: { 'set-cookie': 'own=1', etag: '"1"', 'cache-control': 'public' }, body: 'fine' }
        },
      }),
    })
    const visitor = await server.signedIn()
    for (const path of ['/fails', '/fails?redirect']) {
      const { status, headers, body } = await visitor.post(path)
      const { 'set-cookie': setCookie, etag, location, 'cache-control': cache } = headers
      assert.deepEqual(
        { status, setCookie, etag, location, cache, isDeclared: body.includes('ERR_SESSION_TOO_LARGE') },
        {
          status: 413,
          setCookie: undefined,
          etag: undefined,
          location: undefined,
          cache: 'no-store',
          isDeclared: true,
        },
      )
    }
  })

  it('signs nobody in when the handler throws after signIn, and lets the next request in at once', async (t) => {
    const server = await serve(t)
    const error = mock.method(console, 'error', () => {})
    t.after(() => error.mock.restore())
    const stranger = server.visitor()
    const { status, setCookies } = await stranger.post('/sign-in-and-throw')
    assert.deepEqual([status, setCookies], [500, []])
    const visitor = server.visitor()
    await visitor.post('/n')
    assert.equal((await visitor.post('/sign-in-and-throw')).status, 500)
    assert.equal((await visitor.get('/who')).body, 'nobody')
    assert.equal((await visitor.post('/n')).body, '2')
  })

  it('signs out although the handler throws after it', async (t) => {
    const server = await serve(t)
    const error = mock.method(console, 'error', () => {})
    t.after(() => error.mock.restore())
    const visitor = await server.signedIn()
    const copy = visitor.copy()
    const { status, setCookies } = await visitor.post('/sign-out-and-throw')
    assert.equal(status, 500)
    assert.match(setCookies.join(), /^sid-\d+=; .*Expires=Thu, 01 Jan 1970 00:00:00 GMT$/)
    assert.equal((await copy.get('/who')).body, 'nobody')
  })

  it('answers 500 when a handler throws, and stores nothing that it had changed', async (t) => {
    const server = await serve(t)
    const error = mock.method(console, 'error', () => {})
    t.after(() => error.mock.restore())
    const visitor = await server.signedIn()
    const { status, setCookies } = await visitor.get('/throw')
    assert.deepEqual([status, setCookies], [500, []])
    // Express reports it a moment after it has answered.
    await eventually(() => error.mock.callCount() > 0)
    assert.match(String(error.mock.calls[0]?.arguments[0]), /a handler failed/)
    assert.equal(JSON.parse((await visitor.get('/data')).body).theme, undefined)
  })

  it('writes and logs out for a client that has gone, and lets the next request in', async (t) => {
    const server = await serve(t)
    for (const path of ['/slow-writer', '/slow-exclusive-writer', '/slow-logout']) {
      const visitor = await server.signedIn()
      const wire = new Wire(server.port).send(
        `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${visitor.cookieHeader}\r\nContent-Length: 0\r\n\r\n`,
      )
      await server.gate.reached()
      const noticed = server.noticed()
      await wire.drop()
      await noticed
      server.gate.open()
      if (path === '/slow-logout') {
        await eventually(async () => (await visitor.get('/who')).body === 'nobody')
      } else {
        await eventually(async () => JSON.parse((await visitor.get('/data')).body).theme === 'written late')
        assert.equal((await visitor.post('/n')).body, '1')
      }
    }
  })

  it('neither signs in nor creates a session for a client that has gone', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions, gate }) => ({
        'POST /slow-create': async ({ request }) => {
          ;(await sessions.open(request)).data.n++
          await gate.pass()
          return text('created')
        },
        'POST /slow-signed-in': async ({ request }) => {
          ;(await sessions.open(request)).signIn('alice')
          await gate.pass()
          return text('signed in')
        },
        'GET /finished': async () => text(''),
      }),
    })
    for (const path of ['/slow-create', '/slow-login', '/slow-signed-in']) {
      const wire = new Wire(server.port).send(
        `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 0\r\n\r\n`,
      )
      await server.gate.reached()
      const noticed = server.noticed()
      await wire.drop()
      await noticed
      server.gate.open()
      for (let turn = 0; turn < 20; turn++) await server.visitor().get('/finished')
      assert.deepEqual(await server.records(), [])
    }
  })

  it('keeps the session anonymous that a client left while signing in on it', async (t) => {
    const server = await serve(t)
    const visitor = server.visitor()
    await visitor.post('/set?theme=dark')
    const wire = new Wire(server.port).send(
      `POST /slow-login HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${visitor.cookieHeader}\r\nContent-Length: 0\r\n\r\n`,
    )
    await server.gate.reached()
    const noticed = server.noticed()
    await wire.drop()
    await noticed
    server.gate.open()
    // The next POST gets its turn at once, with the cookie that the visitor still has.
    assert.equal((await visitor.post('/n')).body, '1')
    assert.deepEqual(
      { who: (await visitor.get('/who')).body, data: JSON.parse((await visitor.get('/data')).body) },
      { who: 'nobody', data: { n: 1, visits: 0, items: [], theme: 'dark' } },
    )
  })

  it('believes X-Forwarded-Proto from a trusted proxy only', async (t) => {
    const headers = { 'x-forwarded-proto': 'https' }
    const trusting = await serve(t, { trustProxy: ['loopback'] })
    const visitor = trusting.visitor()
    const { setCookies } = await visitor.post('/login', { headers })
    assert.match(setCookies.join(), /^__Host-sid=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    assert.equal((await visitor.get('/who', { headers })).body, 'alice')
    // What the browser said to the proxy comes first, what the proxy saw comes last.
    const forged = await trusting.visitor().post('/login', { headers: { 'x-forwarded-proto': 'https, http' } })
    assert.match(forged.setCookies.join(), new RegExp(`^${trusting.cookieName}=`))

    const other = await serve(t, { trustProxy: ['192.0.2.1'] })
    const ignored = await other.visitor().post('/login', { headers })
    assert.match(ignored.setCookies.join(), new RegExp(`^${other.cookieName}=[^;]+; Path=/; HttpOnly; SameSite=Lax$`))
  })

  it('refuses plain http to another host than this machine, and gives no cookie', async (t) => {
    const server = await serve(t)
    const error = mock.method(console, 'error', () => {})
    t.after(() => error.mock.restore())
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'localhost' }
    for (const headers of [{ host: 'example.com' }, { host: 'example.com', ...forwarded }]) {
      const { status, setCookies, body } = await server.visitor().post('/login', { headers })
      assert.deepEqual(
        { status, setCookies, code: /ERR_\w+/.exec(body)?.[0] },
        { status: 500, setCookies: [], code: 'ERR_INSECURE_CONNECTION' },
      )
    }
    assert.deepEqual(await server.records(), [])
  })

  it('does not take a request line that says https for https', async (t) => {
    const server = await serve(t)
    const wire = new Wire(server.port).send(
      `POST https://127.0.0.1:${server.port}/login HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    )
    const received = await wire.closed()
    assert.equal(/set-cookie: (__Host-sid|[^=]*)/i.exec(received)?.[1], server.cookieName)
  })
})
