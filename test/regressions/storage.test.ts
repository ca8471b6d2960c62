import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { SessionId, SessionRecord, Store } from 'coatcheck'
import { text } from '../http/application.ts'
import { onServer } from '../http/serving.ts'
import { recordIdOf, takeApart } from '../http/tickets.ts'
import { watch } from '../http/watching.ts'
import { dumpedPlaces, type Find } from '../leaks/dumps.ts'
import { dataOf, told, who } from './answers.ts'
import { onEveryStore } from './servers.ts'

/** In which of its forms a ticket, or a part of it, lies there. */
function traces(finds: readonly Find[], ticket: string): string[] {
  const whole = Buffer.from(ticket, 'base64url')
  const { sid, secret } = takeApart(ticket)
  return Object.entries({ ticket: whole, sid, secret }).flatMap(([part, bytes]) =>
    (['base64url', 'base64', 'hex', 'latin1'] as const).flatMap((encoding) => {
      const form = bytes.toString(encoding)
      return finds
        .filter((find) => find.bytes.toString('latin1').includes(form))
        .map(({ where }) => `${part} as ${encoding} in ${where}`)
    }),
  )
}

for (const [name, kind] of Object.entries(dumpedPlaces)) {
  onServer('node', name, (serve) => {
    for (const bug of [
      'CVE-2019-16782 (Rack)',
      'CVE-2019-25025 (activerecord-session_store)',
      'CVE-2020-26228 (TYPO3)',
    ]) {
      it(`${bug}: the store is never asked for, and never holds, what the cookie says`, async (t) => {
        const place = await kind.open()
        const told: Find[] = []
        const between = (store: Store): Store => listening(store, (what) => told.push(what))
        const server = await serve(t, { place, between })
        const visitor = server.visitor()
        const tickets: string[] = []
        for (const path of ['/n', '/login', '/n', '/regenerate']) {
          await visitor.post(path)
          tickets.push(visitor.ticket!)
        }
        const finds = [...(await place.dump()), ...told]
        assert.ok(told.length > 5)
        for (const ticket of tickets) assert.deepEqual(traces(finds, ticket), [])
        assert.notDeepEqual(traces([...finds, { where: 'a leak', bytes: Buffer.from(tickets[0]!) }], tickets[0]!), [])
      })
    }
  })
}

/** Everything that the store is told. */
function listening(store: Store, hear: (what: Find) => void): Store {
  const hearAll = (where: string, values: readonly unknown[]): void => {
    for (const value of values) {
      if (value instanceof Uint8Array) hear({ where, bytes: Buffer.from(value) })
      else if (typeof value === 'string') hear({ where, bytes: Buffer.from(value) })
    }
  }
  return {
    ...store,
    read(id, options) {
      hearAll('read', [id])
      return store.read(id, options)
    },
    write(record, expected, options) {
      hearAll('write', [...Object.values(record), expected])
      return store.write(record, expected, options)
    },
    lockAndRead(id, options) {
      hearAll('lockAndRead', [id])
      return store.lockAndRead!(id, options)
    },
  }
}

const options = (now: number) => ({ now, signal: AbortSignal.timeout(5_000) })

onEveryStore((serve) => {
  const poison: { readonly [what: string]: string } = {
    'PHP’s serialize format': 'O:12:"Crypt_GPG_x":1:{s:4:"path";s:11:"/etc/passwd";}',
    'a list of files to delete': '{"attachments":[{"path":"/etc/passwd"}],"temp_files":["/etc/passwd"]}',
    'JSON of another library': '{"cookie":{"path":"/"},"passport":{"user":"alice"}}',
    'a protocol line of its own':
      '{"format":1,"epoch":"x","current":"x","spent":[],"turn":"x","deadline":9e15,"keys":0}',
    nothing: '',
  }
  for (const [what, body] of Object.entries(poison)) {
    it(`CVE-2026-48847 (Roundcube): a record that someone has poisoned with ${what} is no session`, async (t) => {
      const server = await serve(t)
      const events = watch(t)
      const visitor = await server.signedIn()
      const id = recordIdOf(server.cookieName, visitor.ticket!) as SessionId
      const record = await server.store.read(id, options(server.clock.now))
      const poisoned = { ...record!, version: 'poisoned' as SessionRecord['version'], body: Buffer.from(body) }
      assert.deepEqual(await server.store.write(poisoned, record!.version, options(server.clock.now)), { ok: true })
      assert.deepEqual([await who(visitor), await dataOf(visitor)], ['nobody', { n: 0, visits: 0, items: [] }])
      assert.deepEqual([...new Set(events.of('rejected').map(({ reason }) => reason))], ['corrupt'])
      assert.equal(told(await visitor.post('/login')), '303 sets')
    })
  }

  it('PHP CVE-2016-7125, #71101: keys of any name come back as they were, and bring no others with them', async (t) => {
    const names = [
      'a|b',
      '!a',
      'a;b',
      '|',
      '!',
      ';s:5:"admin"',
      'a\0b',
      '\n',
      'a\nadmin:true',
      '"',
      'a":1',
      ' ',
      '\u2028',
    ]
    const odd = [...names, 'é', '🧥', 'constructor', 'toString', 'prototype', 'a.b', 'a[0]', '', '{', '~', ':']
    const server = await serve(t, {
      routes: ({ sessions }) => ({
        'POST /odd': async (visit) => {
          const data = (await sessions.open(visit.request)).data as unknown as { [key: string]: unknown }
          for (const name of odd) data[name] = `of ${name}`
          return text('kept')
        },
        'POST /proto': async (visit) => {
          const { data } = await sessions.open(visit.request)
          Object.defineProperty(data, '__proto__', { value: { admin: true }, enumerable: true, configurable: true })
          return text('kept')
        },
      }),
    })
    const visitor = server.visitor()
    assert.equal((await visitor.post('/odd')).status, 200)
    const expected = { n: 0, visits: 0, items: [], ...Object.fromEntries(odd.map((name) => [name, `of ${name}`])) }
    assert.deepEqual(await dataOf(visitor), expected)
    assert.equal(told(await visitor.post('/proto')), '500 ERR_SESSION_DATA')
    assert.deepEqual(await dataOf(visitor), expected)
  })

  for (const bug of ['PHP CVE-2015-6835', 'Joomla 3.4.7', 'Joomla #47850']) {
    it(`${bug}: hostile text is kept to the byte, and is never more than text`, async (t) => {
      const hostile = [
        '}__test|O:21:"JDatabaseDriverMysqli":3:{s:2:"fc";O:17:"JSimplepieFactory":0:{}}\u{10000}',
        'x\u{1f9e5}',
        'a\0b',
        '__proto__',
        '{"__proto__":{"admin":true}}',
        '~[["Date","x"]]',
        '"quoted"\n\r\u2028\u2029',
        '\ud800',
      ]
      const server = await serve(t, {
        routes: ({ sessions }) => ({
          'POST /agent': async (visit) => {
            const session = await sessions.open(visit.request)
            session.data.items = JSON.parse(await visit.body())
            return text('kept')
          },
        }),
      })
      const visitor = server.visitor()
      await visitor.post('/agent', { body: JSON.stringify(hostile) })
      await visitor.post('/n')
      assert.deepEqual(await dataOf(visitor), { n: 1, visits: 0, items: hostile })
      assert.equal(({} as { admin?: unknown }).admin, undefined)
    })
  }
})
