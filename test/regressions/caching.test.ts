import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import type { Routes } from '../http/application.ts'
import type { Server, Setup } from '../http/serving.ts'
import { Visitor } from '../http/visitor.ts'
import { who } from './answers.ts'
import { onEveryHost } from './servers.ts'
import { SharedCache } from './shared-cache.ts'

/** A page that says it may be kept by everyone. What it does to its session is what the bug was about. */
const routes: Setup['routes'] = ({ sessions }): Routes => ({
  'GET /refreshed': async ({ request }) => {
    const session = await sessions.open(request)
    return { headers: { 'cache-control': 'public, max-age=600' }, body: session.userId ?? 'nobody' }
  },
  'GET /attachment': async ({ request }) => {
    ;(await sessions.open(request)).data.n++
    return {
      headers: { 'cache-control': 'public, max-age=31536000, immutable', 'content-type': 'image/png' },
      body: 'png',
    }
  },
  'GET /greeting': async ({ request }) => {
    const session = await sessions.open(request)
    return { headers: { 'cache-control': 's-maxage=600' }, body: session.userId ?? 'nobody' }
  },
  'GET /unsaid': async ({ request }) => ({ body: (await sessions.open(request)).userId ?? 'nobody' }),
  'GET /moved': async ({ request }) => {
    ;(await sessions.open(request)).data.n++
    return { status: 301, headers: { location: '/who' } }
  },
  'GET /unchanged': async ({ request }) => {
    ;(await sessions.open(request)).data.n++
    return { status: 304, headers: { etag: '"1"', 'cache-control': 'public' } }
  },
})

/** Alice asks through the cache, then somebody else. What the other one got of hers. */
async function leaked(server: Server, path: string, prepare: (alice: Visitor) => unknown = () => {}, method = 'GET') {
  const cache = new SharedCache()
  const alice = await server.signedIn()
  await prepare(alice)
  const hers = await cache.get(alice, path, method)
  const stranger = server.visitor()
  const theirs = await cache.get(stranger, path, method)
  return {
    cookiesOfHers: hers.setCookies.length,
    isHit: theirs.isHit,
    body: theirs.body.includes('alice'),
    isAlice: (await who(stranger)) === 'alice',
  }
}

const nothing = { isHit: false, body: false, isAlice: false }

onEveryHost((serve) => {
  it('CVE-2023-30861 (Flask): a cookie that a page for everyone refreshes reaches nobody else', async (t) => {
    const server = await serve(t, { routes })
    // A rotation is due: the page sets a cookie although its handler changed nothing.
    const left = await leaked(server, '/refreshed', () => server.clock.advance(16 * 60_000))
    assert.deepEqual(left, { cookiesOfHers: 1, ...nothing })
  })

  it('CVE-2024-26144 (Rails): a picture for everyone that sets the cookie on its way reaches nobody else', async (t) => {
    const server = await serve(t, { routes })
    const left = await leaked(server, '/attachment', async (alice) => {
      await alice.post('/logout')
    })
    assert.deepEqual(left, { cookiesOfHers: 1, ...nothing })
  })

  it('CVE-2022-24894 (Symfony): no shared cache keeps a Set-Cookie, of a redirect, a 304 or a HEAD either', async (t) => {
    const server = await serve(t, { routes })
    const signOut = async (alice: Visitor): Promise<void> => void (await alice.post('/logout'))
    assert.deepEqual(await leaked(server, '/moved', signOut), { cookiesOfHers: 1, ...nothing })
    assert.deepEqual(await leaked(server, '/unchanged', signOut), { cookiesOfHers: 1, ...nothing })
    assert.deepEqual(await leaked(server, '/attachment', signOut, 'HEAD'), { cookiesOfHers: 1, ...nothing })
  })

  it('CVE-2025-48947 (nextjs-auth0): a page that only read its session is nobody else’s page', async (t) => {
    const server = await serve(t, { routes })
    assert.deepEqual(await leaked(server, '/greeting'), { cookiesOfHers: 0, ...nothing })
    assert.deepEqual(await leaked(server, '/read-only'), { cookiesOfHers: 0, ...nothing })
  })

  it('CVE-2025-64762 (authkit-nextjs): a page that says nothing of caches is kept by none', async (t) => {
    const server = await serve(t, { routes })
    assert.deepEqual(await leaked(server, '/unsaid'), { cookiesOfHers: 0, ...nothing })
    const rotating = await leaked(server, '/unsaid', () => server.clock.advance(16 * 60_000))
    assert.deepEqual(rotating, { cookiesOfHers: 1, ...nothing })
    const { headers } = await (await server.signedIn()).get('/unsaid')
    assert.equal(headers['cache-control'], 'no-store')
  })
})

describe('the shared cache of these tests', () => {
  it('would hand over the cookie of a server that does not forbid it', async (t) => {
    const server = createServer((_, response) => response.setHeader('set-cookie', 'sid=hers').end('alice'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const cache = new SharedCache()
    await cache.get(new Visitor(port, undefined as never), '/')
    const stranger = new Visitor(port, undefined as never)
    const { isHit } = await cache.get(stranger, '/')
    assert.deepEqual([isHit, stranger.cookies.get('sid')], [true, 'hers'])
  })
})
