import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { coatcheck } from 'coatcheck/adapters/fetch'
import { memoryStore } from 'coatcheck/stores/memory'
import { cookieJar } from 'coatcheck/testing'
import { SessionError } from '../core/errors.ts'
import type { Session } from '../core/session.ts'
import { Sessions } from '../core/sessions.ts'
import type { Store } from '../core/store.ts'
import { type CsrfOptions, csrf, csrfToken } from './csrf.ts'

interface Data {
  n: number
}

const site = 'https://shop.example'
const ours = { 'sec-fetch-site': 'same-origin' }
const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }

type Handler = (session: Session<Data>, path: string) => string | Promise<string>

/** How many times it was opened by what may change something. */
const count: Handler = (session, path) => (path === '/look' ? 'looked' : String(++session.data.n))

/** A site whose handler is the test’s. */
function shop(options: CsrfOptions<Request> = {}, handler: Handler = count) {
  let now = Date.now()
  const calls: string[] = []
  const sessions = new Sessions<Data>({
    store: counting(memoryStore(), calls),
    initial: () => ({ n: 0 }),
    guards: [csrf(options)],
    clock: () => now,
  })
  let refusal: unknown
  const handle = coatcheck(sessions, async (request) => {
    refusal = undefined
    const session = await sessions.open(request).catch((error: unknown) => {
      refusal = error
      throw error
    })
    return new Response(await handler(session, new URL(request.url).pathname))
  })
  return {
    calls,
    sessions,
    advance: (milliseconds: number) => (now += milliseconds),
    /** Someone with a cookie jar. The answer is the handler's, or the code and the message of why there was none. */
    visitor() {
      const jar = cookieJar({ clock: () => now })
      const ask = async (method: string, headers: Record<string, string> = {}, path = '/'): Promise<string> => {
        const cookie = jar.header(site)
        const init = { method, headers: { ...headers, ...(cookie && { cookie }) } }
        const response = await handle(new Request(site + path, init))
        jar.accept(site, response.headers.getSetCookie())
        if (response.ok) return response.text()
        assert.ok(refusal instanceof SessionError, String(refusal))
        assert.deepEqual(
          [response.status, refusal.code, response.headers.getSetCookie()],
          [403, 'ERR_CROSS_SITE_REQUEST', []],
        )
        return refusal.message
      }
      return { jar, ask }
    },
  }
}

function counting(store: Store, calls: string[]): Store {
  return new Proxy(store, {
    get(target, name) {
      const value = Reflect.get(target, name)
      if (typeof value !== 'function' || name === 'deleteExpired') return value
      return (...args: unknown[]) => {
        calls.push(String(name))
        return value.apply(target, args)
      }
    },
  })
}

const isRefused = (answer: string): boolean => answer.startsWith('ERR_CROSS_SITE_REQUEST: ')

describe('a site with the CSRF guard', () => {
  it('refuses what another site’s page does, before the store is asked and whether or not someone is signed in', async () => {
    const { calls, visitor } = shop()
    const { ask } = visitor()
    assert.ok(isRefused(await ask('POST', foreign)))
    assert.equal(await ask('POST', ours), '1')
    calls.length = 0
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'QUERY', 'GETS'])
      assert.ok(isRefused(await ask(method, foreign)), method)
    assert.deepEqual(calls, [])
    assert.equal(await ask('POST', ours), '2')
  })

  it('leaves safe methods alone, wherever they come from', async () => {
    const { ask } = shop({ tokenFrom: () => assert.fail('asked'), exempt: () => assert.fail('asked') }).visitor()
    for (const method of ['GET', 'HEAD', 'OPTIONS']) assert.ok(!isRefused(await ask(method, foreign, '/look')), method)
    assert.ok(!isRefused(await ask('GET', { ...foreign, 'x-csrf-token': 'wrong' }, '/look')))
  })

  it('refuses a request that nothing is known of, and says what a program must send', async () => {
    const { calls, visitor } = shop()
    const { ask } = visitor()
    assert.equal(
      await ask('POST'),
      'ERR_CROSS_SITE_REQUEST: nothing says that this request came from a page of this site: no Sec-Fetch-Site, Origin or Referer, ' +
        'and no CSRF token. Browsers send Origin with every POST; a program has to send it too, here https://shop.example, or the ' +
        'session’s token as x-csrf-token',
    )
    assert.deepEqual(calls, [])
    assert.equal(await ask('POST', { origin: site }), '1')
    assert.ok(isRefused(await ask('POST')))
    assert.deepEqual(calls, ['write'])
  })

  it('says which page it refused, quoted, in ASCII and cut', async () => {
    const { ask } = shop().visitor()
    assert.equal(
      await ask('POST', foreign),
      'ERR_CROSS_SITE_REQUEST: this request came from a page of another site than https://shop.example (Sec-Fetch-Site: "cross-site", ' +
        'Origin: "https://evil.example"). If that page is yours, name its origin in csrf({ trustedOrigins }); if it is of this very ' +
        'site, let the proxy pass the Host header on as it is',
    )
    for (const host of [`${'h'.repeat(9_000)}.example`, '\u009b31m"\u0085"\t', ''])
      for (const header of ['origin', 'referer', 'sec-fetch-site']) {
        for (const value of ['x'.repeat(9_000), '\u009b31m<script>"\u0085"\t'.repeat(50), 'a, b']) {
          const message = await ask('POST', { host, [header]: value })
          assert.match(message, /^ERR_CROSS_SITE_REQUEST: [ -~’]{1,1500}$/)
        }
      }
  })

  it('lets pages of trusted origins post', async () => {
    const { ask } = shop({ trustedOrigins: ['https://pay.example'] }).visitor()
    assert.equal(await ask('POST', { 'sec-fetch-site': 'cross-site', origin: 'https://pay.example' }), '1')
    assert.ok(
      isRefused(await ask('POST', { 'sec-fetch-site': 'cross-site', origin: 'https://pay.example.evil.example' })),
    )
    assert.throws(() => csrf({ trustedOrigins: ['https://pay.example/'] }), /^TypeError: trustedOrigins: /)
  })

  it('does not check what is exempt, and takes nothing but `true` for that', async () => {
    const { ask } = shop({
      exempt: (request, { method }) => method === 'POST' && request.url.endsWith('/hook'),
    }).visitor()
    assert.equal(await ask('POST', { ...foreign, 'x-csrf-token': 'wrong' }, '/hook'), '1')
    assert.ok(isRefused(await ask('POST', foreign, '/')))
    const careless = shop({ exempt: (async () => false) as never }).visitor()
    assert.ok(isRefused(await careless.ask('POST', foreign)))
  })
})

describe('a CSRF token', () => {
  const tokens = (options?: CsrfOptions<Request>) =>
    shop(options, async (session, path) => {
      if (path === '/sign-in') session.signIn('alice')
      if (path === '/begin') session.beginSignIn('alice')
      if (path === '/complete') session.completeSignIn()
      if (path === '/regenerate') session.regenerateId()
      if (path === '/sign-out') session.signOut()
      if (path === '/save') session.signIn('alice')
      if (path === '/save') await session.save()
      if (path === '/count') session.data.n++
      return csrfToken(session) ?? 'none'
    })

  it('stands in for headers that a browser does not send', async () => {
    const { visitor } = tokens()
    const { ask } = visitor()
    assert.equal(await ask('POST', ours, '/count'), 'none')
    const token = await ask('GET')
    assert.match(token, /^[\w-]{86}$/)
    assert.ok(isRefused(await ask('POST')))
    assert.ok(!isRefused(await ask('POST', { 'x-csrf-token': token })))
    assert.ok(!isRefused(await ask('POST', { 'x-csrf-token': token, 'sec-fetch-site': 'unheard-of' })))
  })

  it('does not speak for another site’s page, which may have got hold of it', async () => {
    const { ask } = tokens().visitor()
    await ask('POST', ours, '/count')
    const token = await ask('GET')
    for (const headers of [
      foreign,
      { 'sec-fetch-site': 'same-site' },
      { origin: 'null' },
      { referer: 'https://evil.example/' },
    ])
      assert.ok(isRefused(await ask('POST', { ...headers, 'x-csrf-token': token } as Record<string, string>)))
  })

  it('is refused when it is wrong, whatever the headers say', async () => {
    const { visitor } = tokens()
    const [one, other] = [visitor(), visitor()]
    for (const { ask } of [one, other]) await ask('POST', ours, '/sign-in')
    const token = await other.ask('GET')
    for (const wrong of [token, 'wrong', `${await one.ask('GET')}, ${token}`])
      for (const headers of [{}, ours, { origin: site }])
        assert.match(await one.ask('POST', { ...headers, 'x-csrf-token': wrong }), /token .* is none of this session/)
    assert.ok(!isRefused(await one.ask('POST', { ...ours, 'x-csrf-token': await one.ask('GET') })))
  })

  it('made before a change of privilege is refused after it', async () => {
    const { ask } = tokens().visitor()
    await ask('POST', ours, '/count')
    for (const path of ['/begin', '/complete', '/sign-in', '/regenerate']) {
      const before = await ask('GET')
      // Which epoch will come is not known before the commit.
      assert.equal(await ask('POST', { 'x-csrf-token': before }, path), 'none')
      assert.ok(isRefused(await ask('POST', { ...ours, 'x-csrf-token': before })), path)
      const after = await ask('GET')
      assert.ok(!isRefused(await ask('POST', { 'x-csrf-token': after })), path)
    }
  })

  it('is there as soon as the sign-in is stored', async () => {
    const { ask } = tokens().visitor()
    const token = await ask('POST', ours, '/save')
    assert.ok(!isRefused(await ask('POST', { 'x-csrf-token': token })))
  })

  it('outlives a periodic rotation of the cookie', async () => {
    const { visitor, advance } = tokens()
    const { ask, jar } = visitor()
    await ask('POST', ours, '/sign-in')
    const [token, before] = [await ask('GET'), jar.header(site)]
    advance(16 * 60_000)
    await ask('GET')
    await ask('GET')
    assert.notEqual(jar.header(site), before)
    assert.ok(!isRefused(await ask('POST', { 'x-csrf-token': token })))
  })

  it('is none of a visitor without a session; one from a session that is over proves nothing and spoils nothing', async () => {
    const { visitor } = tokens()
    const { ask } = visitor()
    assert.equal(await ask('GET'), 'none')
    await ask('POST', ours, '/sign-in')
    const token = await ask('GET')
    await ask('POST', { 'x-csrf-token': token }, '/sign-out')
    assert.equal(await ask('POST', { ...ours, 'x-csrf-token': token }), 'none')
    assert.match(await ask('POST', { 'x-csrf-token': token }), /nothing says that this request came from/)
  })

  it('comes from where `tokenFrom` finds it, if the header has none', async () => {
    let found: unknown
    const { ask } = tokens({ tokenFrom: async () => found }).visitor()
    await ask('POST', ours, '/count')
    const token = await ask('GET')
    for (found of [undefined, null, '']) {
      assert.ok(isRefused(await ask('POST')))
      assert.ok(!isRefused(await ask('POST', ours)))
    }
    for (found of ['wrong', [token], 5]) {
      assert.ok(isRefused(await ask('POST')))
      assert.ok(isRefused(await ask('POST', ours)))
      assert.ok(!isRefused(await ask('POST', { 'x-csrf-token': token })))
    }
    found = token
    assert.ok(!isRefused(await ask('POST')))
    assert.ok(isRefused(await ask('POST', { 'x-csrf-token': 'wrong' })))
  })

  it('of a request that is refused anyway is not read', async () => {
    const { ask } = tokens({ tokenFrom: () => assert.fail('read') }).visitor()
    assert.ok(isRefused(await ask('POST', foreign)))
  })
})
