import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { text } from '../http/application.ts'
import { onEveryServer, onServer } from '../http/serving.ts'
import { Counter } from '../http/stores.ts'
import { recordIdOf } from '../http/tickets.ts'
import { bodyOf, say, statusOf } from '../http/visitor.ts'
import { watch } from '../http/watching.ts'
import { told, who } from './answers.ts'
import { onEveryStore } from './servers.ts'

/** What an attacker chose, in the form that the session library took it in. */
const chosen: { readonly [bug: string]: () => string } = {
  'CVE-2024-38513 (Fiber)': () => 'attacker-chosen-session-id',
  'CVE-2011-4718 (PHP)': () => 'abcdefghijklmnopqrstuvwxyz',
  'CVE-2018-12071 (CodeIgniter)': () => randomBytes(20).toString('hex'),
  'iron-sessionstorage #12': () => randomBytes(48).toString('base64url'),
}

onEveryServer((serve) => {
  for (const [bug, choose] of Object.entries(chosen)) {
    it(`${bug}: an id that a visitor has chosen is not adopted`, async (t) => {
      const server = await serve(t)
      const events = watch(t)
      const attacker = server.visitor()
      attacker.cookies.set(server.cookieName, choose())
      const victim = attacker.copy()
      const planted = attacker.ticket!
      for (const path of ['/n', '/login']) {
        assert.match(told(await victim.post(path)), /sets$/, path)
        assert.notEqual(victim.ticket, planted)
      }
      assert.deepEqual([await who(attacker), await who(victim)], ['nobody', 'alice'])
      assert.equal((await server.records()).length, 1)
      assert.ok((await server.records()).every(({ id }) => id !== recordIdOf(server.cookieName, planted)))
      const reasons = new Set(events.of('rejected').map(({ reason }) => reason))
      assert.deepEqual([...reasons], [planted.length === 64 ? 'unknown' : 'malformed'])
    })
  }

  it('CVE-2026-26196 (Gogs): a ticket counts in its cookie only, not in an address, a body or another header', async (t) => {
    const server = await serve(t)
    const { ticket = '' } = await server.signedIn()
    const name = server.cookieName
    const form = `${name}=${ticket}&sid=${ticket}&token=${ticket}`
    const attempts: readonly (readonly [requestLine: string, lines: readonly string[], body?: string])[] = [
      [`GET /who?${form} HTTP/1.1`, []],
      [`GET /who?${form} HTTP/1.1`, [`Referer: http://127.0.0.1/?${form}`]],
      ['GET /who HTTP/1.1', [`Authorization: Bearer ${ticket}`]],
      ['GET /who HTTP/1.1', [`Authorization: Basic ${Buffer.from(`${ticket}:`).toString('base64')}`]],
      ['GET /who HTTP/1.1', [`X-Session-Id: ${ticket}`, `${name}: ${ticket}`, `Set-Cookie: ${name}=${ticket}`]],
      ['GET /who HTTP/1.1', [`Cookie2: ${name}=${ticket}`]],
    ]
    for (const [requestLine, lines] of attempts) {
      const response = await say(server.port, requestLine, lines)
      assert.deepEqual([statusOf(response), /alice|nobody/.exec(bodyOf(response))?.[0]], [200, 'nobody'], lines.join())
    }
    const inPath = await say(server.port, `GET /who;${name}=${ticket} HTTP/1.1`)
    assert.ok(!inPath.includes('alice'))
    const posted = await server.visitor().post('/n', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form,
    })
    assert.equal(posted.body, '1')
    assert.equal((await server.records()).length, 2)
  })
})

onEveryStore((serve) => {
  it('HTTP::Session2: a cookie of commands never reaches the store', async (t) => {
    const counter = new Counter()
    const server = await serve(t, { between: counter.counting })
    for (const value of [
      'x\tset y 0 0 1',
      'x%0d%0aflush_all',
      "' or 1=1 --",
      '{x}\\r\\nflush_all',
      '*',
      'KEYS*',
      '../x',
      'a'.repeat(64).replace('a', '{'),
      'a'.repeat(63),
    ]) {
      const response = await say(server.port, 'GET /data HTTP/1.1', [`Cookie: ${server.cookieName}=${value}`])
      assert.equal(statusOf(response), 200, value)
    }
    assert.deepEqual(counter.take(), [])
  })

  it('CVE-2022-46170 (CodeIgniter4): the cookie of one application opens nothing in another one on the same store', async (t) => {
    const server = await serve(t, {
      second: { cookie: { name: 'staff' } },
      routes: ({ second }) => ({
        'GET /staff/who': async ({ request }) => text((await second.open(request)).userId ?? 'nobody'),
      }),
    })
    const visitor = await server.signedIn('root')
    visitor.cookies.set(`staff-${server.port}`, visitor.ticket!)
    assert.deepEqual([await who(visitor), (await visitor.get('/staff/who')).body], ['root', 'nobody'])
  })
})

onServer('node', 'memoryStore', (serve) => {
  it('would show a store that two applications share under the same name', async (t) => {
    const server = await serve(t, {
      second: {},
      routes: ({ second }) => ({
        'GET /staff/who': async ({ request }) => text((await second.open(request)).userId ?? 'nobody'),
      }),
    })
    assert.equal((await (await server.signedIn('root')).get('/staff/who')).body, 'root')
  })
})
