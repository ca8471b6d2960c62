import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { SessionError } from '../core/errors.ts'
import { Sessions } from '../core/sessions.ts'
import type { Store } from '../core/store.ts'
import { memoryStore } from '../stores/memory.ts'
import { coatcheck } from './hono.ts'

interface Data {
  n: number
}

function application(store: Store = memoryStore()) {
  const sessions = new Sessions<Data>({ store, initial: () => ({ n: 0 }) })
  return { sessions, app: new Hono().use(coatcheck(sessions)) }
}

/** A store that fails every write. */
function failing(): Store {
  return { ...memoryStore(), write: () => Promise.reject(new Error('connection reset')) }
}

// Hono alone, without a server: any runtime with the Fetch API.
describe('the hono adapter', () => {
  it('sets a __Host- cookie on an https URL, and one with the port in its name on http to this machine', async () => {
    const { sessions, app } = application()
    app.get('/', async (c) => c.text(String(++(await sessions.open(c)).data.n)))
    const [https, http] = [await app.request('https://shop.example/'), await app.request('http://localhost:3000/')]
    assert.match(https.headers.getSetCookie().join(), /^__Host-sid=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    assert.match(http.headers.getSetCookie().join(), /^sid-3000=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax$/)
    const cookie = https.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    assert.equal(await (await app.request('https://shop.example/', { headers: { cookie } })).text(), '2')
  })

  it('adds its headers to whatever kind of response', async () => {
    const { sessions, app } = application()
    const count = async (c: object) => ++(await sessions.open(c)).data.n
    app.get('/redirect', async (c) => {
      await count(c)
      return c.redirect('/next', 303)
    })
    app.get('/raw', async (c) => {
      await count(c)
      return new Response('raw', { headers: { 'set-cookie': 'own=1' } })
    })
    app.get('/frozen', async (c) => {
      await count(c)
      return Response.redirect('https://shop.example/next', 302)
    })
    app.get('/empty', async (c) => {
      await count(c)
      return c.body(null, 204)
    })
    app.get('/json', async (c) => {
      await count(c)
      return c.json({ n: 1 })
    })
    app.get('/header', async (c) => {
      await count(c)
      c.header('set-cookie', 'own=1')
      return c.text('header')
    })
    app.get('/stream', async (c) => {
      await count(c)
      return streamSSE(c, (stream) => stream.writeSSE({ data: 'x' }))
    })
    const seen: unknown[] = []
    for (const path of ['redirect', 'raw', 'frozen', 'empty', 'json', 'header', 'stream']) {
      const { status, headers } = await app.request(`https://shop.example/${path}`)
      const names = headers.getSetCookie().map((line) => line.slice(0, line.indexOf('=')))
      seen.push([path, status, names.sort().join(), headers.get('cache-control'), headers.get('vary')])
    }
    assert.deepEqual(seen, [
      ['redirect', 303, '__Host-sid', 'no-store', 'Cookie'],
      ['raw', 200, '__Host-sid,own', 'no-store', 'Cookie'],
      ['frozen', 302, '__Host-sid', 'no-store', 'Cookie'],
      ['empty', 204, '__Host-sid', 'no-store', 'Cookie'],
      ['json', 200, '__Host-sid', 'no-store', 'Cookie'],
      ['header', 200, '__Host-sid,own', 'no-store', 'Cookie'],
      ['stream', 200, '__Host-sid', 'no-store', 'Cookie'],
    ])
  })

  it('answers an error with no header of the response that failed, however it was set', async () => {
    const { sessions, app } = application(failing())
    app.get('/redirect', async (c) => {
      ;(await sessions.open(c)).data.n++
      c.header('X-Own', '1')
      c.header('Cache-Control', 'public, max-age=60')
      c.header('Set-Cookie', 'own=1')
      return c.redirect('/next')
    })
    const response = await app.request('https://shop.example/redirect')
    assert.deepEqual(
      [response.status, Object.fromEntries(response.headers)],
      [503, { 'cache-control': 'no-store', 'content-type': 'text/plain; charset=utf-8', 'retry-after': '1' }],
    )
    assert.match(await response.text(), /ERR_STORE_UNAVAILABLE/)
  })

  it('hands a failed commit to the application’s onError', async () => {
    const { sessions, app } = application(failing())
    app.onError((error, c) => c.text(error instanceof SessionError ? error.code : 'other', 418))
    app.get('/', async (c) => {
      ;(await sessions.open(c)).data.n++
      return c.redirect('/next')
    })
    const response = await app.request('https://shop.example/')
    assert.deepEqual(
      [response.status, await response.text(), response.headers.get('location'), response.headers.getSetCookie()],
      [418, 'ERR_STORE_UNAVAILABLE', null, []],
    )
  })

  it('commits once when it is mounted twice', async () => {
    const { sessions, app } = application()
    app.use(coatcheck(sessions))
    app.get('/', async (c) => c.text(String(++(await sessions.open(c)).data.n)))
    assert.equal((await app.request('https://shop.example/')).headers.getSetCookie().length, 1)
  })

  it('answers what was not found, or threw, as Hono does, and stores the session of the former only', async (t) => {
    const error = mock.method(console, 'error', () => {})
    t.after(() => error.mock.restore())
    const { sessions, app } = application()
    app.get('/', async (c) => {
      ;(await sessions.open(c)).data.n++
      throw new Error('a handler failed')
    })
    app.notFound(async (c) => c.text(String(++(await sessions.open(c)).data.n), 404))
    const thrown = await app.request('https://shop.example/')
    const missing = await app.request('https://shop.example/missing')
    assert.deepEqual(
      [thrown, missing].map(({ status, headers }) => [status, headers.getSetCookie().length]),
      [
        [500, 0],
        [404, 1],
      ],
    )
  })

  it('does not go on watching a session for a client that had gone before', async (t) => {
    const store = memoryStore()
    let reads = 0
    const { sessions, app } = application({
      ...store,
      read(...args) {
        reads++
        return store.read(...args)
      },
    })
    t.after(() => sessions.close())
    const gone = new AbortController()
    app.get('/login', async (c) => {
      ;(await sessions.open(c)).signIn('alice')
      return c.text('in')
    })
    app.get('/events', async (c) => {
      const session = await sessions.open(c, { mode: 'read-only' })
      gone.abort()
      return c.text(String(session.ended.aborted))
    })
    const [line = ''] = (await app.request('https://shop.example/login')).headers.getSetCookie()
    t.mock.timers.enable({ apis: ['setTimeout'] })
    await app.request('https://shop.example/events', {
      headers: { cookie: line.split(';')[0] ?? '' },
      signal: gone.signal,
    })
    assert.equal(reads, 1)
    t.mock.timers.tick(5_000)
    assert.equal(reads, 1)
  })

  it('says what is missing when it was not mounted', async () => {
    const { sessions } = application()
    const app = new Hono()
    let message = ''
    app.onError((error, c) => {
      message = error.message
      return c.text('failed', 500)
    })
    app.get('/', async (c) => c.text(String((await sessions.open(c)).data.n)))
    assert.equal((await app.request('https://shop.example/')).status, 500)
    assert.match(message, /did not pass through coatcheck\(sessions\)/)
  })
})
