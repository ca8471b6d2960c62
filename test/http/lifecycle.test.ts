import assert from 'node:assert/strict'
import { it } from 'node:test'
import { text } from './application.ts'
import { onEveryServer, type Serve, type Server } from './serving.ts'
import { jittery } from './stores.ts'
import type { Answer, Visitor } from './visitor.ts'
import { watch } from './watching.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const who = async (visitor: Visitor): Promise<string> => (await visitor.get('/who')).body
const dataOf = async (visitor: Visitor): Promise<unknown> => JSON.parse((await visitor.get('/data')).body)

/** What an answer says of the session: its status, its error's code, and what it did to the cookie. */
function told({ status, body, setCookies }: Answer): string {
  const cookie = setCookies.map((line) => (/=; /.test(line) ? 'clears' : 'sets')).join()
  return [status, /ERR_\w+/.exec(body)?.[0], cookie].filter(Boolean).join(' ')
}

/** Asks every minute, so that the session does not idle out. */
async function useFor(server: Server, visitor: Visitor, duration: number): Promise<void> {
  const until = server.clock.now + duration
  while (server.clock.now < until) {
    server.clock.advance(Math.min(10 * minute, until - server.clock.now))
    // A request that is no navigation keeps alive, and rotates nothing.
    await visitor.get('/data', { headers: { 'sec-fetch-mode': 'cors' } })
  }
}

async function rotated(serve: Serve, t: Parameters<Serve>[0]) {
  const server = await serve(t, { options: { idleTimeout: '2h' } })
  const visitor = await server.signedIn()
  server.clock.advance(15 * minute)
  const before = visitor.copy()
  return { server, visitor, before }
}

onEveryServer((serve) => {
  it('replaces the whole cookie at sign-in, and the old one is dead', async (t) => {
    const server = await serve(t)
    const visitor = server.visitor()
    await visitor.post('/set?theme=dark')
    const old = visitor.copy()
    await visitor.post('/login')
    const same = [...old.ticket!].filter((character, index) => character === visitor.ticket![index]).length
    assert.notEqual(old.ticket!.slice(0, 4), visitor.ticket!.slice(0, 4))
    assert.ok(same < 12, `${same} of 64 characters are the same`)
    assert.deepEqual([await who(old), await dataOf(old)], ['nobody', { n: 0, visits: 0, items: [] }])
    assert.deepEqual(told(await old.post('/n')), '409 ERR_SESSION_SUPERSEDED')
    assert.deepEqual(told(await old.get('/update')), '409 ERR_SESSION_SUPERSEDED')
    assert.deepEqual(told(await old.get('/flash/add?text=x')), '409 ERR_SESSION_SUPERSEDED')
    assert.deepEqual(told(await old.post('/logout')), '303')
    assert.deepEqual(
      [await who(visitor), await dataOf(visitor)],
      ['alice', { n: 0, visits: 0, items: [], theme: 'dark' }],
    )
    // S2: with the right password, the old cookie's holder gets a session of their own.
    assert.equal(told(await old.post('/login?user=bob')), '303 sets')
    assert.deepEqual([await who(old), await who(visitor)], ['bob', 'alice'])
  })

  it('keeps of an anonymous session what a sign-in names', async (t) => {
    const server = await serve(t)
    const kept: unknown[] = []
    for (const keep of ['', '&keep=theme', '&keep=none']) {
      const visitor = server.visitor()
      await visitor.post('/set?theme=dark&key1=1')
      await visitor.post(`/login?user=alice${keep}`)
      kept.push(await dataOf(visitor))
    }
    const initial = { n: 0, visits: 0, items: [] }
    assert.deepEqual(kept, [{ ...initial, theme: 'dark', key1: 1 }, { ...initial, theme: 'dark' }, initial])
  })

  it('ends a session 30 minutes after its last visit, to the millisecond', async (t) => {
    const server = await serve(t)
    const [early, late] = [await server.signedIn(), await server.signedIn()]
    server.clock.advance(30 * minute - 1)
    assert.equal(await who(early), 'alice')
    server.clock.advance(1)
    assert.deepEqual([await who(late), await who(early)], ['nobody', 'alice'])
    assert.equal(told(await late.get('/data')), '200')
  })

  it('ends a session 12 hours after its sign-in, to the millisecond, however busy it was', async (t) => {
    const server = await serve(t)
    const visitor = await server.signedIn()
    await useFor(server, visitor, 12 * hour - 1)
    assert.equal(await who(visitor), 'alice')
    server.clock.advance(1)
    assert.equal(await who(visitor), 'nobody')
    assert.deepEqual(await server.records(), [])
  })

  it('gives the full time again to whoever signs in again', async (t) => {
    const server = await serve(t)
    const visitor = await server.signedIn()
    await useFor(server, visitor, 11 * hour)
    await visitor.post('/login')
    await useFor(server, visitor, 12 * hour - 1)
    assert.equal(await who(visitor), 'alice')
    server.clock.advance(1)
    assert.equal(await who(visitor), 'nobody')
  })

  it('remembers for 30 idle days and 90 days altogether, in a cookie that lasts as long', async (t) => {
    const server = await serve(t)
    const visitor = server.visitor()
    const { setCookies } = await visitor.post('/login?remember')
    assert.match(setCookies.join(), /; Max-Age=7776000$/)
    const idle = visitor.copy()
    server.clock.advance(30 * day - 1)
    assert.equal(await who(idle), 'alice')
    server.clock.advance(30 * day)
    assert.equal(await who(visitor), 'nobody')

    const busy = server.visitor()
    await busy.post('/login?remember')
    for (const days of [29, 29, 29]) {
      server.clock.advance(days * day)
      assert.equal(await who(busy), 'alice')
    }
    server.clock.advance(3 * day - 1)
    assert.equal(await who(busy), 'alice')
    server.clock.advance(1)
    assert.equal(await who(busy), 'nobody')
  })

  it('lets a remembered cookie last no longer, after a rotation, than the session', async (t) => {
    const server = await serve(t)
    const visitor = server.visitor()
    await visitor.post('/login?remember')
    server.clock.advance(day)
    const { setCookies } = await visitor.get('/who')
    assert.match(setCookies.join(), new RegExp(`; Max-Age=${89 * 24 * 60 * 60}$`))
  })

  it('forgets again after 30 idle minutes once the user signs in without being remembered', async (t) => {
    const server = await serve(t)
    const visitor = server.visitor()
    await visitor.post('/login?remember')
    const { setCookies } = await visitor.post('/login')
    assert.doesNotMatch(setCookies.join(), /Max-Age/)
    server.clock.advance(30 * minute)
    assert.equal(await who(visitor), 'nobody')
  })

  it('rotates a signed-in visitor’s cookie every 15 minutes, and the old one still works at first', async (t) => {
    const { server, visitor, before } = await rotated(serve, t)
    assert.equal(told(await visitor.get('/who')), '200 sets')
    const successor = visitor.ticket
    // The response that carried it may be lost, any number of times.
    const [lost, again] = [before.copy(), before.copy()]
    assert.deepEqual([told(await lost.get('/who')), lost.ticket === successor], ['200 sets', true])
    assert.deepEqual([told(await again.post('/n')), again.ticket === successor], ['200 sets', true])
    assert.notEqual(before.ticket!.slice(0, 4), successor!.slice(0, 4))
    // Confirmed: from now on the old one is an alias that reads and writes for 30 seconds, and gets nothing.
    assert.equal(told(await visitor.get('/who')), '200')
    server.clock.advance(30_000 - 1)
    const straggler = before.copy()
    assert.deepEqual([told(await straggler.post('/n')), straggler.ticket === before.ticket], ['200', true])
    assert.deepEqual([await who(straggler), ((await dataOf(visitor)) as { n: number }).n], ['alice', 2])
  })

  it('takes the use of a replaced cookie after the grace for theft, and says so', async (t) => {
    const { server, visitor, before } = await rotated(serve, t)
    await visitor.get('/who')
    await visitor.get('/who')
    const events = watch(t)
    server.clock.advance(30_000)
    assert.equal(await who(before), 'nobody')
    assert.equal(told(await before.post('/n')), '409 ERR_SESSION_SUPERSEDED')
    assert.deepEqual(
      events.of('suspicious').map(({ userId }) => userId),
      ['alice', 'alice'],
    )
    assert.equal(await who(visitor), 'alice')
    // Two rotations later it is still known.
    for (let round = 0; round < 2; round++) {
      server.clock.advance(16 * minute)
      await visitor.get('/who')
      await visitor.get('/who')
    }
    assert.equal(told(await before.post('/n')), '409 ERR_SESSION_SUPERSEDED')
    assert.equal(await who(visitor), 'alice')
  })

  it('locks nobody out whose rotation’s answer was lost, however late they come back', async (t) => {
    const { server, before } = await rotated(serve, t)
    await before.copy().get('/who')
    server.clock.advance(hour)
    const back = before.copy()
    assert.deepEqual([await who(back), back.ticket === before.ticket], ['alice', false])
    assert.equal(told(await back.get('/who')), '200')
    assert.equal(await who(back), 'alice')
  })

  it('rotates once for 20 requests at once, and gives all the same cookie', async (t) => {
    const server = await serve(t, { between: jittery })
    const visitor = await server.signedIn()
    server.clock.advance(15 * minute)
    const copies = Array.from({ length: 20 }, () => visitor.copy())
    const answers = await Promise.all(copies.map((copy) => copy.get('/update')))
    assert.deepEqual(
      answers.map(({ body }) => Number(body)).sort((one, other) => one - other),
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
    const tickets = new Set(copies.map(({ ticket }) => ticket))
    tickets.delete(visitor.ticket)
    assert.equal(tickets.size, 1)
    for (const copy of copies) assert.equal(await who(copy), 'alice')
  })

  it('rotates on no request that is not a navigation, and for nobody who is not signed in', async (t) => {
    const { server, visitor } = await rotated(serve, t)
    for (const mode of ['cors', 'no-cors', 'same-origin', 'websocket']) {
      assert.equal(told(await visitor.get('/who', { headers: { 'sec-fetch-mode': mode } })), '200')
    }
    assert.equal(told(await visitor.get('/read-only')), '200')
    assert.equal(told(await visitor.get('/who', { headers: { 'sec-fetch-mode': 'navigate' } })), '200 sets')
    const anonymous = server.visitor()
    await anonymous.post('/n')
    server.clock.advance(20 * minute)
    assert.equal(told(await anonymous.get('/data')), '200')
  })

  it('replaces the cookie on regenerateId, and the old one, with its aliases, is dead at once', async (t) => {
    const { visitor, before } = await rotated(serve, t)
    await visitor.get('/who')
    await visitor.get('/who')
    const rotatedOnce = visitor.copy()
    assert.equal(told(await visitor.post('/regenerate')), '200 sets')
    assert.deepEqual([await who(visitor), await who(rotatedOnce), await who(before)], ['alice', 'nobody', 'nobody'])
    assert.equal(told(await before.post('/n')), '409 ERR_SESSION_SUPERSEDED')
  })

  it('refuses what a request of before the sign-in comes to write after it', async (t) => {
    const server = await serve(t)
    const visitor = server.visitor()
    await visitor.post('/set?key1=1')
    const slow = visitor.copy().post('/slow-writer')
    await server.gate.reached()
    const signIn = await visitor.post('/login')
    server.gate.open()
    assert.deepEqual([told(signIn), told(await slow)], ['303 sets', '409 ERR_SESSION_SUPERSEDED'])
    assert.deepEqual(await dataOf(visitor), { n: 0, visits: 0, items: [], key1: 1 })
  })

  it('signs another user in with empty data, and ends the former’s session', async (t) => {
    const server = await serve(t)
    const visitor = await server.signedIn('alice')
    await visitor.post('/set?theme=dark')
    const old = visitor.copy()
    assert.equal(told(await visitor.post('/login?user=bob')), '303 sets')
    assert.deepEqual(
      [await who(visitor), await dataOf(visitor), await who(old), (await server.records()).map(({ userId }) => userId)],
      ['bob', { n: 0, visits: 0, items: [] }, 'nobody', ['bob']],
    )
    await visitor.post('/set?theme=light')
    await visitor.post('/login?user=carol&keep=theme')
    assert.deepEqual(
      [await who(visitor), await dataOf(visitor)],
      ['carol', { n: 0, visits: 0, items: [], theme: 'light' }],
    )
  })

  it('signs out with the data that is to be kept, under a new cookie', async (t) => {
    const server = await serve(t)
    const visitor = await server.signedIn()
    await visitor.post('/set?theme=dark&key1=1')
    const old = visitor.copy()
    assert.equal(told(await visitor.post('/logout?keep=theme')), '303 sets')
    assert.deepEqual(
      [await who(visitor), await dataOf(visitor), await who(old), (await server.records()).map(({ userId }) => userId)],
      ['nobody', { n: 0, visits: 0, items: [], theme: 'dark' }, 'nobody', [undefined]],
    )
  })

  it('clears the cookie when nothing is left to keep', async (t) => {
    const server = await serve(t)
    for (const path of ['/logout', '/logout?keep=theme', '/destroy']) {
      const visitor = await server.signedIn()
      assert.deepEqual([told(await visitor.post(path)), visitor.cookies.size], ['303 clears', 0])
    }
    assert.deepEqual(await server.records(), [])
  })

  it('destroys twice, in one request and in two, without harm', async (t) => {
    const server = await serve(t)
    const visitor = await server.signedIn()
    const again = visitor.copy()
    assert.deepEqual(
      [told(await visitor.post('/destroy')), told(await again.post('/destroy'))],
      ['303 clears', '303 clears'],
    )
    assert.equal(told(await visitor.post('/destroy')), '303')
  })

  it('shows a flash message once, after a redirect', async (t) => {
    const server = await serve(t)
    for (const visitor of [server.visitor(), await server.signedIn()]) {
      const { status, headers } = await visitor.post('/flash/add?text=saved')
      const shown = [(await visitor.get(headers.location!)).body, (await visitor.get(headers.location!)).body]
      assert.deepEqual([status, ...shown], [303, '[{"kind":"notice","text":"saved"}]', '[]'])
    }
  })

  it('keeps a flash message through a sign-in, and those of parallel requests', async (t) => {
    const server = await serve(t, { between: jittery })
    const visitor = server.visitor()
    await visitor.post('/flash/add?text=0')
    await visitor.post('/login')
    await Promise.all(['1', '2', '3', '4'].map((text) => visitor.get(`/flash/add?text=${text}`)))
    await Promise.all([visitor.post('/flash/add?text=5'), visitor.post('/flash/add?text=6')])
    const shown = JSON.parse((await visitor.get('/flash')).body) as { text: string }[]
    assert.deepEqual(shown.map(({ text }) => text).sort(), ['0', '1', '2', '3', '4', '5', '6'])
    assert.equal((await visitor.get('/flash')).body, '[]')
  })

  it('commits early on save, lets the next exclusive request in, and keeps what comes after too', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions, gate }) => ({
        'POST /save': async ({ request }) => {
          const session = await sessions.open(request)
          session.data.n++
          await session.save()
          await gate.pass()
          session.data.theme = 'after'
          return text('saved')
        },
      }),
    })
    const visitor = await server.signedIn()
    const slow = visitor.post('/save')
    await server.gate.reached()
    assert.equal((await visitor.post('/n')).body, '2')
    server.gate.open()
    assert.equal((await slow).status, 200)
    assert.deepEqual(await dataOf(visitor), { n: 2, visits: 0, items: [], theme: 'after' })
  })

  it('lets a spent cookie’s holder sign in and write in one request', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions }) => ({
        'POST /login-and-update': async ({ request }) => {
          const session = await sessions.open(request)
          session.signIn('alice')
          return text(String(await session.update((data) => ++data.n)))
        },
      }),
    })
    const visitor = server.visitor()
    await visitor.post('/n')
    const old = visitor.copy()
    await visitor.post('/login')
    assert.equal(told(await old.post('/login-and-update')), '200 sets')
    assert.equal(await who(old), 'alice')
  })

  it('gives a request that waits too long for its turn 503, and goes on after it', async (t) => {
    const server = await serve(t, { options: { lock: { wait: 50 } } })
    const visitor = await server.signedIn()
    const slow = visitor.post('/slow-exclusive-writer')
    await server.gate.reached()
    const waiting = await visitor.post('/n')
    assert.deepEqual([told(waiting), waiting.headers['retry-after']], ['503 ERR_SESSION_BUSY', '1'])
    server.gate.open()
    assert.deepEqual([(await slow).status, (await visitor.post('/n')).body], [200, '1'])
  })
})
