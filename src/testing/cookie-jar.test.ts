import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as tough from 'tough-cookie'
import { coatcheck } from '../adapters/node.ts'
import { Sessions } from '../core/sessions.ts'
import { memoryStore } from '../stores/memory.ts'
import { cookieJar } from './cookie-jar.ts'
import { fakeClock } from './fake-clock.ts'

const site = 'https://shop.example/'

/** What a browser that got this line from `from` sends to `to`. */
function sent(line: string, from: string = site, to: string = from): string | undefined {
  const jar = cookieJar()
  jar.accept(from, line)
  return jar.header(to)
}

describe('cookieJar', () => {
  it('sends back what it was given, to the same host only', () => {
    const jar = cookieJar()
    jar.accept(site, ['a=1; Path=/', 'b=2=3'])
    assert.equal(jar.header(site), 'a=1; b=2=3')
    assert.equal(jar.header('https://shop.example:8443/page?query#hash'), 'a=1; b=2=3')
    assert.equal(jar.header('https://other.example/'), undefined)
    assert.equal(jar.header('https://www.shop.example/'), undefined)
    assert.equal(jar.get('b'), '2=3')
    assert.equal(jar.get('c'), undefined)
  })

  it('keeps the attributes', () => {
    const clock = fakeClock()
    const jar = cookieJar({ clock: clock.now })
    jar.accept('https://shop.example/a/b', 'sid=x; Max-Age=60; Secure; HttpOnly; SameSite=lax')
    assert.deepEqual(jar.list(), [
      {
        name: 'sid',
        value: 'x',
        host: 'shop.example',
        path: '/a',
        expiresAt: clock.now() + 60_000,
        isSecure: true,
        isHttpOnly: true,
        sameSite: 'Lax',
      },
    ])
  })

  it('replaces a cookie in its place, and deletes it by Max-Age=0 or a date of the past', () => {
    const jar = cookieJar()
    jar.accept(site, ['a=1', 'b=1', 'a=2'])
    assert.equal(jar.header(site), 'a=2; b=1')
    jar.accept(site, 'a=; Max-Age=0')
    jar.accept(site, 'b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT')
    assert.deepEqual(jar.list(), [])
  })

  it('lets a cookie go when its time is over, by the clock it was given', () => {
    const clock = fakeClock()
    const jar = cookieJar({ clock: clock.now })
    jar.accept(site, ['age=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'session=1'])
    jar.accept(site, `date=1; Expires=${new Date(clock.now() + 120_000).toUTCString()}`)
    clock.advance('59s')
    assert.equal(jar.header(site), 'age=1; session=1; date=1')
    clock.advance('1s')
    assert.equal(jar.header(site), 'session=1; date=1')
    clock.advance('1m')
    assert.equal(jar.header(site), 'session=1')
  })

  it('keeps nothing for longer than 400 days', () => {
    const clock = fakeClock()
    const jar = cookieJar({ clock: clock.now })
    jar.accept(site, ['a=1; Max-Age=99999999999', 'b=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT'])
    const latest = clock.now() + 400 * 86_400_000
    assert.deepEqual(
      jar.list().map(({ expiresAt }) => expiresAt),
      [latest, latest],
    )
  })

  it('reads dates as browsers do', () => {
    const clock = fakeClock(Date.UTC(1994, 10, 1))
    const expiresAt = (date: string): number | undefined => {
      const jar = cookieJar({ clock: clock.now })
      jar.accept(site, `a=1; Expires=${date}`)
      return jar.list()[0]?.expiresAt
    }
    const moment = Date.UTC(1994, 10, 6, 8, 49, 37)
    for (const date of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', '6 november 1994 8:49:37']) {
      assert.equal(expiresAt(date), moment, date)
    }
    for (const date of [
      'soon',
      '06 Nov 1994',
      '30 Feb 1995 08:49:37',
      '06 Nov 1994 24:49:37',
      '06 Nov 1600 08:49:37',
    ]) {
      assert.equal(expiresAt(date), undefined, date)
    }
  })

  it('sends a cookie to its path and what lies below, longer paths first', () => {
    const jar = cookieJar()
    jar.accept('https://shop.example/a/page', [
      'root=1; Path=/',
      'folder=1',
      'odd=1; Path=nowhere',
      'deep=1; Path=/a/b',
    ])
    assert.equal(jar.header('https://shop.example/a/b/c'), 'deep=1; folder=1; odd=1; root=1')
    assert.equal(jar.header('https://shop.example/a'), 'folder=1; odd=1; root=1')
    assert.equal(jar.header('https://shop.example/ab'), 'root=1')
  })

  it('keeps and sends Secure cookies over https and to this machine only', () => {
    assert.equal(sent('a=1; Secure', site, 'http://shop.example/'), undefined)
    assert.equal(sent('a=1; Secure', 'http://shop.example/', site), undefined)
    for (const host of ['localhost:3000', 'app.localhost', '127.0.0.1', '127.9.9.9:80', '[::1]:3000']) {
      assert.equal(sent('a=1; Secure', `http://${host}/`), 'a=1', host)
    }
    for (const host of ['localhost.example', '127.example', '128.0.0.1', 'mylocalhost']) {
      assert.equal(sent('a=1; Secure', `http://${host}/`), undefined, host)
    }
  })

  it('does not let plain http replace or hide a Secure cookie', () => {
    const jar = cookieJar()
    jar.accept('https://shop.example/', 'sid=right; Secure; Path=/')
    jar.accept('http://shop.example/', [
      'sid=wrong; Path=/',
      'sid=wrong; Path=/a',
      'sid=; Max-Age=0; Path=/',
      'other=1',
    ])
    assert.equal(jar.header('https://shop.example/a'), 'sid=right; other=1')
    jar.accept('https://shop.example/', 'sid=; Max-Age=0; Path=/')
    assert.equal(jar.header('https://shop.example/a'), 'other=1')
  })

  it('holds the prefixes to what they promise', () => {
    assert.equal(sent('__Host-sid=1; Secure; Path=/'), '__Host-sid=1')
    assert.equal(sent('__Secure-sid=1; Secure; Path=/a', site, 'https://shop.example/a'), '__Secure-sid=1')
    for (const line of [
      '__Host-sid=1; Path=/',
      '__Host-sid=1; Secure; Path=/a',
      '__Host-sid=1; Secure',
      '__Host-sid=1; Secure; Path=/; Domain=shop.example',
      '__Secure-sid=1',
      '__hOsT-sid=1; Path=/',
      '__SECURE-sid=1',
      '=__Host-sid=1',
      '__Secure-sid',
    ]) {
      assert.equal(sent(line), undefined, line)
    }
    // Chromium: on this machine without https too (test/browser/lessons.test.ts).
    assert.equal(sent('__Host-sid=1; Secure; Path=/', 'http://localhost:3000/'), '__Host-sid=1')
    assert.equal(sent('__Host-sid=1; Secure; Path=/', 'http://shop.example/'), undefined)
  })

  it('refuses what it can’t keep, and what browsers refuse', () => {
    for (const line of ['', '=', '; Path=/', 'a=1; Domain=shop.example', 'a=1; SameSite=None', 'a=\u0001', 'a\n=1']) {
      assert.equal(sent(line), undefined, JSON.stringify(line))
    }
    assert.equal(sent(`a=${'x'.repeat(4096)}`), undefined)
    assert.equal(sent(`a=${'x'.repeat(4095)}`)?.length, 4097)
    assert.equal(sent('a=1; Domain='), 'a=1')
    assert.equal(sent('a=1; SameSite=None; Secure'), 'a=1')
  })

  it('agrees with tough-cookie, whatever the lines, their order and the pages', () => {
    const hosts = fc.constantFrom('shop.example', 'www.shop.example', 'localhost', '127.0.0.1:3000')
    const paths = fc.constantFrom('/', '/a', '/a/', '/a/b', '/ab', '/a/b/c', '/a?x=/y')
    const url = fc
      .tuple(fc.constantFrom('https', 'http'), hosts, paths)
      .map(([scheme, host, path]) => `${scheme}://${host}${path}`)
    const attribute = fc.constantFrom(
      'Path=/',
      'path=/a',
      'Path=/a/',
      'Path=/a/b',
      'Path=a',
      'Path=',
      'Max-Age=100',
      'max-age=0',
      'Max-Age=-5',
      'Max-Age=soon',
      'Expires=Thu, 01 Jan 1970 00:00:00 GMT',
      `Expires=${new Date(Date.now() + 86_400_000).toUTCString()}`,
      'Expires=never',
      'HttpOnly',
      'SameSite=Lax',
      'sameSite=strict',
      'SameSite=Sideways',
      'Unknown=1',
      'Domain=',
      '',
    )
    const names = fc.constantFrom('a', 'b', 'sid', 'A', '__Secure-s', '__Host-s')
    const values = fc.stringMatching(/^[\w=%."!-]{0,8}$/)
    const line = fc
      .tuple(names, values, fc.array(attribute, { maxLength: 4 }), fc.boolean())
      .map(([name, value, attributes, isSecure]) => ({
        // With a prefix the two differ over plain http and in the case of the letters, so those are tested by themselves.
        text: [`${name}=${value}`, ...attributes, ...(isSecure ? ['Secure'] : [])].join('; '),
        isPrefixed: name.startsWith('__'),
        isSecure,
      }))
    const step = fc.record({ from: url, line, to: url })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const ours = cookieJar()
        const theirs = new tough.CookieJar(undefined, { prefixSecurity: 'silent', rejectPublicSuffixes: false })
        // tough-cookie lets a deleted cookie that comes again have its old place; RFC 6265bis makes it a new one.
        const isInOrder = !steps.some(({ line }) => /max-age=(0|-5)|1970/i.test(line.text))
        const pairs = (header = ''): string[] => (isInOrder ? header.split('; ') : header.split('; ').sort())
        for (const { from, line, to } of steps) {
          const isHttps = from.startsWith('https:')
          if (line.isPrefixed && !isHttps) continue
          // tough-cookie keeps a Secure cookie that came over plain http, and lets plain http replace one.
          const page = isHttps || isLoopback(from) ? from : from.replace('http:', 'https:')
          ours.accept(page, line.text)
          theirs.setCookieSync(line.text, page, { ignoreError: true })
          assert.deepEqual(pairs(ours.header(to)), pairs(theirs.getCookieStringSync(to)), `${to} after ${line.text}`)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('keeps a visitor signed in on a real server, and follows no redirect by itself', async (test) => {
    const sessions = new Sessions<{ theme?: string }>({ store: memoryStore() })
    const server = createServer(
      coatcheck(sessions, async (request, response) => {
        const session = await sessions.open(request)
        if (request.url === '/login') session.signIn('alice')
        if (request.url === '/logout') session.destroy()
        if (request.method === 'POST') response.writeHead(303, { location: '/' })
        response.end(session.userId ?? 'nobody')
      }),
    )
    await once(server.listen(0, '127.0.0.1'), 'listening')
    test.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const url = (path: string): string => `http://127.0.0.1:${port}${path}`
    const browser = cookieJar()
    const page = async (): Promise<string> => (await browser.fetch(url('/'))).text()

    assert.equal(await page(), 'nobody')
    const login = await browser.fetch(url('/login'), { method: 'POST', headers: { accept: 'text/html' } })
    assert.deepEqual([login.status, login.headers.get('location')], [303, '/'])
    assert.equal(await page(), 'alice')
    assert.match(browser.get(`sid-${port}`) ?? '', /^[\w-]{64}$/)
    assert.equal(await (await browser.fetch(url('/'), { headers: { cookie: 'sid=forged' } })).text(), 'nobody')
    assert.equal(await page(), 'alice')
    await browser.fetch(url('/logout'), { method: 'POST' })
    assert.deepEqual(browser.list(), [])
    assert.equal(await page(), 'nobody')
  })
})

function isLoopback(url: string): boolean {
  return /^http:\/\/(localhost|127\.0\.0\.1)/.test(url)
}
