import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Routes, redirect, text } from './application.ts'
import { onEveryServer, type Setup } from './serving.ts'
import type { Answer, Visitor } from './visitor.ts'

const minute = 60_000
const navigate = { headers: { 'sec-fetch-mode': 'navigate' } }
const who = async (visitor: Visitor): Promise<string> => (await visitor.get('/who')).body
const codeOf = ({ status, body }: Answer): string => [status, /ERR_\w+/.exec(body)?.[0]].filter(Boolean).join(' ')

/** Sign-in in two steps, and a page that wants a recent one. */
const routes: NonNullable<Setup['routes']> = ({ sessions }): Routes => ({
  'POST /password': async ({ request, query }) => {
    const session = await sessions.open(request)
    session.beginSignIn(query.get('user') ?? 'alice')
    return redirect('/code')
  },
  'POST /code': async ({ request, query }) => {
    const session = await sessions.open(request)
    session.completeSignIn({ remember: query.has('remember') })
    return text(session.userId ?? 'nobody')
  },
  'GET /pending': async ({ request }) => {
    const { pendingUserId, userId } = await sessions.open(request, { mode: 'read-only' })
    return text(`${pendingUserId} ${userId}`)
  },
  'GET /payment': async ({ request }) => {
    const session = await sessions.open(request, { mode: 'read-only' })
    return text(session.requireRecent('5m'))
  },
  'GET /devices': async ({ request }) => {
    const current = await sessions.open(request, { mode: 'read-only' })
    const devices = await sessions.ofUser('alice').list({ current })
    return text(devices.map(({ isCurrent, isRemembered }) => `${isCurrent ? 'this' : 'other'} ${isRemembered}`).join())
  },
  'POST /again': async ({ request }) => {
    const session = await sessions.open(request)
    session.signIn(session.userId ?? '')
    return text(String(session.isRemembered))
  },
})

onEveryServer((serve) => {
  it('takes nobody for signed in between the first factor and the second', async (t) => {
    const server = await serve(t, { routes })
    const visitor = server.visitor()
    await visitor.get('/set?theme=dark')
    const [anonymous, before] = [visitor.copy(), visitor.ticket]
    await visitor.post('/password')
    assert.deepEqual([await who(visitor), (await visitor.get('/pending')).body], ['nobody', 'alice undefined'])
    assert.equal(codeOf(await visitor.get('/payment')), '403 ERR_REAUTHENTICATION_REQUIRED')
    assert.deepEqual(await server.sessions.ofUser('alice').list(), [])
    const [half, between] = [visitor.copy(), visitor.ticket]
    assert.notEqual(between, before)
    assert.equal((await visitor.post('/code')).body, 'alice')
    assert.notEqual(visitor.ticket, between)
    assert.deepEqual([await who(visitor), (await visitor.get('/pending')).body], ['alice', 'undefined alice'])
    // Whoever had a cookie of before has nothing of what came after.
    assert.deepEqual(
      [await who(anonymous), await who(half), (await half.get('/data')).body.includes('dark')],
      ['nobody', 'nobody', false],
    )
    assert.match((await visitor.get('/data')).body, /dark/)
  })

  it('completes no sign-in that was not begun, or too long ago', async (t) => {
    const server = await serve(t, { routes })
    const visitor = server.visitor()
    assert.equal(codeOf(await visitor.post('/code')), '403 ERR_REAUTHENTICATION_REQUIRED')
    await visitor.post('/password')
    server.clock.advance(10 * minute)
    assert.equal((await visitor.get('/pending')).body, 'undefined undefined')
    assert.equal(codeOf(await visitor.post('/code')), '403 ERR_REAUTHENTICATION_REQUIRED')
    assert.equal(await who(visitor), 'nobody')
  })

  it('completes no sign-in whose first factor came before “sign out everywhere”', async (t) => {
    const server = await serve(t, { routes })
    const visitor = server.visitor()
    await visitor.post('/password')
    server.clock.advance(1_000)
    await server.sessions.ofUser('alice').revokeAll()
    server.clock.advance(1_000)
    assert.equal(codeOf(await visitor.post('/code')), '409 ERR_SESSION_REVOKED')
    await visitor.post('/password')
    assert.equal((await visitor.post('/code')).body, 'alice')
  })

  it('gives a user nothing of what another has begun in the same browser', async (t) => {
    const server = await serve(t, { routes })
    const visitor = server.visitor()
    await visitor.post('/password?user=bob')
    await visitor.post('/set?theme=bobs')
    await visitor.post('/login?user=alice')
    assert.equal(await who(visitor), 'alice')
    assert.doesNotMatch((await visitor.get('/data')).body, /bobs/)
    assert.equal((await server.records()).length, 1)
  })

  it('wants a recent sign-in where that is asked for, and takes one anew', async (t) => {
    const server = await serve(t, { routes })
    const visitor = server.visitor()
    assert.equal(codeOf(await visitor.get('/payment')), '403 ERR_REAUTHENTICATION_REQUIRED')
    await visitor.post('/login?user=alice&remember')
    server.clock.advance(5 * minute)
    assert.equal((await visitor.get('/payment')).body, 'alice')
    server.clock.advance(1)
    assert.equal(codeOf(await visitor.get('/payment')), '403 ERR_REAUTHENTICATION_REQUIRED')
    const before = visitor.ticket
    assert.equal((await visitor.post('/again')).body, 'true', 'still remembered')
    assert.notEqual(visitor.ticket, before)
    assert.equal((await visitor.get('/payment')).body, 'alice')
    assert.equal((await server.sessions.ofUser('alice').list()).length, 1)
  })

  it('ends a session whose replaced cookie is used again, where that is chosen', async (t) => {
    const server = await serve(t, { options: { rotation: { onReuse: 'revoke' } } })
    const visitor = await server.signedIn()
    const thief = visitor.copy()
    server.clock.advance(15 * minute)
    await visitor.get('/who', navigate)
    assert.equal(await who(visitor), 'alice')
    server.clock.advance(29_999)
    assert.equal(await who(thief), 'alice', 'within the grace')
    server.clock.advance(1)
    assert.equal(await who(thief), 'nobody')
    assert.deepEqual([await who(visitor), await server.records()], ['nobody', []])
  })

  it('ends it for a cookie of before the sign-in too, but not while requests may still be under way with it', async (t) => {
    const server = await serve(t, { options: { rotation: { onReuse: 'revoke' } } })
    const visitor = server.visitor()
    await visitor.get('/set?theme=dark')
    const planted = visitor.copy()
    await visitor.post('/login?user=alice')
    server.clock.advance(29_999)
    assert.deepEqual([await who(planted), await who(visitor)], ['nobody', 'alice'])
    server.clock.advance(1)
    assert.deepEqual([await who(planted), await who(visitor)], ['nobody', 'nobody'])
  })

  it('lists a user’s sessions, the one seen last first, and says which is this one and which is remembered', async (t) => {
    const server = await serve(t, { routes })
    const remembered = server.visitor()
    await remembered.post('/login?user=alice&remember')
    server.clock.advance(1_000)
    const short = await server.signedIn('alice')
    assert.equal((await short.get('/devices')).body, 'this false,other true')
    assert.equal((await remembered.get('/devices')).body, 'other false,this true')
    assert.equal((await server.visitor().get('/devices')).body, 'other false,other true')
  })

  it('ends the oldest session of a user who has too many', async (t) => {
    const server = await serve(t, { options: { sessionsPerUser: { max: 2 } } })
    const visitors: Visitor[] = []
    for (let index = 0; index < 4; index++) {
      const visitor = server.visitor()
      // Every other one has a session before.
      if (index % 2) await visitor.get('/set?theme=dark')
      await visitor.post('/login?user=alice')
      visitors.push(visitor)
      server.clock.advance(1_000)
    }
    const bob = await server.signedIn('bob')
    assert.deepEqual(await Promise.all([...visitors, bob].map(who)), ['nobody', 'nobody', 'alice', 'alice', 'bob'])
    // Signing in again on a session of one's own adds none.
    await visitors[2]!.post('/login?user=alice')
    assert.deepEqual(await Promise.all(visitors.map(who)), ['nobody', 'nobody', 'alice', 'alice'])
  })

  it('leaves a user who signs in many times at once no more sessions than allowed', async (t) => {
    const server = await serve(t, { options: { sessionsPerUser: { max: 3 } } })
    const visitors = Array.from({ length: 12 }, () => server.visitor())
    for (const visitor of visitors.slice(6)) await visitor.get('/set?theme=dark')
    const answers = await Promise.all(visitors.map((visitor) => visitor.post('/login?user=alice')))
    const allowed = ['303', '409 ERR_SESSION_LIMIT']
    assert.deepEqual(
      answers.map(codeOf).filter((code) => !allowed.includes(code)),
      [],
    )
    const signedIn = (await Promise.all(visitors.map(who))).filter((name) => name === 'alice')
    assert.deepEqual([signedIn.length, (await server.sessions.ofUser('alice').list()).length], [3, 3])
  })

  it('refuses a sign-in too many, where that is chosen, and leaves the visitor what they had', async (t) => {
    const server = await serve(t, { options: { sessionsPerUser: { max: 1, whenFull: 'refuse' } } })
    const first = await server.signedIn()
    const second = server.visitor()
    await second.get('/set?theme=dark')
    const refused = await second.post('/login?user=alice')
    assert.deepEqual([codeOf(refused), refused.setCookies], ['409 ERR_SESSION_LIMIT', []])
    assert.deepEqual([await who(first), await who(second)], ['alice', 'nobody'])
    assert.match((await second.get('/data')).body, /dark/)
    await first.post('/login?user=alice')
    await first.post('/logout')
    assert.equal(codeOf(await second.post('/login?user=alice')), '303')
    assert.equal(await who(second), 'alice')
  })

  it('keeps a refusing limit when many sign in at once, if need be by refusing all', async (t) => {
    const server = await serve(t, { options: { sessionsPerUser: { max: 2, whenFull: 'refuse' } } })
    const visitors = Array.from({ length: 8 }, () => server.visitor())
    const codes = (await Promise.all(visitors.map((visitor) => visitor.post('/login?user=alice')))).map(codeOf)
    const answered = codes.filter((code) => code === '303').length
    const signedIn = (await Promise.all(visitors.map(who))).filter((name) => name === 'alice').length
    assert.ok(answered <= 2 && signedIn === answered, codes.join())
    assert.equal((await server.sessions.ofUser('alice').list()).length, answered)
  })
})
