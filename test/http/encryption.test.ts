import assert from 'node:assert/strict'
import { hash, randomBytes } from 'node:crypto'
import { it } from 'node:test'
import type { SessionRecord, Version } from 'coatcheck'
import { encryption } from 'coatcheck/security/encryption'
import { text } from './application.ts'
import { onEveryServer, type Server, type Setup } from './serving.ts'
import { putTogether, takeApart } from './tickets.ts'
import type { Visitor } from './visitor.ts'
import { watch } from './watching.ts'

const [key, newKey] = [randomBytes(32), randomBytes(32)]
const minute = 60_000
const navigate = { headers: { 'sec-fetch-mode': 'navigate' } }
const signal = new AbortController().signal
const who = async (visitor: Visitor): Promise<string> => (await visitor.get('/who')).body
const theme = async (visitor: Visitor, path = '/data'): Promise<unknown> =>
  JSON.parse((await visitor.get(path)).body).theme

/** The same application again, with other settings, under /second. */
const routes: NonNullable<Setup['routes']> = ({ second }) => ({
  'GET /second/data': async ({ request }) => text(JSON.stringify((await second.open(request)).data)),
  'GET /second/who': async ({ request }) => text((await second.open(request)).userId ?? 'nobody'),
  'POST /second/set': async ({ request, query }) => {
    ;(await second.open(request)).data.theme = query.get('theme') ?? ''
    return text('set')
  },
})

const recordOf = async (server: Server, userId: string): Promise<SessionRecord> =>
  (await server.records()).find((record) => record.userId === userId)!

/** Someone who writes to the store. */
async function plant(server: Server, record: SessionRecord, body: Uint8Array): Promise<void> {
  const planted = { ...record, version: randomBytes(16).toString('base64url') as Version, body }
  const { ok } = await server.store.write(planted, record.version, { now: server.clock.now, signal })
  assert.ok(ok)
}

const [firstLine, rest] = [
  ({ body }: SessionRecord): string => Buffer.from(body).toString('latin1').split('\n')[0]!,
  ({ body }: SessionRecord): Uint8Array => body.subarray(body.indexOf(10)),
]

type Forgery = (mine: SessionRecord, theirs: SessionRecord) => Uint8Array

const forgeries: { readonly [what: string]: Forgery } = {
  'another session’s': (_, theirs) => theirs.body,
  'another session’s contents': (mine, theirs) => Buffer.concat([Buffer.from(firstLine(mine)), rest(theirs)]),
  'cut off': ({ body }) => body.subarray(0, body.length - 1),
  empty: () => new Uint8Array(),
  'its first line alone': (mine) => Buffer.from(firstLine(mine)),
  'one with a later deadline': (mine) => {
    const fields = JSON.parse(firstLine(mine)) as { deadline: number }
    return Buffer.concat([Buffer.from(JSON.stringify({ ...fields, deadline: fields.deadline + 1 })), rest(mine)])
  },
  'one in plain text': (mine) => {
    const { sealed: _, ...fields } = JSON.parse(firstLine(mine)) as { sealed: unknown }
    return Buffer.from(`${JSON.stringify({ ...fields, keys: 1 })}\ntheme:"planted"`)
  },
  'one in plain text that claims to be sealed': (mine) => {
    const fields = JSON.parse(firstLine(mine)) as { keys: number }
    return Buffer.from(`${JSON.stringify({ ...fields, keys: 1 })}\n{}\ntheme:"planted"`)
  },
}

onEveryServer((serve) => {
  for (const bindToVisitor of [false, true]) {
    const bound = bindToVisitor ? 'bound to its visitor' : 'sealed by the server'
    const sealed = { encryption: encryption({ keys: [key], bindToVisitor }) }

    it(`keeps data, messages and rotations of a session that is ${bound}, and stores none of it in clear`, async (t) => {
      const server = await serve(t, { options: sealed })
      const visitor = await server.signedIn()
      await visitor.get('/set?theme=marzipan')
      await visitor.get('/flash/add?text=nougat')
      const stored = Buffer.concat((await server.records()).map(({ body }) => body)).toString('latin1')
      assert.doesNotMatch(stored, /marzipan|theme|nougat|notice/)
      server.clock.advance(15 * minute)
      const before = visitor.copy()
      await visitor.get('/who', navigate)
      assert.deepEqual(
        [await theme(before), await theme(visitor), await theme(before)],
        ['marzipan', 'marzipan', 'marzipan'],
      )
      assert.match((await visitor.get('/flash')).body, /nougat/)
      assert.equal((await visitor.get('/flash')).body, '[]')
      // What two write at once is merged as ever.
      await Promise.all(Array.from({ length: 8 }, () => visitor.get('/visit')))
      assert.equal(JSON.parse((await visitor.get('/data')).body).visits, 8)
    })

    for (const [what, forge] of Object.entries(forgeries)) {
      it(`opens nothing of a record, ${bound}, that someone has replaced by ${what}`, async (t) => {
        const server = await serve(t, { options: sealed })
        const [alice, bob] = [await server.signedIn('alice'), await server.signedIn('bob')]
        for (const visitor of [alice, bob]) await visitor.get('/set?theme=dark')
        const [mine, theirs] = [await recordOf(server, 'alice'), await recordOf(server, 'bob')]
        await plant(server, mine, forge(mine, theirs))
        const watched = watch(t)
        assert.deepEqual([await who(alice), await theme(alice), await who(bob)], ['nobody', undefined, 'bob'])
        // What is bound to another visitor is none of this one's before anything is opened.
        const reasons = new Set(watched.of('rejected').map(({ reason }) => reason))
        assert.ok(reasons.size === 1 && ['corrupt', 'wrong-secret'].includes([...reasons][0]!), [...reasons].join())
      })
    }

    it(`signs nobody in who has put a secret of their own into a record that is ${bound}`, async (t) => {
      const server = await serve(t, { options: sealed })
      const [alice, mallory] = [await server.signedIn('alice'), server.visitor()]
      const mine = await recordOf(server, 'alice')
      // With a cookie of alice's of long ago, and write access to the store.
      const secret = randomBytes(32)
      const fields = JSON.parse(firstLine(mine)) as object
      const current = hash('sha256', secret, 'base64url')
      await plant(server, mine, Buffer.concat([Buffer.from(JSON.stringify({ ...fields, current })), rest(mine)]))
      const { sid } = takeApart(alice.ticket!)
      mallory.cookies.set(server.cookieName, putTogether({ sid, secret }))
      assert.deepEqual([await who(mallory), await who(alice)], ['nobody', 'nobody'])
    })

    it(`logs nobody out, ${bound}, when the key is changed`, async (t) => {
      const keys = [newKey, key] as const
      const server = await serve(t, {
        routes,
        options: sealed,
        second: { encryption: encryption({ keys, bindToVisitor }) },
      })
      const visitor = await server.signedIn()
      await visitor.get('/set?theme=dark')
      assert.equal(await theme(visitor, '/second/data'), 'dark')
      await visitor.post('/second/set?theme=light')
      assert.equal(await theme(visitor, '/second/data'), 'light')
      // The server that has not been told yet can't read what is sealed under the new key: give it to all before it seals.
      assert.equal(await who(visitor), bindToVisitor ? 'alice' : 'nobody')
    })
  }

  it('seals a session of before the key was changed on a mere visit, once a minute at most', async (t) => {
    const server = await serve(t, {
      routes,
      options: { encryption: encryption({ keys: [key] }) },
      second: { encryption: encryption({ keys: [newKey, key] }) },
    })
    const visitor = await server.signedIn()
    const version = async () => (await recordOf(server, 'alice')).version
    const first = await version()
    await visitor.get('/second/who')
    assert.equal(await version(), first)
    server.clock.advance(minute)
    await visitor.get('/second/who')
    const second = await version()
    assert.notEqual(second, first)
    server.clock.advance(minute)
    await visitor.get('/second/who')
    assert.equal(await version(), second)
  })

  it('reads sessions of before there was an encryption only where that is chosen', async (t) => {
    const server = await serve(t, {
      routes,
      second: { encryption: encryption({ keys: [key], plaintext: 'accept' }) },
    })
    const visitor = await server.signedIn()
    await visitor.get('/set?theme=dark')
    await visitor.post('/second/set?theme=light')
    assert.equal(await theme(visitor, '/second/data'), 'light')
    assert.equal(await who(visitor), 'nobody', 'a server without the key')
    const strict = await serve(t, { routes, second: { encryption: encryption({ keys: [key] }) } })
    const other = await strict.signedIn()
    assert.deepEqual([await who(other), (await other.get('/second/who')).body], ['alice', 'nobody'])
  })

  it('lists and ends sessions that are bound to their visitors, without their data', async (t) => {
    const device = () => ({ browser: 'Lynx 2' })
    const server = await serve(t, { options: { encryption: encryption({ keys: [key], bindToVisitor: true }), device } })
    const visitor = await server.signedIn()
    await visitor.get('/set?theme=dark')
    const alice = server.sessions.ofUser('alice')
    const [summary] = await alice.list()
    assert.deepEqual([summary?.device, 'data' in JSON.parse(JSON.stringify(summary))], [{ browser: 'Lynx 2' }, false])
    assert.throws(() => summary?.data, { code: 'ERR_SESSION_DATA' })
    await assert.rejects(
      alice.update(summary!.handle, (data) => {
        data.theme = 'light'
      }),
      { code: 'ERR_SESSION_DATA' },
    )
    assert.equal(await theme(visitor), 'dark')
    assert.equal(await alice.revoke(summary!.handle), true)
    assert.equal(await who(visitor), 'nobody')
  })
})
