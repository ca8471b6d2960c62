import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fileStore } from 'coatcheck/stores/file'
import { type Answer, type RunningDemo, runDemo, textOf, Visitor } from './running-demo.ts'

const sentBy = (host: string) => ({ 'x-forwarded-proto': 'https', 'sec-fetch-site': 'same-origin', origin: host })

describe('best practices, live', () => {
  let demo: RunningDemo

  before(async () => {
    demo = await runDemo({ trustProxy: ['loopback'] })
  })
  after(() => demo.stop())

  it('are the five of the original, in its words, then ours, marked as such', async () => {
    const { status, html } = await new Visitor(demo.url).get('/practices')
    assert.equal(status, 200)
    const [original = '', ours = ''] = html.split('Not in the original: ours')
    assert.deepEqual(
      rowsOf(original).map(({ practice, why }) => `${practice} | ${why}`),
      [
        'session_regenerate_id(true) on login | Prevents session fixation attacks',
        'Use HTTPS | Prevents session ID interception',
        'Set httponly cookie flag | Prevents JavaScript theft of session ID',
        'Set secure cookie flag | Only send cookie over HTTPS',
        'Validate user agent/IP (carefully) | Detect session hijacking',
      ],
    )
    assert.equal(rowsOf(ours).length, 8)
  })

  it('say what to do to see what can’t be judged yet, and count', async () => {
    const answer = await new Visitor(demo.url).get('/practices')
    assert.match(found(answer, 'Set httponly'), /^Not seen yet Log in to see\./)
    assert.match(found(answer, 'Log out on the server'), /^Not seen yet Log out and come back/)
    assert.match(found(answer, 'Accept only IDs'), /^Yes/)
    assert.match(answer.text, /Yes: 3 No: 2 Not seen yet: 8/)
  })

  it('show the line that really brought the ticket, cut', async () => {
    const browser = new Visitor(demo.url)
    const { setCookies } = await browser.login('alice', 'password')
    const line = setCookies.find((each) => each.startsWith('sid')) ?? ''
    const value = /=([\w-]{64});/.exec(line)?.[1] ?? ''
    const shown = line.replace(value, `${value.slice(0, 4)}…`)
    const answer = await browser.get('/practices')
    assert.equal(found(answer, 'Set httponly'), `Yes Your ticket came as ${shown} .`)
    assert.match(found(answer, 'Set samesite'), /^Yes .* SameSite=Lax/)
    assert.ok(!answer.html.includes(value))
  })

  it('are proved by the cookie that the login replaced', async () => {
    const browser = new Visitor(demo.url)
    await browser.get('/login')
    await browser.login('alice', 'password')
    assert.match(
      found(await browser.get('/practices'), 'session_regenerate_id'),
      /^Not seen yet Before your last login/,
    )
    await browser.post('/logout')
    await browser.post('/coat', { coat: 'an umbrella' })
    const before = ticketOf(browser)
    await browser.login('alice', 'password')
    assert.equal(
      found(await browser.get('/practices'), 'session_regenerate_id'),
      `Yes At your last login the ticket changed from ${before.slice(0, 4)}… to ${ticketOf(browser).slice(0, 4)}… . The server tried the old one at once: it was refused.`,
    )
  })

  it('change with HTTPS', async () => {
    const browser = new Visitor(demo.url)
    await browser.login('alice', 'password')
    const plain = await browser.get('/practices')
    assert.match(found(plain, 'Use HTTPS'), /^No This page came over plain HTTP.* npm start -- --https/)
    assert.match(found(plain, 'Set secure'), /^No .* npm start -- --https/)

    // The jar keeps Secure cookies from plain http, as browsers do; behind a proxy the browser's own connection is https.
    const secure = sentBy(demo.url)
    const login = await new Visitor(demo.url).post('/login', { username: 'alice', password: 'password' }, secure)
    const cookie = login.setCookies.map((line) => line.split(';')[0]).join('; ')
    const encrypted = await new Visitor(demo.url).get('/practices', { ...secure, cookie })
    assert.equal(found(encrypted, 'Use HTTPS'), 'Yes This page came over HTTPS.')
    assert.match(found(encrypted, 'Set secure'), /^Yes Your ticket came as __Host-sid=.{4}…; .*; Secure/)
  })

  it('try a ticket that really arrives, and find no such record, with HTTPS too', async () => {
    for (const headers of [{}, sentBy(demo.url)]) {
      const browser = new Visitor(demo.url)
      const { setCookies } = await browser.get('/practices', headers)
      assert.ok(setCookies.every((line) => !line.includes('sid')))
      const cookie = setCookies.map((line) => line.split(';')[0]).join('; ')
      const { text } = await browser.get('/requests', { ...headers, cookie })
      assert.match(
        text,
        /The demo tries a made-up ticket .*The cookie opens nothing: .* form of another site .*refused the request/,
      )
    }
  })

  it('notice another browser', async () => {
    const browser = new Visitor(demo.url)
    await browser.login('alice', 'password')
    const name = 'Validate user agent'
    assert.match(found(await browser.get('/practices'), name), /^Yes .* this request comes from the same/)
    const phone = { 'user-agent': 'Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0' }
    assert.match(
      found(await browser.get('/practices', phone), name),
      /is now used by Firefox on Android at 127\.0\.0\.1/,
    )
  })

  it('remember what the last logout did', async () => {
    const browser = new Visitor(demo.url)
    await browser.login('alice', 'password')
    await browser.post('/logout')
    assert.match(found(await browser.get('/practices'), 'Log out on the server'), /^Yes .* deleted the record/)
  })

  it('say no where a store keeps the ticket, and where the response may be cached', async () => {
    const store = fileStore(demo.directory)
    let ticket = ''
    const leaky = await runDemo({
      directory: demo.directory,
      store: new Proxy(store, {
        get: (target, name) =>
          name === 'read' && ticket
            ? async (...args: Parameters<typeof store.read>) => {
                const record = await store.read(...args)
                return record && { ...record, openedAt: ticket }
              }
            : Reflect.get(target, name),
      }),
    })
    try {
      const browser = new Visitor(leaky.url)
      await browser.login('alice', 'password')
      const answer = await browser.get('/practices')
      assert.match(found(answer, 'Store a hash'), /^Yes .* your record, as it lies in a file, for any eight characters/)
      assert.equal(answer.headers.get('cache-control'), 'no-store')
      assert.equal(found(answer, 'Cache-Control'), 'Yes This response says no-store .')
      ticket = ticketOf(browser)
      assert.match(
        found(await browser.get('/practices'), 'Store a hash'),
        /^No A part of your ticket is in your record/,
      )
    } finally {
      await leaky.stop()
    }
  })
})

/** The rows of the table, as a reader sees them. */
function rowsOf(html: string): { practice: string; why: string; found: string }[] {
  return [...html.matchAll(/<tr><th scope="row">(.*?)<\/th><td>(.*?)<\/td><td>(.*?)<\/td><\/tr>/gs)].map(
    ([, practice = '', why = '', evidence = '']) => ({
      practice: textOf(practice).trim(),
      why: textOf(why).trim(),
      found: textOf(evidence).trim(),
    }),
  )
}

function found({ html }: Answer, practice: string): string {
  return rowsOf(html).find((row) => row.practice.startsWith(practice))?.found ?? ''
}

function ticketOf(browser: Visitor): string {
  return browser.sessionCookie?.split('=')[1] ?? ''
}
