import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Hono } from 'hono'
import { cutSetCookie, type LogEnv, type LoggedRequest, RequestLog } from './request-log.ts'

describe('the log of a browser’s requests', () => {
  function made(limits: { browsers?: number; requestsPerBrowser?: number } = {}) {
    const log = new RequestLog({
      clock: () => 0,
      cookie: () => ({ name: 'viewer', secure: false }),
      ownCookies: () => ['sid-3000'],
      ...limits,
    })
    const app = new Hono<LogEnv>()
    app.use(log.middleware(() => true))
    app.all('*', (c) => c.json(c.get('viewer').requests))
    return async (path: string, cookie = '', init: RequestInit = {}) => {
      const response = await app.request(path, { ...init, headers: { ...init.headers, cookie } })
      const seen = (await response.json()) as LoggedRequest[]
      return { seen, cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '' }
    }
  }

  it('shows a browser its own requests and nobody else’s', async () => {
    const ask = made()
    const { cookie } = await ask('/one')
    await ask('/stranger')
    const { seen } = await ask('/two', cookie)
    assert.deepEqual(
      seen.map(({ path }) => path),
      ['/one', '/two'],
    )
  })

  it('never adopts a cookie that it did not issue', async () => {
    const ask = made()
    const planted = `viewer=${'A'.repeat(22)}`
    const { cookie } = await ask('/one', planted)
    assert.notEqual(cookie, planted)
    assert.notEqual(cookie, '')
    assert.equal((await ask('/two', planted)).seen.length, 1)
  })

  it('keeps no query, body, header, foreign cookie, or whole value', async () => {
    const ask = made()
    const { cookie } = await ask('/first')
    const sent = `${cookie}; sid-3000=SECRETSECRET; other=SECRET2; sid-4000=SECRET3`
    const headers = { authorization: 'Bearer SECRET4' }
    await ask('/login?token=SECRET5', sent, { method: 'POST', body: 'password=SECRET6', headers })
    const { seen } = await ask('/look', cookie)
    assert.equal(seen[1]!.path, '/login')
    assert.deepEqual(seen[1]!.cookies.at(-1), 'sid-3000=SECR…')
    assert.doesNotMatch(JSON.stringify(seen), /SECRET/)
    assert.ok(!JSON.stringify(seen).includes(cookie))
  })

  it('keeps the last few requests of the last few browsers', async () => {
    const ask = made({ browsers: 2, requestsPerBrowser: 3 })
    const { cookie: first } = await ask('/1')
    for (const path of ['/2', '/3', '/4']) await ask(path, first)
    assert.deepEqual(
      (await ask('/5', first)).seen.map(({ path }) => path),
      ['/3', '/4', '/5'],
    )
    await ask('/b')
    await ask('/c')
    assert.equal((await ask('/6', first)).seen.length, 1)
  })

  it('cuts a Set-Cookie line to four characters of its value', () => {
    assert.equal(cutSetCookie('sid=abcdefgh; Path=/; HttpOnly'), 'sid=abcd…; Path=/; HttpOnly')
    assert.equal(cutSetCookie('sid=; Path=/; Max-Age=0'), 'sid=; Path=/; Max-Age=0')
  })
})
