import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Routes, redirect, text } from '../http/application.ts'
import { onEveryServer, type Setup } from '../http/serving.ts'
import { takeApart } from '../http/tickets.ts'
import type { Visitor } from '../http/visitor.ts'
import { dataOf, told, who } from './answers.ts'
import { SharedCache } from './shared-cache.ts'

onEveryServer((serve) => {
  it('CVE-2023-29019 (@fastify/passport): the cookie that an attacker has planted is dead once its victim signs in', async (t) => {
    const server = await serve(t)
    const attacker = server.visitor()
    await attacker.post('/set?theme=planted')
    const victim = attacker.copy()
    assert.equal(told(await victim.post('/login')), '303 sets')
    assert.notEqual(victim.ticket, attacker.ticket)
    assert.ok(!takeApart(victim.ticket!).secret.equals(takeApart(attacker.ticket!).secret))
    assert.deepEqual(
      [await who(attacker), await dataOf(attacker), await who(victim)],
      ['nobody', { n: 0, visits: 0, items: [] }, 'alice'],
    )
    assert.equal(told(await attacker.post('/set?theme=injected')), '409 ERR_SESSION_SUPERSEDED')
  })

  it('CVE-2022-25896 (passport): sign-in and logout each close the session before, and no key of it is left', async (t) => {
    const server = await serve(t)
    const visitor = server.visitor()
    await visitor.post('/set?theme=of-nobody')
    const anonymous = visitor.copy()
    await visitor.post('/login?keep=none')
    assert.deepEqual(await dataOf(visitor), { n: 0, visits: 0, items: [] })
    await visitor.post('/set?theme=of-alice')
    const signedIn = visitor.copy()
    await visitor.post('/logout')
    assert.deepEqual(await server.records(), [])
    await visitor.post('/n')
    assert.deepEqual(await dataOf(visitor), { n: 1, visits: 0, items: [] })
    assert.deepEqual([await who(anonymous), await who(signedIn)], ['nobody', 'nobody'])
  })

  it('@fastify/session #240: a new cookie leaves no second record behind', async (t) => {
    const server = await serve(t)
    const visitor = server.visitor()
    await visitor.post('/n')
    for (const path of ['/regenerate', '/login', '/regenerate', '/login']) {
      const old = visitor.copy()
      await visitor.post(path)
      assert.deepEqual([(await server.records()).length, await dataOf(old)], [1, { n: 0, visits: 0, items: [] }], path)
    }
    assert.deepEqual(await dataOf(visitor), { n: 1, visits: 0, items: [] })
  })

  it('CVE-2023-46733 (Symfony): the same user who signs in again gets a new cookie, and the old one is dead', async (t) => {
    const server = await serve(t)
    const visitor = await server.signedIn()
    const old = visitor.copy()
    assert.equal(told(await visitor.post('/login')), '303 sets')
    assert.notEqual(visitor.ticket, old.ticket)
    assert.deepEqual([await who(old), await who(visitor)], ['nobody', 'alice'])
  })

  it('CVE-2023-46733 (Symfony): each step of a sign-in in two replaces the cookie, and the one before is dead', async (t) => {
    const server = await serve(t, { routes: twoSteps })
    const visitor = server.visitor()
    await visitor.post('/n')
    const earlier: Visitor[] = []
    for (const path of ['/password', '/code', '/login', '/password', '/code']) {
      earlier.push(visitor.copy())
      assert.equal(told(await visitor.post(path)), '303 sets', path)
      for (const old of earlier)
        assert.deepEqual([await who(old), old.ticket === visitor.ticket], ['nobody', false], path)
    }
    assert.equal(await who(visitor), 'alice')
  })

  it('GHSA-xg6x-h9c9-2m83 (better-auth): nobody is signed in by the first of two factors, whichever way one asks', async (t) => {
    const server = await serve(t, { routes: twoSteps })
    const visitor = server.visitor()
    const cache = new SharedCache()
    const ask = async (): Promise<string[]> => [
      await who(visitor),
      (await visitor.get('/read-only/who')).body,
      (await cache.get(visitor, '/who')).body,
      (await visitor.get('/devices')).body,
      (await visitor.get('/payment')).body.slice(0, 3),
    ]
    const nobody = ['nobody', 'nobody', 'nobody', '[]', '403']
    assert.deepEqual(await ask(), nobody)
    await visitor.post('/password')
    assert.deepEqual(await ask(), nobody)
    assert.deepEqual(await server.sessions.ofUser('alice').list(), [])
    const wrong = visitor.copy()
    assert.equal(told(await wrong.post('/code?code=wrong')), '403')
    assert.deepEqual(await ask(), nobody)
    await visitor.post('/code')
    const [handle] = JSON.parse((await visitor.get('/devices')).body)
    assert.deepEqual(await ask(), ['alice', 'alice', 'alice', JSON.stringify([handle]), 'ali'])
  })
})

/** The password is right, then the code is, or is not. */
const twoSteps: NonNullable<Setup['routes']> = ({ sessions }): Routes => ({
  'POST /password': async ({ request }) => {
    const session = await sessions.open(request)
    session.beginSignIn('alice')
    return redirect('/code')
  },
  'POST /code': async ({ request, query }) => {
    const session = await sessions.open(request)
    if (query.has('code')) return { status: 403, body: 'the code is wrong' }
    session.completeSignIn()
    return redirect('/who')
  },
  'GET /read-only/who': async ({ request }) => {
    const { userId } = await sessions.open(request, { mode: 'read-only', touch: false })
    return text(userId ?? 'nobody')
  },
  'GET /payment': async ({ request }) => text((await sessions.open(request)).requireRecent('5m')),
})
