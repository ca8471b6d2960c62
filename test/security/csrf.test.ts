import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as readText } from 'node:stream/consumers'
import { it } from 'node:test'
import { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/express'
import { type CsrfOptions, csrf, csrfToken } from 'coatcheck/security/csrf'
import { memoryStore } from 'coatcheck/stores/memory'
import express from 'express'
import type { Context } from 'hono'
import { redirect, text } from '../http/application.ts'
import { hosts } from '../http/hosts.ts'
import { onServer, type Server, type Setup } from '../http/serving.ts'
import { Counter } from '../http/stores.ts'
import { type Answer, type Asking, Visitor } from '../http/visitor.ts'

type TokenFrom = NonNullable<CsrfOptions['tokenFrom']>

/** How an application reads the token of a form, by what its framework hands to handlers. */
const tokenFrom = {
  node: (request: IncomingMessage) => fieldOf(request),
  express: (request: IncomingMessage) => fieldOf(request),
  hono: async (c: Context) => (await c.req.parseBody()).csrf,
  fetch: async (request: Request) => {
    const isForm = request.headers.get('content-type') === 'application/x-www-form-urlencoded'
    return isForm ? (await request.clone().formData()).get('csrf') : undefined
  },
} as unknown as { readonly [host: string]: TokenFrom }

async function fieldOf(request: IncomingMessage): Promise<string | null> {
  return new URLSearchParams(await readText(request)).get('csrf')
}

/** What browsers send with a form of ours, and with one of another page. */
const ownForm = { 'sec-fetch-site': 'same-origin' }
const foreignForms = [
  { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example', referer: 'https://evil.example/' },
  { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:1' },
  { 'sec-fetch-site': 'cross-site', origin: 'null' },
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { referer: 'https://evil.example/' },
  { 'sec-fetch-site': ['same-origin', 'same-origin'], origin: 'https://evil.example' },
  { 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain' },
]

const changes = ['/login', '/n', '/set?theme=dark', '/logout', '/destroy', '/regenerate', '/looking']

for (const host of Object.keys(hosts)) {
  for (const place of host === 'node' ? ['memoryStore', 'fileStore'] : ['memoryStore']) {
    onServer(host, place, (serve) => {
      const guarded = (options: CsrfOptions = {}, more: Setup = {}): Setup => ({
        ...more,
        options: { guards: [csrf(options)] },
        routes: ({ sessions }) => ({
          'GET /form': async ({ request }) => {
            const session = await sessions.open(request)
            session.data.visits++
            return text(csrfToken(session) ?? '')
          },
          'GET /token': async ({ request }) =>
            text(csrfToken(await sessions.open(request, { mode: 'read-only' })) ?? ''),
          'POST /looking': async ({ request }) => {
            await sessions.open(request, { mode: 'read-only' })
            return text('looked')
          },
          'POST /caught': async ({ request }) => {
            const session = await sessions.open(request).catch(() => undefined)
            session?.signOut()
            return redirect('/who')
          },
        }),
      })

      it('logs in, works and logs out by forms that know of no token', async (t) => {
        const visitor = (await serve(t, guarded())).visitor()
        const own = { origin: `http://127.0.0.1:${visitor.port}` }
        for (const headers of [ownForm, own, { referer: `${own.origin}/login` }] as Asking['headers'][]) {
          assert.equal((await visitor.post('/login', { headers: headers! })).status, 303)
          assert.equal((await visitor.get('/who')).body, 'alice')
          assert.equal((await visitor.post('/n', { headers: headers! })).body, '1')
          assert.equal((await visitor.post('/logout', { headers: headers! })).status, 303)
          assert.equal((await visitor.get('/who')).body, 'nobody')
        }
      })

      it('refuses what other pages post, with no call to the store, and leaves the cookie alone', async (t) => {
        const counter = new Counter()
        const server = await serve(t, guarded({}, { between: counter.counting }))
        const signedIn = await signIn(server)
        for (const visitor of [server.visitor(), signedIn]) {
          const { cookieHeader } = visitor
          counter.take()
          for (const headers of foreignForms) {
            for (const path of changes) {
              const answer = await visitor.post(path, { headers, body: '{"n":1}' })
              assertRefused(answer)
              assert.doesNotMatch(answer.body, /evil/)
            }
            assert.deepEqual((await visitor.post('/caught', { headers })).setCookies, [])
          }
          assert.deepEqual([counter.take(), visitor.cookieHeader], [[], cookieHeader])
        }
        assert.equal((await signedIn.get('/who')).body, 'alice')
        assert.equal((await server.records()).length, 1)
      })

      it('takes a form’s token from a browser that sends no such header', async (t) => {
        const server = await serve(t, guarded({ tokenFrom: tokenFrom[host]! }))
        const old = server.visitor()
        assertRefused(await old.post('/login'))
        await old.get('/form') // A visit is noted down, so that there is a session; the next page has its token.
        const before = (await old.get('/form')).body
        assert.equal((await submit(old, '/login', before)).status, 303)
        const token = (await old.get('/token')).body
        for (const wrong of [undefined, '', 'wrong', before]) assertRefused(await submit(old, '/n', wrong))
        assert.equal((await submit(old, '/n', token)).body, '1')
        assert.equal((await submit(old, '/n', (await old.get('/token')).body)).body, '2')
        assert.equal((await submit(old, '/logout', token)).status, 303)
        assertRefused(await submit(old, '/n', token))
      })

      it('refuses a wrong token in whichever form, without a write and without keeping its turn', async (t) => {
        const counter = new Counter()
        const server = await serve(t, guarded({ tokenFrom: tokenFrom[host]! }, { between: counter.counting }))
        const [visitor, other] = [await signIn(server), await signIn(server)]
        const wrong = (await other.get('/token')).body
        const { cookieHeader } = visitor
        counter.take()
        const answers = await Promise.all([
          submit(visitor, '/n', wrong, ownForm),
          submit(visitor, '/n', wrong),
          visitor.post('/n', { headers: { ...ownForm, 'x-csrf-token': wrong } }),
          visitor.post('/regenerate', { headers: { ...ownForm, 'x-csrf-token': [wrong, wrong] } }),
        ])
        for (const answer of answers) assertRefused(answer)
        // It must have waited for its turn to be refused: an exclusive session is asked about once it is ours.
        assert.deepEqual(counter.take().sort(), [...Array(4).fill('lockAndRead'), ...Array(4).fill('read')])
        assert.equal(visitor.cookieHeader, cookieHeader)
        assert.equal((await submit(visitor, '/n', (await visitor.get('/token')).body)).body, '1')
      })

      it('compares origins with what the browser sees, behind a proxy too', async (t) => {
        const proxied = { trustProxy: ['loopback'] }
        const headers = { host: 'shop.example', 'x-forwarded-proto': 'https' }
        const server = await serve(t, guarded({}, proxied))
        for (const origin of ['https://shop.example', 'HTTPS://Shop.Example:443']) {
          assert.equal((await server.visitor().post('/login', { headers: { ...headers, origin } })).status, 303)
        }
        for (const origin of ['http://shop.example', 'https://shop.example:8443', 'https://www.shop.example']) {
          assertRefused(await server.visitor().post('/login', { headers: { ...headers, origin } }))
        }
        // This one does not pass the Host header on.
        const hidden = await serve(t, guarded({ trustedOrigins: ['https://shop.example'] }, proxied))
        const origin = 'https://shop.example'
        assert.equal((await hidden.visitor().post('/login', { headers: { origin } })).status, 303)
      })
    })
  }
}

it('takes a form’s token that express.urlencoded() has read before', async (t) => {
  const guard = csrf({ tokenFrom: (request: express.Request) => request.body?.csrf })
  const sessions = new Sessions<{ n?: number }>({ store: memoryStore(), guards: [guard] })
  const app = express().use(express.urlencoded({ extended: true }), coatcheck(sessions))
  app.post('/n', async (request, response) => {
    const session = await sessions.open(request)
    session.data.n = (session.data.n ?? 0) + 1
    await session.save()
    response.send(csrfToken(session))
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const agent = new Agent()
  t.after(async () => {
    agent.destroy()
    server.close()
    await sessions.close()
  })
  const visitor = new Visitor((server.address() as AddressInfo).port, agent)
  const { body: token } = await visitor.post('/n', { headers: ownForm })
  assert.equal((await submit(visitor, '/n', token)).status, 200)
  for (const wrong of [undefined, 'wrong']) assertRefused(await submit(visitor, '/n', wrong))
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  for (const body of [`csrf=${token}&csrf=${token}`, `csrf[x]=${token}`])
    assertRefused(await visitor.post('/n', { headers: { ...ownForm, ...type }, body }))
})

async function signIn(server: Server): Promise<Visitor> {
  const visitor = server.visitor()
  await visitor.post('/login', { headers: ownForm })
  assert.equal((await visitor.get('/who')).body, 'alice')
  return visitor
}

/** Submits a form with that token in it. */
function submit(visitor: Visitor, path: string, token: string | undefined, headers = {}): Promise<Answer> {
  const fields = new URLSearchParams({ item: 'hat', ...(token !== undefined && { csrf: token }) })
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  return visitor.post(path, { headers: { ...type, ...headers }, body: String(fields) })
}

function assertRefused({ status, body, setCookies }: Answer): void {
  assert.deepEqual([status, /ERR_\w+/.exec(body)?.[0], setCookies], [403, 'ERR_CROSS_SITE_REQUEST', []])
}
