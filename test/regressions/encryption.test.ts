import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import type { SessionId, SessionRecord } from 'coatcheck'
import { encryption } from 'coatcheck/security/encryption'
import { text } from '../http/application.ts'
import type { Serve, Server, Setup } from '../http/serving.ts'
import { recordIdOf } from '../http/tickets.ts'
import type { Visitor } from '../http/visitor.ts'
import { watch } from '../http/watching.ts'
import { dataOf, told, who } from './answers.ts'
import { onEveryStore } from './servers.ts'

const [first, second] = [randomBytes(32), randomBytes(32)]
const nothing = { n: 0, visits: 0, items: [] }

/** The same application, as a second process with other keys: same store, same cookie. */
const elsewhere: NonNullable<Setup['routes']> = ({ second }) => ({
  'GET /elsewhere/who': async ({ request }) => text((await second.open(request)).userId ?? 'nobody'),
  'GET /elsewhere/data': async ({ request }) => text(JSON.stringify((await second.open(request)).data)),
  'POST /elsewhere/login': async ({ request }) => {
    const session = await second.open(request)
    session.signIn('alice')
    session.data.theme = 'forged'
    return text('in')
  },
})

const options = (server: Server) => ({ now: server.clock.now, signal: AbortSignal.timeout(5_000) })

async function stored(server: Server, visitor: Visitor): Promise<SessionRecord> {
  const id = recordIdOf(server.cookieName, visitor.ticket!) as SessionId
  return (await server.store.read(id, options(server)))!
}

async function replace(server: Server, record: SessionRecord, body: Uint8Array): Promise<void> {
  const current = await server.store.read(record.id, options(server))
  const version = randomBytes(16).toString('base64url') as SessionRecord['version']
  const written = await server.store.write({ ...record, version, body }, current?.version, options(server))
  assert.equal(written.ok, true)
}

/** `others` is what the other process is told of encryption. */
const serveWith = (
  serve: Serve,
  t: Parameters<Serve>[0],
  keys: readonly [Uint8Array],
  others: { readonly encryption: Encryption | undefined },
  bindToVisitor = false,
): Promise<Server> =>
  serve(t, {
    options: { encryption: encryption({ keys, bindToVisitor }) },
    second: others as { readonly encryption: Encryption },
    routes: elsewhere,
  })

type Encryption = ReturnType<typeof encryption>

onEveryStore((serve) => {
  it('CVE-2026-39324 (rack-session): a record that someone has written without the key is no session', async (t) => {
    const server = await serveWith(serve, t, [first], { encryption: undefined })
    const events = watch(t)
    const forger = server.visitor()
    await forger.post('/elsewhere/login')
    assert.equal((await forger.get('/elsewhere/who')).body, 'alice')
    assert.deepEqual([await who(forger), await dataOf(forger)], ['nobody', nothing])
    assert.deepEqual([...new Set(events.of('rejected').map(({ reason }) => reason))], ['corrupt'])
    assert.equal(told(await forger.post('/login')), '303 sets')
  })

  for (const bindToVisitor of [false, true]) {
    const how = bindToVisitor ? 'bound to its visitor, ' : ''
    it(`CVE-2026-39324 (rack-session): a record, ${how}of which a byte was changed is no session`, async (t) => {
      const server = await serveWith(serve, t, [first], { encryption: undefined }, bindToVisitor)
      const visitor = await server.signedIn()
      await visitor.post('/set?theme=dark')
      const record = await stored(server, visitor)
      const length = record.body.byteLength
      const places = new Set([0, 1, length - 1, ...Array.from({ length: 40 }, (_, index) => (index * length) / 40)])
      for (const place of places) {
        const body = Buffer.from(record.body)
        body[Math.floor(place)]! ^= 1
        await replace(server, record, body)
        assert.deepEqual([await who(visitor), await dataOf(visitor)], ['nobody', nothing], `byte ${place} of ${length}`)
      }
      await replace(server, record, record.body)
      assert.deepEqual([await who(visitor), await dataOf(visitor)], ['alice', { ...nothing, theme: 'dark' }])
    })

    it(`CVE-2026-39324 (rack-session): a record, ${how}that was put in another one’s place is no session`, async (t) => {
      const server = await serveWith(serve, t, [first], { encryption: undefined }, bindToVisitor)
      const [alice, mallory] = [await server.signedIn(), await server.signedIn('mallory')]
      const [theirs, own] = [await stored(server, alice), await stored(server, mallory)]
      await replace(server, own, theirs.body)
      assert.equal(await who(mallory), 'nobody')
      await replace(server, own, own.body)
      assert.equal(await who(mallory), 'mallory')
      assert.equal(await who(alice), 'alice')
    })

    it(`CVE-2026-39324 (rack-session): what is sealed ${how}under a key that is not known is no session, and no error`, async (t) => {
      const unknowing = { encryption: encryption({ keys: [second], bindToVisitor }) }
      const server = await serveWith(serve, t, [first], unknowing, bindToVisitor)
      const visitor = await server.signedIn()
      assert.equal((await visitor.get('/elsewhere/who')).body, 'nobody')
      const { status, setCookies } = await visitor.get('/elsewhere/data')
      assert.deepEqual([status, setCookies, await who(visitor)], [200, [], 'alice'])
    })

    it(`CVE-2026-39324 (rack-session): a key that is being retired opens what it has sealed ${how}and seals nothing more`, async (t) => {
      const rotated = { encryption: encryption({ keys: [second, first], bindToVisitor }) }
      const server = await serveWith(serve, t, [first], rotated, bindToVisitor)
      const visitor = await server.signedIn()
      assert.equal((await visitor.get('/elsewhere/who')).body, 'alice')
      assert.equal((await visitor.post('/elsewhere/login')).status, 200)
      assert.deepEqual([await who(visitor), (await visitor.get('/elsewhere/who')).body], ['nobody', 'alice'])
    })
  }
})
