// What happens to those who come with a signed-in session's cookie and do not look like the browser that signed in.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { it, type TestContext } from 'node:test'
import type { Guard } from 'coatcheck'
import {
  type FingerprintOptions,
  type FingerprintReport,
  fingerprint,
  type Location,
} from 'coatcheck/security/fingerprint'
import { text } from '../http/application.ts'
import { onServer, type Serve, type Server } from '../http/serving.ts'
import type { Answer, Visitor } from '../http/visitor.ts'
import { watch } from '../http/watching.ts'

const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)'
const chrome = {
  'user-agent': `${windows} Chrome/140.0.0.0 Safari/537.36`,
  'accept-language': 'de-DE,de;q=0.9',
  'sec-ch-ua': '"Chromium";v="140"',
}
const chrome141 = { ...chrome, 'user-agent': `${windows} Chrome/141.0.0.0 Safari/537.36` }
const chrome139 = { ...chrome, 'user-agent': `${windows} Chrome/139.0.0.0 Safari/537.36` }
const curl = { 'user-agent': 'curl/8.5.0' }
const { 'user-agent': _, ...unnamed } = chrome

/** A database of places. */
const atlas: { readonly [address: string]: Location } = {
  '203.0.113.7': { country: 'DE', asn: 1, latitude: 52.5, longitude: 13.4 },
  '2001:db8:aaaa:1::7': { country: 'DE', asn: 1, latitude: 52.5, longitude: 13.4 },
  '198.51.100.9': { country: 'DE', asn: 2, latitude: 48.1, longitude: 11.6 },
  '192.0.2.9': { country: 'JP', asn: 3, latitude: 35.7, longitude: 139.7 },
}
const [home, elsewhere, abroad] = ['203.0.113.7', '198.51.100.9', '192.0.2.9']

type Headers = { readonly [name: string]: string }

/** A browser, or what passes for one, at an address. */
class Client {
  readonly visitor: Visitor
  headers: Headers
  constructor(visitor: Visitor, headers: Headers, address: string) {
    this.visitor = visitor
    this.headers = { ...headers, 'x-forwarded-for': address }
  }
  ask(method: string, path: string): Promise<Answer> {
    return this.visitor.ask(method, path, { headers: this.headers })
  }
  get(path: string): Promise<Answer> {
    return this.ask('GET', path)
  }
  post(path: string): Promise<Answer> {
    return this.ask('POST', path)
  }
  /** Someone who has this one's cookie. */
  copied(headers: Headers, address: string): Client {
    return new Client(this.visitor.copy(), headers, address)
  }
}

interface Scene {
  readonly server: Server
  readonly owner: Client
  readonly reports: FingerprintReport[]
}

/** Alice has signed in with Chrome on Windows, at home. */
async function scene(
  t: TestContext,
  serve: Serve,
  options: FingerprintOptions<IncomingMessage> = {},
  more: Parameters<Serve>[1] = {},
): Promise<Scene> {
  const exempt = ({ url }: IncomingMessage) => /^\/log(in|out)\b/.test(url ?? '')
  const server = await serve(t, {
    trustProxy: ['loopback'],
    routes: ({ sessions }) => ({
      'GET /recent': async ({ request }) => text((await sessions.open(request)).requireRecent('1h')),
      'POST /read-only': async ({ request }) => {
        return text((await sessions.open(request, { mode: 'read-only' })).userId ?? 'nobody')
      },
    }),
    ...more,
    options: { guards: [fingerprint({ mode: 'step-up', exempt, ...options })], ...more.options },
  })
  const reports: FingerprintReport[] = []
  const listener = (message: unknown): void => void reports.push(message as FingerprintReport)
  subscribe('coatcheck:fingerprint', listener)
  t.after(() => unsubscribe('coatcheck:fingerprint', listener))
  const owner = new Client(server.visitor(), chrome, home)
  await owner.post('/login?user=alice')
  return { server, owner, reports }
}

const locate = (address: string) => atlas[address]
const codeOf = ({ status, body }: Answer): string => [status, /ERR_\w+/.exec(body)?.[0]].filter(Boolean).join(' ')
const codes = async (...answers: Promise<Answer>[]): Promise<string[]> => (await Promise.all(answers)).map(codeOf)
const who = async (client: Client): Promise<string> => (await client.get('/who')).body
const refused = '403 ERR_REAUTHENTICATION_REQUIRED'

/** Nothing was done, said or asked for. */
async function assertUnaffected({ reports }: Scene, client: Client): Promise<void> {
  const posted = await client.post('/n')
  const [recent, seen] = [await client.get('/recent'), await client.get('/who')]
  assert.deepEqual(
    [
      posted.status,
      recent.status,
      seen.body,
      [...posted.setCookies, ...recent.setCookies, ...seen.setCookies],
      reports,
    ],
    [200, 200, 'alice', [], []],
  )
}

for (const place of ['memoryStore', 'fileStore']) {
  onServer('node', place, (serve) => {
    it('lets a browser go from IPv4 to IPv6, and back and forth', async (t) => {
      const scenery = await scene(t, serve, { locate })
      const { owner, server } = scenery
      for (let turn = 0; turn < 6; turn++) {
        owner.headers = { ...chrome, 'x-forwarded-for': turn % 2 ? home : '2001:db8:aaaa:1::7' }
        await assertUnaffected(scenery, owner)
        server.clock.advance(1_000)
      }
    })

    it('lets a browser have another address of its network, and writes nothing for it', async (t) => {
      const scenery = await scene(t, serve, {}, {})
      const { owner, server } = scenery
      const v6 = owner.copied(chrome, '2001:db8:aaaa:1::7')
      for (const client of [owner, v6]) await assertUnaffected(scenery, client)
      const version = async (): Promise<string | undefined> => (await server.records())[0]?.version
      const before = await version()
      for (const address of ['203.0.113.200', '2001:db8:aaaa:2::8', '2001:db8:aaaa:1:2:3:4:5', home])
        assert.equal(await who(owner.copied(chrome, address)), 'alice')
      assert.equal(await version(), before)
      assert.deepEqual(scenery.reports, [])
    })

    it('lets a browser be upgraded', async (t) => {
      const scenery = await scene(t, serve)
      scenery.owner.headers = { ...scenery.owner.headers, ...chrome141 }
      await assertUnaffected(scenery, scenery.owner)
    })

    it('lets a browser go without a User-Agent, or not have had one', async (t) => {
      const scenery = await scene(t, serve)
      const { owner, server } = scenery
      assert.deepEqual(await codes(owner.copied(unnamed, home).post('/n'), owner.post('/n')), ['200', '200'])
      const nameless = new Client(server.visitor(), {}, home)
      await nameless.post('/login?user=bob')
      assert.deepEqual(await codes(nameless.post('/n'), nameless.get('/recent')), ['200', '200'])
    })

    it('has whoever comes with curl from elsewhere sign in again, and nobody else', async (t) => {
      const { owner, reports } = await scene(t, serve, { locate })
      const thief = owner.copied(curl, elsewhere)
      assert.equal(await who(thief), 'alice')
      assert.deepEqual(await codes(thief.post('/n'), owner.post('/n')), [refused, '200'])
      assert.deepEqual(
        await codes(thief.post('/read-only'), thief.ask('DELETE', '/n'), thief.ask('PATCH', '/read-only')),
        [refused, '404', '404'],
      )
      assert.deepEqual(await codes(thief.get('/recent'), owner.get('/recent')), [refused, '200'])
      assert.equal(JSON.parse((await owner.get('/data')).body).n, 1)
      const said = new Set(
        reports.map(({ action, isEnforced, isRefused }) => [action, isEnforced, isRefused].join(' ')),
      )
      assert.deepEqual([...said].sort(), ['step-up true false', 'step-up true true'])
      for (const { signals } of reports)
        assert.deepEqual(signals.slice(0, 5), ['language', 'hints', 'browser', 'system', 'provider'])
    })

    it('needs no database of places for that', async (t) => {
      const { owner } = await scene(t, serve)
      assert.deepEqual(await codes(owner.copied(curl, elsewhere).post('/n'), owner.post('/n')), [refused, '200'])
    })

    it('trusts it once the user has signed in there, by which the cookie elsewhere dies', async (t) => {
      const { owner, server } = await scene(t, serve)
      const newcomer = owner.copied(curl, elsewhere)
      assert.deepEqual(await codes(newcomer.post('/n')), [refused])
      assert.deepEqual(await codes(newcomer.post('/login?user=alice')), ['303'])
      assert.deepEqual(await codes(newcomer.post('/n'), newcomer.get('/recent')), ['200', '200'])
      assert.deepEqual([await who(newcomer), await who(owner)], ['alice', 'nobody'])
      // The old browser with the new cookie is the stranger now.
      server.clock.advance(60_000)
      assert.deepEqual(await codes(newcomer.copied(chrome, home).post('/n')), [refused])
    })

    it('lets it sign out', async (t) => {
      const { owner, server } = await scene(t, serve)
      assert.deepEqual(await codes(owner.copied(curl, elsewhere).post('/logout')), ['303'])
      assert.deepEqual([await who(owner), (await server.records()).length], ['nobody', 0])
    })

    it('logs nobody out, whatever strange browsers come with the cookie, for as long as the session lasts', async (t) => {
      const { owner, server } = await scene(t, serve, {}, { options: { rotation: { onReuse: 'revoke' } } })
      const thief = owner.copied(curl, elsewhere)
      let rotations = 0
      for (let minute = 0; minute < 60; minute += 5) {
        server.clock.advance(5 * 60_000)
        // A navigation, each of them, and the first one when a rotation is due.
        assert.deepEqual((await thief.get('/who')).setCookies, [])
        await thief.get('/who')
        if (minute % 25 !== 0) continue
        const answer = await owner.get('/who')
        assert.equal(answer.body, 'alice')
        rotations += answer.setCookies.length
        // As long as both have the newest cookie, so that the thief is not simply shut out.
        thief.visitor.cookies.set(server.cookieName, owner.visitor.ticket ?? '')
      }
      assert.ok(rotations > 0)
      assert.deepEqual(await codes(owner.post('/n'), owner.get('/recent')), ['200', '200'])
    })

    it('gives the successor of a cookie to the browser that signed in, also while it has not come', async (t) => {
      const { owner, server } = await scene(t, serve)
      const thief = owner.copied(curl, elsewhere)
      const lost = owner.copied(chrome, home)
      server.clock.advance(20 * 60_000)
      assert.equal((await lost.get('/who')).setCookies.length, 1)
      assert.deepEqual((await thief.get('/who')).setCookies, [])
      assert.equal((await owner.get('/who')).setCookies.length, 1)
      assert.equal(owner.visitor.ticket, lost.visitor.ticket)
    })

    it('replaces the cookie of the browser that signed in when one comes from abroad, which ends the copy', async (t) => {
      const { owner, server, reports } = await scene(t, serve, { locate, weights: { travel: 0 } })
      const watched = watch(t)
      await owner.get('/who')
      const copy = owner.copied(chrome, abroad)
      server.clock.advance(120_000)
      const answer = await copy.post('/n')
      assert.deepEqual([answer.status, answer.setCookies, await codes(copy.get('/recent'))], [200, [], ['200']])
      assert.deepEqual(
        reports.map(({ action, score, signals }) => [action, score, ...signals]),
        [['rotate', 30, 'country']],
      )
      server.clock.advance(120_000)
      assert.equal((await owner.get('/who')).setCookies.length, 1)
      // Once, and it is confirmed.
      assert.deepEqual((await owner.get('/who')).setCookies, [])
      server.clock.advance(31_000)
      assert.deepEqual((await owner.get('/who')).setCookies, [])
      assert.deepEqual([await who(copy), await who(owner)], ['nobody', 'alice'])
      assert.equal(watched.of('suspicious').length, 1)
    })

    it('ends the session when a replaced cookie comes after the grace, where that is asked for', async (t) => {
      const { owner, server } = await scene(t, serve, {}, { options: { rotation: { onReuse: 'revoke' } } })
      const fork = owner.copied(chrome, home)
      server.clock.advance(20 * 60_000)
      for (let visit = 0; visit < 2; visit++) await owner.get('/who')
      server.clock.advance(31_000)
      assert.deepEqual([await who(owner), await who(fork), await who(owner)], ['alice', 'nobody', 'nobody'])
      assert.equal((await server.records()).length, 0)
    })

    it('challenges the newcomer of two that are in use at once, where neither is strange enough alone', async (t) => {
      const { owner, server, reports } = await scene(t, serve)
      const copy = owner.copied(chrome139, home)
      assert.deepEqual(await codes(copy.post('/n')), ['200'])
      server.clock.advance(5_000)
      assert.deepEqual(await codes(owner.post('/n')), ['200'])
      server.clock.advance(5_000)
      assert.deepEqual(await codes(copy.post('/n')), [refused])
      assert.deepEqual(await codes(owner.post('/n'), owner.get('/recent')), ['200', '200'])
      assert.deepEqual(
        reports.map(({ signals }) => signals),
        [['downgrade', 'concurrent']],
      )
    })

    it('challenges who would have had to fly too fast', async (t) => {
      const { owner, server } = await scene(t, serve, { locate })
      await owner.get('/who')
      server.clock.advance(25 * 60_000)
      assert.deepEqual(await codes(owner.copied(chrome, abroad).post('/n'), owner.post('/n')), [refused, '200'])
    })

    it('takes whoever comes first for the one, where the session is older than the guard', async (t) => {
      const real = fingerprint({ mode: 'step-up', exempt: () => false })
      let isThere = false
      const later: Guard = {
        name: real.name,
        atSignIn: (signIn) => (isThere ? real.atSignIn?.(signIn) : undefined),
        afterOpen: (request, session) => (isThere ? real.afterOpen?.(request, session) : undefined),
      }
      const { owner } = await scene(t, serve, {}, { options: { guards: [later] } })
      assert.deepEqual(await codes(owner.post('/n')), ['200'])
      isThere = true
      assert.deepEqual(await codes(owner.post('/n')), ['200'])
      assert.deepEqual(await codes(owner.copied(curl, home).post('/n'), owner.post('/n')), [refused, '200'])
    })
  })
}

onServer('node', 'memoryStore', (serve) => {
  it('only says what it would have done, to begin with', async (t) => {
    const { owner, reports, server } = await scene(t, serve, { mode: 'log', locate })
    const thief = owner.copied(curl, abroad)
    server.clock.advance(20 * 60_000)
    assert.deepEqual(await codes(thief.post('/n'), thief.get('/recent'), owner.post('/n')), ['200', '200', '200'])
    assert.deepEqual(
      reports
        .map(({ action, isEnforced, isRefused }) => [action, isEnforced, isRefused])
        .slice(0, 2)
        .sort(),
      [
        ['step-up', false, false],
        ['step-up', false, true],
      ],
    )
  })

  it('says no address, no header and no part of them, and the same thing once a minute', async (t) => {
    const { owner, reports, server } = await scene(t, serve, { locate })
    const thief = owner.copied({ 'user-agent': 'Firefox/140 secret-plugin' }, abroad)
    for (let request = 0; request < 20; request++) await thief.post('/n')
    const [{ handle, ...rest } = {} as FingerprintReport, ...more] = reports
    assert.match(handle, /^s_[\w-]{12}$/)
    assert.deepEqual(
      [rest, more],
      [
        {
          userId: 'alice',
          action: 'step-up',
          score: 205,
          signals: ['language', 'hints', 'browser', 'system', 'country', 'travel'],
          isEnforced: true,
          isRefused: true,
        },
        [],
      ],
    )
    server.clock.advance(61_000)
    await thief.post('/n')
    assert.equal(reports.length, 2)
  })

  it('stores nothing of a browser or an address that the store’s owner could read', async (t) => {
    const { owner, server } = await scene(t, serve, { locate })
    await owner.copied({ ...curl, 'accept-language': 'qx' }, abroad).get('/set?theme=seen')
    const [record] = await server.records()
    const stored = Buffer.from(record?.body ?? []).toString()
    assert.match(stored, /"guards":\{"fingerprint":"[\w-]{100,1200}"\}/)
    assert.match(stored, /seen/)
    assert.doesNotMatch(stored, /Chrome|Windows|desktop|203\.0\.113|192\.0\.2|curl|"DE"|"JP"|language/)
  })

  it('believes no X-Forwarded-For but a trusted proxy’s', async (t) => {
    const asked: string[] = []
    const ask = (address: string): undefined => void asked.push(address)
    const scenery = await scene(t, serve, { locate: ask }, { trustProxy: [] })
    const { owner } = scenery
    for (const forged of [elsewhere, abroad, '127.0.0.1, 8.8.8.8', 'nonsense', '::'])
      await assertUnaffected(scenery, owner.copied(chrome, forged))
    assert.deepEqual(asked, ['127.0.0.1'])
  })

  it('asks for a place once for each network that is new to the session', async (t) => {
    const asked: string[] = []
    const ask = (address: string) => {
      asked.push(address)
      return Promise.resolve(atlas[address])
    }
    const { owner, server } = await scene(t, serve, { locate: ask })
    const moved = owner.copied(chrome, elsewhere)
    for (let request = 0; request < 5; request++) {
      assert.deepEqual(await codes(owner.post('/n'), owner.get('/who')), ['200', '200'])
      assert.deepEqual(await codes(moved.post('/n'), moved.get('/who')), ['200', '200'])
      server.clock.advance(70_000)
    }
    assert.deepEqual(asked.filter((address, index) => asked.indexOf(address) === index).sort(), [elsewhere, home])
    assert.ok(asked.length <= 4, asked.join())
  })

  it('goes on where places can’t be told, and asks again once a minute', async (t) => {
    let count = 0
    const locate = (): never => {
      count++
      throw new Error('no database')
    }
    const scenery = await scene(t, serve, { locate })
    for (let request = 0; request < 10; request++) await who(scenery.owner)
    assert.equal(count, 2)
    scenery.server.clock.advance(60_000)
    for (let request = 0; request < 10; request++) await who(scenery.owner)
    assert.equal(count, 3)
    await assertUnaffected(scenery, scenery.owner)
    await assertUnaffected(scenery, scenery.owner.copied(chrome, abroad))
  })

  it('reads no header where it is off, nobody is signed in, or there is no session', async (t) => {
    const read = new Set<string>()
    const more = {
      routes: ({ sessions }) => ({
        'GET /read': async ({ request }) => {
          const { headers } = request as IncomingMessage
          const get = (target: object, name: string): unknown => {
            read.add(name)
            return Reflect.get(target, name)
          }
          Object.defineProperty(request, 'headers', { value: new Proxy(headers, { get }) })
          return text((await sessions.open(request)).userId ?? 'nobody')
        },
      }),
    } satisfies Parameters<Serve>[1]
    const looked = async (client: Client): Promise<string[]> => {
      read.clear()
      await client.get('/read')
      const ours = ['user-agent', 'accept-language', 'sec-ch-ua', 'x-forwarded-for']
      return ours.filter((name) => read.has(name))
    }
    const off = await scene(t, serve, { mode: 'off' }, more)
    assert.equal((await off.owner.get('/read')).body, 'alice')
    assert.deepEqual(await looked(off.owner), [])
    const on = await scene(t, serve, {}, more)
    assert.equal((await looked(on.owner)).length, 4)
    const stranger = new Client(on.server.visitor(), chrome, home)
    assert.deepEqual(await looked(stranger), [])
    await stranger.get('/set?theme=dark')
    assert.deepEqual(await looked(stranger), [])
    const anonymous = (await on.server.records()).find(({ userId }) => userId === undefined)
    assert.doesNotMatch(Buffer.from(anonymous?.body ?? []).toString(), /guards/)
  })

  it('stands whatever headers come', async (t) => {
    const { owner } = await scene(t, serve, { locate: (address) => ({ country: address }) })
    const hostile = [
      '',
      ' ',
      '%00',
      '(((((',
      'x'.repeat(4_000),
      '{"__proto__":1}',
      'Mozilla/5.0 (',
      'Version/'.repeat(400),
      '\xff\xfe',
    ]
    for (const value of hostile) {
      const headers = { 'user-agent': value, 'accept-language': value, 'sec-ch-ua': value }
      const client = owner.copied(headers, value)
      assert.equal((await client.get('/who')).status, 200, value)
      assert.ok([200, 403].includes((await client.post('/n')).status), value)
    }
    assert.deepEqual(await codes(owner.post('/n')), ['200'])
  })

  it('is refused as what it can’t be', async () => {
    const made = (options: object) => () => fingerprint(options)
    assert.throws(made({ mode: 'step-up' }), /needs exempt: the requests that sign in again and sign out/)
    assert.throws(made({ mode: 'kill' }), /mode must be 'off', 'log' or 'step-up', got "kill"/)
    assert.throws(made({ thresholds: { rotate: 50, stepUp: 40 } }), /rotate not above stepUp, got 50 and 40/)
    assert.throws(made({ thresholds: { rotate: Number.NaN } }), /thresholds must be positive/)
    assert.throws(made({ weights: { wind: 3 } }), /there is no signal named "wind"/)
  })
})
