import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { SessionRecord, Store } from 'coatcheck'
import { text } from '../http/application.ts'
import { onEveryServer, onServer, type Server } from '../http/serving.ts'
import { Counter, overwriting } from '../http/stores.ts'
import { recordIdOf } from '../http/tickets.ts'
import { dataOf, told, who } from './answers.ts'

const minute = 60_000

/** A logout while a slow request of the same visitor is at work: what that one was told, and what is left. */
async function logoutDuring(server: Server, method: string, path: string, headers = {}) {
  const visitor = await server.signedIn()
  server.clock.advance(16 * minute)
  const thief = visitor.copy()
  const slow = visitor.copy().ask(method, path, { headers })
  await server.gate.reached()
  await visitor.post('/logout')
  server.gate.open()
  return { slow: told(await slow), replayed: await who(thief), records: (await server.records()).length }
}

const overAgain = { replayed: 'nobody', records: 0 }

onEveryServer((serve) => {
  for (const bug of ['express-session #632', 'connect-redis #328', 'connect-mongo #471']) {
    it(`${bug}: a slow request does not store a session again that was destroyed meanwhile`, async (t) => {
      const left = await logoutDuring(await serve(t), 'POST', '/slow-writer')
      assert.deepEqual(left, { slow: '409 ERR_SESSION_GONE', ...overAgain })
    })
  }

  it('CVE-2025-46336 (rack-session): an in-flight request does not restore a deleted session', async (t) => {
    const left = await logoutDuring(await serve(t), 'POST', '/slow-exclusive-writer')
    assert.deepEqual(left, { slow: '409 ERR_SESSION_GONE', ...overAgain })
  })

  it('nextjs-auth0 PR #2530: no sign of life and no late Set-Cookie revives a deleted session', async (t) => {
    const server = await serve(t)
    // Not a navigation: a touch is due. A navigation: a rotation is due as well, which would set a cookie.
    for (const mode of ['cors', 'navigate']) {
      const left = await logoutDuring(server, 'GET', '/slow-reader', { 'sec-fetch-mode': mode })
      assert.deepEqual(left, { slow: '200', ...overAgain }, mode)
    }
  })

  it('CVE-2013-10075 (Apache::Session): a session that does not exist is not made again under its old id', async (t) => {
    const server = await serve(t)
    const visitor = await server.signedIn()
    const id = recordIdOf(server.cookieName, visitor.ticket!)
    const thief = visitor.copy()
    await visitor.post('/logout')
    await thief.get('/data')
    assert.deepEqual(await server.records(), [])
    assert.equal(told(await thief.post('/set?theme=dark')), '200 sets')
    const records = await server.records()
    assert.deepEqual(
      records.map((record) => [record.id === id, record.userId]),
      [[false, undefined]],
    )
  })

  it('CVE-2024-34709 (Directus): a cookie opens nothing once its record is gone, whoever removed it', async (t) => {
    const counter = new Counter()
    const server = await serve(t, { between: counter.counting })
    const visitor = await server.signedIn()
    counter.take()
    assert.equal(await who(visitor), 'alice')
    assert.ok(counter.take().includes('read'), 'the store was not asked')
    const [record] = await server.records()
    await server.store.delete(record!.id, { now: server.clock.now, signal: AbortSignal.timeout(5_000) })
    assert.equal(await who(visitor), 'nobody')
  })

  for (const bug of [
    'CVE-2024-31999 (@fastify/secure-session)',
    'iron-session #530',
    'koa-session #113',
    'Rails CookieStore',
  ]) {
    it(`${bug}: a cookie that was copied before the logout is worth nothing after it`, async (t) => {
      const server = await serve(t)
      const visitor = await server.signedIn()
      await visitor.post('/set?theme=dark')
      const thief = visitor.copy()
      await visitor.post('/logout')
      assert.deepEqual([await who(thief), await dataOf(thief)], ['nobody', { n: 0, visits: 0, items: [] }])
      assert.deepEqual(await server.records(), [])
    })
  }

  it('CVE-2023-20862 (Spring Security): a session that was emptied is stored as empty', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions }) => ({
        'POST /empty': async ({ request }) => {
          const { data } = await sessions.open(request)
          for (const key of Object.keys(data)) Reflect.deleteProperty(data, key)
          return text('emptied')
        },
      }),
    })
    const visitor = await server.signedIn()
    await visitor.post('/set?theme=dark&key1=1')
    await visitor.post('/empty')
    assert.deepEqual(await dataOf(visitor), { n: 0, visits: 0, items: [] })
    const thief = visitor.copy()
    await visitor.post('/logout?keep=theme')
    assert.deepEqual([await who(thief), await server.records()], ['nobody', []])
  })
})

onServer('node', 'memoryStore', (serve) => {
  it('would show a store that stores whatever it is given', async (t) => {
    const left = await logoutDuring(await serve(t, { between: overwriting }), 'POST', '/slow-writer')
    assert.deepEqual(left, { slow: '200 sets', replayed: 'alice', records: 1 })
  })

  it('would show a store whose touch brings back what it remembers', async (t) => {
    const server = await serve(t, { between: rememberingTouches })
    const left = await logoutDuring(server, 'GET', '/slow-reader', { 'sec-fetch-mode': 'cors' })
    assert.deepEqual(left, { slow: '200', replayed: 'alice', records: 1 })
  })
})

/** Faulty on purpose: a touch stores the whole record that was written last. */
function rememberingTouches(store: Store): Store {
  const written = new Map<string, SessionRecord>()
  return {
    ...store,
    write(record, expected, options) {
      written.set(record.id, record)
      return store.write(record, expected, options)
    },
    async touch(id, times, options) {
      await store.write({ ...written.get(id)!, ...times }, undefined, options)
      return store.touch(id, times, options)
    },
  }
}
