import assert from 'node:assert/strict'
import { it } from 'node:test'
import { text } from '../http/application.ts'
import { onEveryServer, type Server } from '../http/serving.ts'
import { Counter } from '../http/stores.ts'
import type { Visitor } from '../http/visitor.ts'
import { dataOf, told, who } from './answers.ts'
import { onEveryStore } from './servers.ts'

const anonymous = { n: 0, visits: 0, items: [] }

function holding(server: Server, value: string): Visitor {
  const visitor = server.visitor()
  visitor.cookies.set(server.cookieName, value)
  return visitor
}

onEveryServer((serve) => {
  it('CVE-2015-3982 (Django): visitors whose key became empty do not share a session', async (t) => {
    const server = await serve(t)
    const visitor = await server.signedIn()
    await visitor.post('/destroy')
    assert.equal(visitor.cookies.size, 0)
    for (const value of ['', 'undefined', 'null', '0', 'false', 'NaN', '[object Object]']) {
      const [one, other] = [holding(server, value), holding(server, value)]
      await one.post('/set?theme=of-one')
      await one.post('/login')
      assert.deepEqual([await who(other), await dataOf(other)], ['nobody', anonymous], value)
      await other.post('/set?theme=of-the-other')
      assert.deepEqual(await dataOf(one), { ...anonymous, theme: 'of-one' })
    }
  })

  it('CVE-2018-1000519 (aiohttp-session): a destroyed session is none, not an empty one that lives on', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions }) => ({
        'GET /standing': async ({ request }) => {
          const { isStored, id, createdAt, expiresAt } = await sessions.open(request)
          return text(JSON.stringify({ isStored, id, createdAt, expiresAt }))
        },
      }),
    })
    const visitor = await server.signedIn()
    const old = visitor.copy()
    const standing = async () => JSON.parse((await old.get('/standing')).body)
    const { id } = await standing()
    await visitor.post('/destroy')
    assert.deepEqual([await standing(), await server.records()], [{ isStored: false }, []])
    await old.post('/n')
    const after = await standing()
    assert.deepEqual([after.isStored, after.id === id], [true, false])
  })
})

onEveryStore((serve) => {
  for (const [bug, method, paths, value] of [
    ['CVE-2015-5143', 'GET', ['/untouched', '/who', '/data', '/read-only', '/flash'], 'A'.repeat(64)],
    ['CVE-2015-5963', 'POST', ['/logout', '/logout?keep=theme', '/destroy', '/regenerate'], undefined],
    ['CVE-2015-5964', 'POST', ['/logout', '/logout?keep=theme', '/destroy', '/regenerate'], 'A'.repeat(64)],
  ] as const) {
    const whose = value ? 'with a cookie that nobody issued' : 'without a cookie'
    it(`${bug} (Django): a ${method} of a visitor ${whose} leaves no record and no cookie`, async (t) => {
      const counter = new Counter()
      const server = await serve(t, { between: counter.counting })
      for (let round = 0; round < 20; round++) {
        for (const path of paths) {
          const visitor = value ? holding(server, value) : server.visitor()
          const { setCookies } = await visitor.ask(method, path)
          // A logout clears the cookie that it was asked to clear.
          assert.ok(
            setCookies.every((line) => line.includes('Expires=Thu, 01 Jan 1970')),
            path,
          )
        }
      }
      assert.deepEqual(await server.records(), [])
      assert.ok(!counter.take().includes('write'))
    })
  }

  it('CVE-2016-4423 (Symfony): what a visitor sends before signing in can’t grow without bound', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions }) => ({
        'POST /remember-name': async (visit) => {
          const session = await sessions.open(visit.request)
          session.data.theme = await visit.body()
          return text('remembered')
        },
        'POST /login-as': async (visit) => {
          const session = await sessions.open(visit.request)
          try {
            session.signIn(await visit.body())
          } catch (error) {
            return { status: 400, body: String(error) }
          }
          return text('in')
        },
      }),
    })
    const visitor = server.visitor()
    const tooMuch = await visitor.post('/remember-name', { body: 'x'.repeat(10_000_000) })
    assert.equal(told(tooMuch), '413 ERR_SESSION_TOO_LARGE')
    const tooLong = await visitor.post('/login-as', { body: 'x'.repeat(257) })
    assert.equal(told(tooLong), '400')
    assert.deepEqual(await server.records(), [])
    assert.equal(told(await visitor.post('/remember-name', { body: 'x'.repeat(1_000) })), '200 sets')
  })
})
