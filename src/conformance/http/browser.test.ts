import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import * as tough from 'tough-cookie'
import { cookieJar } from '../../testing/cookie-jar.ts'
import { Browser, type BrowserRequest } from './browser.ts'

type Route = { readonly status?: number; readonly headers?: Record<string, string | string[]> }

/** A site at http://localhost that answers by path, and the headers that it received. */
async function site(t: TestContext, routes: Readonly<Record<string, Route>>) {
  const received: { path: string; method: string; headers: IncomingHttpHeaders }[] = []
  const server = createServer((request, response) => {
    const { url = '', method = '', headers } = request
    received.push({ path: url, method, headers })
    const { status = 200, headers: given = {} } = routes[url] ?? {}
    response.writeHead(status, given).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const origin = `http://localhost:${port}`
  const browser = new Browser(origin, { connectTo: { host: '127.0.0.1', port } })
  return { browser, origin, received }
}

describe('a browser', () => {
  it('keeps cookies and sends them back', async (t) => {
    const { browser, received } = await site(t, {
      '/': { headers: { 'set-cookie': ['a=1; SameSite=Lax', 'b=2; Path=/x', 'c=3; SameSite=None'] } },
    })
    await browser.get('/')
    await browser.get('/x')
    assert.equal(received[1]?.headers.cookie, 'b=2; a=1')
    assert.deepEqual(browser.refused, [
      { line: 'c=3; SameSite=None', reason: 'SameSite=None without Secure (§5.7 step 19)' },
    ])
  })

  it('says where a request comes from, as Chromium does', async (t) => {
    const { browser, origin, received } = await site(t, {})
    const said = async (path: string, request: BrowserRequest) => {
      await browser.request(path, request)
      const { headers } = received.at(-1)!
      return [headers['sec-fetch-site'], headers['sec-fetch-mode'], headers.origin]
    }
    assert.deepEqual(await said('/', {}), ['none', 'navigate', undefined])
    assert.deepEqual(await said('/', { method: 'POST' }), ['same-origin', 'navigate', origin])
    assert.deepEqual(await said('/', { from: 'cross-site' }), ['cross-site', 'navigate', undefined])
    const elsewhere = 'https://elsewhere.example'
    assert.deepEqual(await said('/', { method: 'POST', from: 'cross-site' }), ['cross-site', 'navigate', elsewhere])
    assert.deepEqual(await said('/', { kind: 'fetch', from: 'cross-site' }), ['cross-site', 'cors', elsewhere])
    const sibling = 'https://blog.shop.example'
    const fromSibling = { method: 'POST', from: 'same-site', origin: sibling } as const
    assert.deepEqual(await said('/', fromSibling), ['same-site', 'navigate', sibling])
  })

  it('leaves SameSite cookies at home when another site asks', async (t) => {
    const { browser, received } = await site(t, {
      '/': { headers: { 'set-cookie': ['lax=1; SameSite=Lax', 'strict=1; SameSite=Strict', 'unsaid=1'] } },
      '/image': { headers: { 'set-cookie': 'third=1; SameSite=Lax' } },
    })
    await browser.get('/')
    const sent = async (request: BrowserRequest): Promise<string | undefined> => {
      await browser.request('/image', request)
      return received.at(-1)!.headers.cookie
    }
    assert.equal(await sent({ from: 'cross-site' }), 'lax=1; unsaid=1')
    assert.equal(await sent({ from: 'cross-site', method: 'POST' }), 'unsaid=1')
    browser.jar.accept('http://localhost/', 'third=; Max-Age=0')
    assert.equal(await sent({ from: 'cross-site', kind: 'fetch' }), undefined)
    assert.equal(browser.jar.get('third'), undefined)
    assert.equal(await sent({ from: 'same-site', method: 'POST' }), 'lax=1; strict=1; unsaid=1')
  })
})

describe('the jar with Domain', () => {
  const isPublicSuffix = (domain: string): boolean => !domain.includes('.')

  it('shares a cookie with the hosts below, and only with them', () => {
    const jar = cookieJar({ isPublicSuffix })
    assert.deepEqual(jar.accept('https://www.shop.example/', ['a=1; Domain=.Shop.example', 'b=1']), [])
    assert.equal(jar.header('https://shop.example/'), 'a=1')
    assert.equal(jar.header('https://www.shop.example/'), 'a=1; b=1')
    assert.equal(jar.header('https://x.www.shop.example/'), 'a=1')
    assert.equal(jar.header('https://myshop.example/'), undefined)
    // Another cookie than the one for this host alone.
    jar.accept('https://shop.example/', ['a=2', 'a=; Max-Age=0; Domain=shop.example'])
    assert.equal(jar.header('https://shop.example/'), 'a=2')
  })

  it('refuses what is not the host’s to give, and says so', () => {
    const jar = cookieJar({ isPublicSuffix })
    const refusedBy = (url: string, line: string) => jar.accept(url, line).map(({ reason }) => reason)
    assert.deepEqual(refusedBy('https://shop.example/', 'a=1; Domain=example'), [
      'example is a public suffix (§5.7 step 9)',
    ])
    assert.deepEqual(refusedBy('https://shop.example/', 'a=1; Domain=www.shop.example'), [
      'shop.example is not within www.shop.example (§5.7 step 10)',
    ])
    assert.deepEqual(refusedBy('https://10.0.0.1/', 'a=1; Domain=0.0.1').length, 1)
    assert.deepEqual(refusedBy('https://shop.example/', '__Host-a=1; Domain=shop.example; Secure; Path=/').length, 1)
    assert.deepEqual(refusedBy('https://shop.example/', '__Http-a=1; Secure').length, 1)
    assert.deepEqual(refusedBy('https://shop.example/', '__Host-Http-a=1; Secure; HttpOnly; Path=/x').length, 1)
    assert.deepEqual(jar.list(), [])
    assert.deepEqual(refusedBy('https://shop.example/', '__host-http-a=1; Secure; HttpOnly; Path=/'), [])
    // A host that is a public suffix itself, such as localhost, gets a cookie of its own.
    assert.deepEqual(refusedBy('https://localhost/', 'a=1; Domain=localhost'), [])
    assert.equal(jar.header('https://app.localhost/'), undefined)
  })

  it('lets no other host of the domain hide a Secure cookie over plain http', () => {
    const jar = cookieJar({ isPublicSuffix })
    jar.accept('https://shop.example/', 'sid=right; Secure')
    assert.equal(jar.accept('http://www.shop.example/', 'sid=wrong; Domain=shop.example').length, 1)
    assert.equal(jar.accept('http://www.shop.example/', 'sid=wrong').length, 1)
    assert.equal(jar.accept('http://shop.other/', 'sid=fine').length, 0)
    assert.equal(jar.header('https://shop.example/'), 'sid=right')
  })

  it('takes a cookie without SameSite for Lax, but not in its first two minutes', () => {
    let now = Date.UTC(2030, 0, 1)
    const jar = cookieJar({ clock: () => now })
    jar.accept('https://shop.example/', 'sid=1; Secure')
    const cross = { isCrossSite: true, isNavigation: true }
    assert.equal(jar.header('https://shop.example/', { ...cross, method: 'POST' }), 'sid=1')
    now += 120_000
    jar.accept('https://shop.example/', 'sid=2; Secure')
    assert.equal(jar.header('https://shop.example/', { ...cross, method: 'POST' }), undefined)
    assert.equal(jar.header('https://shop.example/', cross), 'sid=2')
    assert.equal(jar.header('https://shop.example/', { isCrossSite: true }), undefined)
  })

  it('agrees with tough-cookie, whatever the domains, SameSite and where requests come from', () => {
    const host = fc.constantFrom('shop.example', 'www.shop.example', 'a.www.shop.example', 'other.example', '10.0.0.1')
    const domain = fc.constantFrom(
      '',
      'shop.example',
      '.www.shop.example',
      'SHOP.EXAMPLE',
      'example',
      'other.example',
      '0.0.1',
    )
    const line = fc
      .tuple(fc.nat(9), domain, fc.constantFrom('Lax', 'Strict', 'None'), fc.boolean())
      .map(([value, domain, sameSite, isGone]) => {
        const attributes = [domain && `Domain=${domain}`, `SameSite=${sameSite}`, isGone && 'Max-Age=0']
        // tough-cookie lets a cookie for a domain replace the host's own of that name; RFC 6265bis §5.7 step 23 does not.
        return [`${domain ? 'shared' : 'own'}=${value}`, 'Secure', ...attributes.filter(Boolean)].join('; ')
      })
    const context = fc.constantFrom('same', 'link', 'form', 'image')
    fc.assert(
      fc.property(fc.array(fc.record({ from: host, line, to: host, context }), { maxLength: 10 }), (steps) => {
        const ours = cookieJar({ isPublicSuffix: (name) => name === 'example' })
        const theirs = new tough.CookieJar(undefined, { rejectPublicSuffixes: true, allowSpecialUseDomain: true })
        const pairs = (header = ''): string[] => header.split('; ').sort()
        for (const { from, line, to, context } of steps) {
          ours.accept(`https://${from}/`, line)
          theirs.setCookieSync(line, `https://${from}/`, { ignoreError: true })
          const isCrossSite = context !== 'same'
          const method = context === 'form' ? 'POST' : 'GET'
          const sameSiteContext = context === 'same' ? 'strict' : context === 'link' ? 'lax' : 'none'
          const mine = ours.header(`https://${to}/`, { isCrossSite, isNavigation: context !== 'image', method })
          assert.deepEqual(pairs(mine), pairs(theirs.getCookieStringSync(`https://${to}/`, { sameSiteContext })))
        }
      }),
      { numRuns: 500 },
    )
  })
})
