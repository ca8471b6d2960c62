import assert from 'node:assert/strict'
import { it, mock } from 'node:test'
import { text } from './application.ts'
import { onEveryServer } from './serving.ts'
import { takeApart } from './tickets.ts'
import { watch } from './watching.ts'

onEveryServer((serve) => {
  it('keeps two Sessions of one application apart, on one store under two cookie names', async (t) => {
    const server = await serve(t, {
      second: { cookie: { name: 'staff' } },
      routes: ({ second }) => ({
        'POST /staff/login': async ({ request }) => {
          ;(await second.open(request)).signIn('root')
          return text('in')
        },
        'GET /staff/who': async ({ request }) => text((await second.open(request)).userId ?? 'nobody'),
        'POST /staff/logout': async ({ request }) => {
          ;(await second.open(request)).signOut()
          return text('out')
        },
      }),
    })
    const visitor = await server.signedIn('alice')
    await visitor.post('/staff/login')
    const staffCookie = `staff-${server.port}`
    assert.deepEqual([...visitor.cookies.keys()].sort(), [server.cookieName, staffCookie])
    const both = async () => [(await visitor.get('/who')).body, (await visitor.get('/staff/who')).body]
    assert.deepEqual(await both(), ['alice', 'root'])

    const [shopTicket, staffTicket] = [visitor.ticket!, visitor.cookies.get(staffCookie)!]
    const swapped = server.visitor()
    swapped.cookies.set(server.cookieName, staffTicket).set(staffCookie, shopTicket)
    assert.deepEqual([(await swapped.get('/who')).body, (await swapped.get('/staff/who')).body], ['nobody', 'nobody'])

    await visitor.post('/staff/logout')
    assert.deepEqual(await both(), ['alice', 'nobody'])
  })

  it('commits two Sessions opened in one request, both or each alone', async (t) => {
    const server = await serve(t, {
      second: { cookie: { name: 'staff' } },
      routes: ({ sessions, second }) => ({
        'POST /both': async ({ request }) => {
          const [one, other] = [await sessions.open(request), await second.open(request)]
          one.data.n += 1
          other.data.n += 10
          return text('both')
        },
        'GET /both': async ({ request }) =>
          text(`${(await sessions.open(request)).data.n} ${(await second.open(request)).data.n}`),
      }),
    })
    const visitor = server.visitor()
    const { setCookies, headers } = await visitor.post('/both')
    assert.deepEqual([setCookies.length, headers.vary], [2, 'Cookie'])
    await visitor.post('/both')
    await visitor.post('/n')
    assert.equal((await visitor.get('/both')).body, '3 20')
  })

  it('gives two servers on one store and one name the same sessions', async (t) => {
    const server = await serve(t)
    // Another port is another cookie name: what a server on it set opens nothing here.
    const other = await serve(t, { place: { store: server.store, remove() {} } })
    const visitor = await other.signedIn()
    const here = server.visitor()
    here.cookies.set(server.cookieName, visitor.ticket!)
    assert.equal((await here.get('/who')).body, 'nobody')
  })

  it('opens the same session however often a request asks for it', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions }) => ({
        'POST /twice': async ({ request }) => {
          const [one, other] = await Promise.all([sessions.open(request), sessions.open(request)])
          one.data.n++
          other.data.n++
          return text(String(one === other))
        },
      }),
    })
    const visitor = await server.signedIn()
    assert.equal((await visitor.post('/twice')).body, 'true')
    assert.equal(JSON.parse((await visitor.get('/data')).body).n, 2)
  })

  it('tells of a change of privilege in the very millisecond of the sign-in', async (t) => {
    const server = await serve(t)
    const events = watch(t)
    const visitor = server.visitor()
    for (const path of ['/n', '/login', '/regenerate']) await visitor.post(path)
    assert.deepEqual(
      events.of('rotated').map(({ reason, userId }) => [reason, userId]),
      [
        ['privilege', 'alice'],
        ['privilege', 'alice'],
      ],
    )
  })

  it('tells an operator what happened, and never a ticket, a secret or a value', async (t) => {
    const error = mock.method(console, 'error', () => {})
    t.after(() => error.mock.restore())
    const server = await serve(t)
    const events = watch(t)
    const visitor = server.visitor()
    const tickets = new Set<string>()
    const ask = async (method: string, path: string): Promise<void> => {
      server.clock.advance(1)
      await visitor.ask(method, path)
      if (visitor.ticket) tickets.add(visitor.ticket)
    }
    await ask('POST', '/set?theme=confidential')
    const spent = visitor.copy()
    await ask('POST', '/login')
    await ask('POST', '/regenerate')
    server.clock.advance(16 * 60_000)
    await ask('GET', '/who')
    const alias = visitor.copy()
    await ask('GET', '/flash/add?text=whispered')
    await spent.post('/n')
    alias.cookies.set(server.cookieName, [...tickets].at(-2)!)
    server.clock.advance(60_000)
    await alias.get('/who')
    const forged = visitor.copy()
    forged.cookies.set(server.cookieName, 'forged-by-someone')
    await forged.get('/who')
    await Promise.all([visitor.get('/set?key1=1'), visitor.get('/set?key1=2')])
    await ask('POST', '/logout')
    await visitor.get('/throw')

    const seen = new Set(events.log.map(({ name }) => name))
    for (const name of ['created', 'rotated', 'ended', 'rejected', 'suspicious', 'store'])
      assert.ok(seen.has(name), name)
    assert.deepEqual(
      events.of('rotated').map(({ reason }) => reason),
      ['privilege', 'privilege', 'periodic'],
    )
    assert.deepEqual(
      events.of('ended').map(({ reason, userId }) => [reason, userId]),
      [['destroyed', 'alice']],
    )

    const log = events.log.map(({ message }) => JSON.stringify(message)).join('\n')
    for (const ticket of tickets) {
      const { sid, secret } = takeApart(ticket)
      for (const bytes of [sid, secret, Buffer.from(ticket, 'base64url')]) {
        for (const encoding of ['base64url', 'base64', 'hex'] as const)
          assert.ok(!log.includes(bytes.toString(encoding)))
      }
    }
    assert.doesNotMatch(log, /confidential|whispered|forged-by-someone/)
    for (const { id } of await server.records()) assert.ok(!log.includes(id), 'a record’s key')
  })
})
