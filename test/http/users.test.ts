import assert from 'node:assert/strict'
import { it } from 'node:test'
import { text } from './application.ts'
import { eventually, onEveryServer, type Server } from './serving.ts'
import { jittery } from './stores.ts'
import { type Answer, type Visitor, Wire } from './visitor.ts'

const who = async (visitor: Visitor): Promise<string> => (await visitor.get('/who')).body
const devices = async (visitor: Visitor): Promise<string[]> => JSON.parse((await visitor.get('/devices')).body)
const codeOf = ({ status, body }: Answer): string => [status, /ERR_\w+/.exec(body)?.[0]].filter(Boolean).join(' ')

/** An event stream of this visitor's, open. */
async function listening(server: Server, visitor: Visitor): Promise<Wire> {
  const wire = new Wire(server.port).send(
    `GET /events HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nCookie: ${visitor.cookieHeader}\r\nConnection: close\r\n\r\n`,
  )
  await wire.until((received) => received.includes('data: open'))
  return wire
}

onEveryServer((serve) => {
  it('lists a user’s own sessions, the one seen last first', async (t) => {
    const server = await serve(t)
    const [first, second, other] = [await server.signedIn(), server.visitor(), await server.signedIn('bob')]
    server.clock.advance(60_000)
    await second.post('/login?user=alice')
    const [newest] = await devices(second)
    server.clock.advance(60_000)
    await first.get('/who')
    const listed = await devices(first)
    assert.deepEqual([listed.length, listed[1], (await devices(other)).length], [2, newest, 1])
    assert.match(listed.join(), /^s_[\w-]{12},s_[\w-]{12}$/)
    const [summary] = await server.sessions.ofUser('bob').list()
    assert.deepEqual(
      { userId: summary?.userId, data: summary?.data, createdAt: summary?.createdAt.getTime() },
      { userId: 'bob', data: { n: 0, visits: 0, items: [] }, createdAt: server.clock.now - 120_000 },
    )
  })

  it('revokes one session, of the user’s own only, and says whether there was one', async (t) => {
    const server = await serve(t)
    const [here, lost, other] = [await server.signedIn(), await server.signedIn(), await server.signedIn('bob')]
    const [theirs] = await devices(other)
    server.clock.advance(60_000)
    await here.get('/who')
    const [, lostHandle] = await devices(here)
    const revoke = async (handle: string | undefined) => (await here.post(`/devices/revoke?handle=${handle}`)).body
    assert.deepEqual(
      [
        await revoke(theirs),
        await revoke('s_unknown'),
        await revoke(''),
        await revoke(lostHandle),
        await revoke(lostHandle),
      ],
      ['false', 'false', 'false', 'true', 'false'],
    )
    assert.deepEqual([await who(here), await who(lost), await who(other)], ['alice', 'nobody', 'bob'])
    assert.equal((await devices(here)).length, 1)
  })

  it('signs out everywhere else, and stays signed in here', async (t) => {
    const server = await serve(t)
    const here = await server.signedIn()
    const others = [await server.signedIn(), await server.signedIn(), await server.signedIn()]
    const bob = await server.signedIn('bob')
    assert.equal((await here.post('/devices/revoke-others')).body, '3')
    assert.deepEqual(await Promise.all([here, ...others, bob].map(who)), ['alice', 'nobody', 'nobody', 'nobody', 'bob'])
    assert.equal((await here.post('/devices/revoke-others')).body, '0')
    // Whoever comes later signs in as ever.
    server.clock.advance(2)
    assert.equal(await who(await server.signedIn()), 'alice')
  })

  it('refuses to sign in whose password was checked before “sign out everywhere”', async (t) => {
    const server = await serve(t)
    const here = await server.signedIn()
    const thief = server.visitor()
    const signingIn = thief.post('/slow-login?user=alice')
    await server.gate.reached()
    server.clock.advance(1_000)
    assert.equal((await here.post('/devices/revoke-others')).body, '0')
    server.clock.advance(1_000)
    server.gate.open()
    const answer = await signingIn
    assert.deepEqual(
      [codeOf(answer), answer.setCookies, await who(thief), await who(here), (await devices(here)).length],
      ['409 ERR_SESSION_REVOKED', [], 'nobody', 'alice', 1],
    )
  })

  it('refuses the same to a visitor who had an anonymous session', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions, gate }) => ({
        'POST /check-then-login': async ({ request }) => {
          const session = await sessions.open(request, { mode: 'shared' })
          await gate.pass()
          session.signIn('alice')
          return text('in')
        },
      }),
    })
    const here = await server.signedIn()
    const thief = server.visitor()
    await thief.post('/set?key1=1')
    const signingIn = thief.post('/check-then-login')
    await server.gate.reached()
    await here.post('/devices/revoke-others')
    server.clock.advance(1_000)
    server.gate.open()
    assert.deepEqual(
      [codeOf(await signingIn), await who(thief), JSON.parse((await thief.get('/data')).body).key1],
      ['409 ERR_SESSION_REVOKED', 'nobody', 1],
    )
  })

  it('leaves none of 100 sign-ins that race “sign out everywhere” both accepted and older than it', async (t) => {
    const server = await serve(t, { between: jittery })
    const here = await server.signedIn()
    const visitors = Array.from({ length: 100 }, () => server.visitor())
    const before = visitors.slice(0, 50).map((visitor) => visitor.post('/slow-login?user=alice'))
    await server.gate.reached(50)
    const revoking = here.post('/devices/revoke-others')
    server.gate.open()
    const after = visitors.slice(50).map((visitor) => visitor.post('/login?user=alice'))
    await revoking
    const answers = await Promise.all([...before, ...after])
    const seen = new Set<string>()
    for (const [index, answer] of answers.entries()) seen.add(`${codeOf(answer)} ${await who(visitors[index]!)}`)
    // Accepted, then ended; or refused. All arrived in the millisecond of the revocation, by this clock.
    for (const outcome of seen) assert.match(outcome, /^(303 nobody|409 ERR_SESSION_REVOKED nobody)$/)
    assert.deepEqual([await who(here), (await devices(here)).length], ['alice', 1])
  })

  it('signs in, and all others out, in one request', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions }) => ({
        'POST /reset-password': async ({ request }) => {
          const session = await sessions.open(request)
          const count = await sessions.ofUser('alice').revokeAll({ except: session })
          session.signIn('alice')
          return text(String(count))
        },
        'POST /reset-password-after': async ({ request }) => {
          const session = await sessions.open(request)
          session.signIn('alice')
          return text(String(await sessions.ofUser('alice').revokeAll({ except: session })))
        },
      }),
    })
    for (const path of ['/reset-password', '/reset-password-after']) {
      const anonymous = server.visitor()
      await anonymous.post('/n')
      for (const visitor of [server.visitor(), anonymous]) {
        const thief = await server.signedIn()
        const answer = await visitor.post(path)
        assert.equal(answer.status, 200, path)
        assert.ok(Number(answer.body) >= 1)
        assert.deepEqual(
          [await who(visitor), await who(thief), (await devices(visitor)).length],
          ['alice', 'nobody', 1],
        )
        server.clock.advance(10)
      }
    }
  })

  it('changes one session’s data from outside, exactly, and no other user’s', async (t) => {
    const server = await serve(t, { between: jittery })
    const visitor = await server.signedIn()
    const alice = server.sessions.ofUser('alice')
    const [handle = ''] = await devices(visitor)
    const outside = Array.from({ length: 20 }, () => alice.update(handle, (data) => ++data.n))
    const inside = Array.from({ length: 20 }, () => visitor.get('/update'))
    const numbers = [...(await Promise.all(outside)), ...(await Promise.all(inside)).map(({ body }) => Number(body))]
    assert.deepEqual(
      numbers.sort((one, other) => one! - other!),
      Array.from({ length: 40 }, (_, index) => index + 1),
    )
    assert.equal(await server.sessions.ofUser('bob').update(handle, (data) => ++data.n), undefined)
    assert.equal(JSON.parse((await visitor.get('/data')).body).n, 40)
  })

  it('tells a writer under way that its session was revoked', async (t) => {
    const server = await serve(t)
    for (const path of ['/slow-writer', '/slow-exclusive-writer']) {
      const visitor = await server.signedIn()
      const writing = visitor.post(path)
      await server.gate.reached()
      await server.sessions.ofUser('alice').revokeAll()
      server.clock.advance(10)
      server.gate.open()
      assert.deepEqual([codeOf(await writing), await who(visitor)], ['409 ERR_SESSION_GONE', 'nobody'])
    }
  })

  it('ends an open event stream at once when its session is revoked or destroyed, and no other', async (t) => {
    const server = await serve(t)
    const endings: { readonly [what: string]: (visitor: Visitor) => Promise<unknown> } = {
      revoke: async (visitor) => server.sessions.ofUser('alice').revoke((await devices(visitor))[0] ?? ''),
      revokeAll: () => server.sessions.ofUser('alice').revokeAll(),
      logout: (visitor) => visitor.post('/logout'),
      'another user': (visitor) => visitor.post('/login?user=carol'),
    }
    const bob = await listening(server, await server.signedIn('bob'))
    for (const [what, end] of Object.entries(endings)) {
      const visitor = await server.signedIn()
      const [one, two] = [await listening(server, visitor), await listening(server, visitor)]
      const startedAt = performance.now()
      await end(visitor)
      for (const wire of [one, two]) assert.match(await wire.closed(), /data: ended/, what)
      assert.ok(performance.now() - startedAt < 700, `${what}: took longer than a look at the store would`)
      server.clock.advance(10)
    }
    assert.doesNotMatch(bob.text, /ended/)
    await bob.drop()
  })

  it('ends an open event stream within about a second when its session expires, or ends in another process', async (t) => {
    const server = await serve(t, {
      second: {},
      routes: ({ second }) => ({
        'POST /logout-elsewhere': async ({ request }) => {
          ;(await second.open(request, { mode: 'shared' })).signOut()
          return text('out')
        },
      }),
    })
    const [idle, elsewhere] = [await server.signedIn(), await server.signedIn()]
    const wires = [await listening(server, idle), await listening(server, elsewhere)]
    await elsewhere.post('/logout-elsewhere')
    server.clock.advance(30 * 60_000)
    for (const wire of wires) assert.match(await wire.closed(), /data: ended/)
  })

  it('stays silent on an event stream of a visitor without a session', async (t) => {
    const server = await serve(t)
    const wire = await listening(server, server.visitor())
    await server.signedIn()
    await eventually(() => true)
    assert.doesNotMatch(wire.text, /ended/)
    await wire.drop()
  })
})
