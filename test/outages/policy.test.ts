import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Sessions } from 'coatcheck'
import { memoryStore } from 'coatcheck/stores/memory'
import { text } from '../http/application.ts'
import { hosts } from '../http/hosts.ts'
import { onServer, type Serve, type Setup } from '../http/serving.ts'
import { Breaker } from '../http/stores.ts'

/* whenUnavailable: 'anonymous-read-only' */

describe('looking on as a guest while the store does not answer', () => {
  const scenarios = (serve: Serve): void => {
    const setUp = (breaker: Breaker): Setup => ({
      between: breaker.breaking,
      options: { storeTimeout: 30, whenUnavailable: 'anonymous-read-only' },
      routes: ({ sessions }) => ({
        'GET /': async ({ request }) => {
          const { isStandIn, userId, isStored, data, id } = await sessions.open(request)
          return text(JSON.stringify({ isStandIn, userId, isStored, id, data }))
        },
        'GET /read-only': async ({ request }) => {
          const { isStandIn, userId } = await sessions.open(request, { mode: 'read-only' })
          return text(JSON.stringify({ isStandIn, userId }))
        },
        'POST /read-only': async ({ request }) =>
          text(String((await sessions.open(request, { mode: 'read-only' })).userId)),
        'GET /exclusive': async ({ request }) =>
          text(String((await sessions.open(request, { mode: 'exclusive' })).userId)),
        'GET /login': async ({ request }) => {
          const session = await sessions.open(request)
          session.signIn('alice')
          return text('signed in')
        },
        'GET /logout': async ({ request }) => {
          const session = await sessions.open(request)
          session.signOut()
          return text('signed out')
        },
        'GET /logout-and-throw': async ({ request }) => {
          const session = await sessions.open(request)
          session.signOut()
          throw new Error('a handler failed')
        },
        'GET /save': async ({ request }) => {
          const session = await sessions.open(request)
          session.data.theme = 'dark'
          await session.save()
          return text('saved')
        },
      }),
    })
    const fates = ['rejects', 'throws', 'never answers'] as const

    for (const fate of fates) {
      it(`shows the pages for everyone while a read ${fate}, and the visitor's own afterwards`, async (t) => {
        const breaker = new Breaker()
        const server = await serve(t, setUp(breaker))
        const visitor = await server.signedIn()
        const { ticket } = visitor
        breaker.fail({ read: fate })
        const { status, headers, setCookies, body } = await visitor.get('/')
        assert.deepEqual(
          { status, caching: headers['cache-control'], vary: headers.vary, setCookies, body: JSON.parse(body) },
          {
            status: 200,
            caching: 'no-store',
            vary: 'Cookie',
            setCookies: [],
            body: { isStandIn: true, isStored: false, data: { n: 0, visits: 0, items: [] } },
          },
        )
        assert.deepEqual(JSON.parse((await visitor.get('/read-only')).body), { isStandIn: true })
        assert.equal((await visitor.ask('HEAD', '/')).status, 200)
        breaker.recover()
        assert.equal(visitor.ticket, ticket)
        assert.deepEqual(JSON.parse((await visitor.get('/read-only')).body), { isStandIn: false, userId: 'alice' })
      })

      it(`stores nothing, signs nobody in or out and leaves the cookie alone while a read ${fate}`, async (t) => {
        const asked = [
          ['GET', '/set?theme=dark'],
          ['GET', '/update'],
          ['GET', '/flash/add'],
          ['GET', '/save'],
          ['GET', '/login'],
          ['GET', '/logout'],
          ['GET', '/logout-and-throw'],
          ['GET', '/exclusive'],
          ['POST', '/read-only'],
          ['POST', '/n'],
          ['POST', '/login'],
          ['POST', '/logout'],
        ] as const
        for (const [method, path] of asked) {
          const breaker = new Breaker()
          const server = await serve(t, setUp(breaker))
          const visitor = await server.signedIn()
          // Writing would work.
          breaker.fail({ read: fate })
          const { status, setCookies } = await visitor.ask(method, path)
          assert.deepEqual(
            { path, status, setCookies, records: (await server.records()).length },
            { path, status: 503, setCookies: [], records: 1 },
          )
          breaker.recover()
          assert.equal((await visitor.get('/who')).body, 'alice')
        }
      })
    }

    it('changes nothing for a visitor without a cookie, or for whom the store answers', async (t) => {
      const breaker = new Breaker()
      const server = await serve(t, setUp(breaker))
      const visitor = server.visitor()
      breaker.fail({ read: 'rejects' })
      assert.equal(JSON.parse((await visitor.get('/')).body).isStandIn, false)
      assert.equal((await visitor.post('/login')).status, 303)
      breaker.recover()
      assert.equal((await visitor.get('/set?theme=dark')).status, 200)
      assert.equal(JSON.parse((await visitor.get('/data')).body).theme, 'dark')
    })
  }

  for (const host of Object.keys(hosts)) onServer(host, 'memoryStore', scenarios)

  it('is not what happens unless it was asked for', async () => {
    const options = { store: memoryStore(), whenUnavailable: 'fail-open' as 'fail-closed' }
    assert.throws(() => new Sessions(options), /whenUnavailable must be 'fail-closed' or 'anonymous-read-only'/)
  })
})
