import assert from 'node:assert/strict'
import { it } from 'node:test'
import { text } from '../http/application.ts'
import { onServer, type Serve, type Server } from '../http/serving.ts'
import { takeApart } from '../http/tickets.ts'
import type { Visitor } from '../http/visitor.ts'
import { ticketsFrom } from './candidates.ts'
import { dumpedPlaces, type Find, type OpenedPlace } from './dumps.ts'

type Test = Parameters<Serve>[0]

interface Stolen {
  readonly server: Server
  readonly finds: Find[]
  /** The tickets that do open a session. */
  readonly live: readonly string[]
  /** The session ids of all tickets, which stay the same for the life of a session and may be known from an old cookie. */
  readonly knownIds: readonly Buffer[]
}

/** Visitors of all kinds: anonymous, signed in, rotated, confirmed, remembered, with a spent cookie, with a message. */
async function stolen(t: Test, serve: Serve, place: OpenedPlace): Promise<Stolen> {
  const server = await serve(t, {
    place,
    options: { touchInterval: '1m' },
    routes: ({ sessions }) => ({
      'GET /everything': async ({ request }) => {
        const { userId, data, isStored } = await sessions.open(request, { mode: 'read-only', touch: false })
        return text(JSON.stringify({ userId, data, isStored }))
      },
    }),
  })
  const [anonymous, alice, bob] = [server.visitor(), server.visitor(), server.visitor()]
  const spent: string[] = []
  const visitors = [anonymous, alice, bob]
  for (const visitor of visitors) await visitor.post('/set?theme=confidential')
  spent.push(...visitors.map((visitor) => visitor.ticket!))
  await alice.post('/login?user=alice')
  await bob.post('/login?user=bob&remember')
  await bob.post('/regenerate')
  spent.push(alice.ticket!, bob.ticket!)
  server.clock.advance(16 * 60_000)
  for (const visitor of visitors) await visitor.get('/flash/add?text=whispered')
  await alice.get('/who')
  const live = visitors.map((visitor) => visitor.ticket!)
  const knownIds = [...spent, ...live].map((ticket) => takeApart(ticket).sid)
  return { server, finds: await place.dump(), live, knownIds }
}

/** Which of these values open anything. */
async function opening({ server }: Stolen, tickets: Iterable<string>): Promise<string[]> {
  const nothing = (await server.visitor().get('/everything')).body
  const opened: string[] = []
  const queue = [...tickets]
  const worker = async (visitor: Visitor): Promise<void> => {
    for (let ticket = queue.pop(); ticket !== undefined; ticket = queue.pop()) {
      visitor.cookies.set(server.cookieName, ticket)
      const { status, body } = await visitor.get('/everything')
      if (status !== 200 || body !== nothing) opened.push(ticket)
    }
  }
  await Promise.all(Array.from({ length: 16 }, () => worker(server.visitor())))
  return opened
}

for (const [name, kind] of Object.entries(dumpedPlaces)) {
  onServer('node', name, (serve) => {
    it('holds no string that opens a session, alone or put together with any other', async (t) => {
      const loot = await stolen(t, serve, await kind.open())
      const tickets = ticketsFrom(loot.finds, loot.knownIds)
      assert.ok(tickets.size > 500, `${tickets.size} cookies were tried`)
      assert.deepEqual(await opening(loot, tickets), [])
      assert.deepEqual((await opening(loot, loot.live)).sort(), [...loot.live].sort())
    })
  })
}

onServer('node', 'memoryStore', (serve) => {
  const leaks: { readonly [what: string]: (ticket: string) => Find['bytes'] } = {
    'a ticket in a line of JSON': (ticket) => Buffer.from(JSON.stringify({ sid: `sid=${ticket}; Path=/` })),
    'a ticket in hex': (ticket) => Buffer.from(Buffer.from(ticket, 'base64url').toString('hex')),
    'a ticket’s bytes': (ticket) => Buffer.from(ticket, 'base64url'),
    'a secret': (ticket) => Buffer.from(`{"secret":"${takeApart(ticket).secret.toString('base64url')}"}`),
    'a secret in hex': (ticket) => Buffer.from(`sess_${takeApart(ticket).secret.toString('hex')}`),
    'a secret’s bytes': (ticket) => takeApart(ticket).secret,
  }
  for (const [what, leak] of Object.entries(leaks)) {
    it(`would find ${what}`, async (t) => {
      const loot = await stolen(t, serve, await dumpedPlaces.memoryStore!.open())
      const finds: Find[] = [...loot.finds, { where: 'a leak', bytes: leak(loot.live[1]!) }]
      assert.ok((await opening(loot, ticketsFrom(finds, loot.knownIds))).includes(loot.live[1]!))
    })
  }
})
