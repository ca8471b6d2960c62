import assert from 'node:assert/strict'
import fs from 'node:fs'
import { it } from 'node:test'
import type { SessionId } from 'coatcheck'
import type { FileStore } from 'coatcheck/stores/file'
import { onServer } from './serving.ts'
import { recordIdOf } from './tickets.ts'

interface Parts {
  header: { [field: string]: unknown }
  fields: { [field: string]: unknown }
  data: string
}

/** Takes a record's file apart and puts it together again, with the length that belongs to it. */
function forge(path: string, change: (parts: Parts) => void, raw?: (text: string) => string): void {
  const [header = '', fields = '', ...data] = fs.readFileSync(path, 'utf8').split('\n')
  const parts: Parts = { header: JSON.parse(header), fields: JSON.parse(fields), data: data.join('\n') }
  change(parts)
  const body = parts.data === '' ? JSON.stringify(parts.fields) : `${JSON.stringify(parts.fields)}\n${parts.data}`
  const text = `${JSON.stringify({ ...parts.header, bytes: parts.header.bytes === undefined ? undefined : Buffer.byteLength(body) })}\n${body}`
  fs.writeFileSync(path, raw ? raw(text) : text)
}

/** Puts these lines in the place of the data. */
const hold =
  (...lines: string[]) =>
  (parts: Parts): void => {
    Object.assign(parts, { data: lines.join('\n'), fields: { ...parts.fields, keys: lines.length } })
  }

const deep = (open: string, close: string): string => open.repeat(100_000) + close.repeat(100_000)

const isRoot = process.getuid?.() === 0

/** What lies at the path of a live session instead of its record. */
const plants: { readonly [what: string]: (path: string) => void } = {
  'nothing any more': (path) => fs.unlinkSync(path),
  'an empty file': (path) => fs.truncateSync(path, 0),
  'the first half of the record': (path) => fs.truncateSync(path, fs.statSync(path).size >> 1),
  'the record but for its last byte': (path) => fs.truncateSync(path, fs.statSync(path).size - 1),
  'the record and one byte more': (path) => fs.appendFileSync(path, ' '),
  'the record twice': (path) => fs.appendFileSync(path, fs.readFileSync(path)),
  'JSON of someone else': (path) => fs.writeFileSync(path, '{"cookie":{"originalMaxAge":null},"userId":"admin"}'),
  'JSON of someone else, with lines': (path) => fs.writeFileSync(path, '{"userId":"admin"}\n{"userId":"admin"}\n{}'),
  'JSON that is no object': (path) => fs.writeFileSync(path, 'null\nnull\nnull'),
  'a session of PHP': (path) => fs.writeFileSync(path, 'user_id|i:1;username|s:5:"admin";'),
  'bytes from 0 to 255': (path) => fs.writeFileSync(path, Buffer.from(Array.from({ length: 4096 }, (_, i) => i & 255))),
  'zeros of the record’s length': (path) => fs.writeFileSync(path, Buffer.alloc(fs.statSync(path).size)),
  'the record with its body’s bytes made no UTF-8': (path) => {
    const bytes = fs.readFileSync(path)
    bytes.fill(0xff, bytes.indexOf('\n') + 1)
    fs.writeFileSync(path, bytes)
  },
  '100 MB, sparse': (path) => fs.truncateSync(path, 100 * 1024 * 1024),
  '100 MB, and the right length in it': (path) => {
    const size = 100 * 1024 * 1024
    const text = fs.readFileSync(path, 'utf8')
    const header = JSON.parse(text.slice(0, text.indexOf('\n')))
    const line = `${JSON.stringify({ ...header, bytes: size })}\n`
    fs.writeFileSync(path, line + text.slice(text.indexOf('\n') + 1))
    fs.truncateSync(path, line.length + size)
  },
  'a file of another format': (path) => forge(path, ({ header }) => Object.assign(header, { coatcheck: 2 })),
  'a body of another format': (path) => forge(path, ({ fields }) => Object.assign(fields, { format: 2 })),
  'a body without a format': (path) => forge(path, ({ fields }) => delete fields.format),
  'the record of another id': (path) => forge(path, ({ header }) => Object.assign(header, { id: 'a'.repeat(64) })),
  'no version': (path) => forge(path, ({ header }) => delete header.version),
  'a version that is a number': (path) => forge(path, ({ header }) => Object.assign(header, { version: 1 })),
  'an expiry that is text': (path) => forge(path, ({ header }) => Object.assign(header, { expiresAt: '9999' })),
  'an expiry in the past': (path) => forge(path, ({ header }) => Object.assign(header, { expiresAt: 1 })),
  'a user that is a list': (path) => forge(path, ({ header }) => Object.assign(header, { userId: ['alice'] })),
  'a deadline that is text': (path) => forge(path, ({ fields }) => Object.assign(fields, { deadline: '9999' })),
  'a deadline in the past': (path) => forge(path, ({ fields }) => Object.assign(fields, { deadline: 1 })),
  'hashes that are a list': (path) => forge(path, ({ fields }) => Object.assign(fields, { current: ['x'] })),
  'a thousand spent secrets': (path) =>
    forge(path, ({ fields }) => Object.assign(fields, { spent: Array(1_000).fill('x') })),
  'flash messages that are none': (path) => forge(path, ({ fields }) => Object.assign(fields, { flash: [null] })),
  '__proto__ as a key of the data': (path) => forge(path, hold('__proto__:{"isAdmin":true}')),
  '__proto__ as a key of the data, escaped': (path) => forge(path, hold('"\\u005f_proto__":{"isAdmin":true}')),
  'a line of data without a name': (path) => forge(path, hold('[]')),
  'a name without an end': (path) => forge(path, hold('"n:1')),
  'a key twice': (path) => forge(path, hold('n:1', 'n:1')),
  'fewer keys than were written': (path) => forge(path, (parts) => Object.assign(parts, { data: 'n:1' })),
  'no data where there was some': (path) =>
    forge(path, (parts) => Object.assign(parts, { data: '', fields: { ...parts.fields, keys: 3 } })),
  'protocol fields nested 100,000 deep': (path) =>
    forge(
      path,
      () => {},
      (text) => text.replace('\n{', `\n{"x":${deep('[', ']')},`),
    ),
  'a link to a file of the system': (path) => {
    fs.unlinkSync(path)
    fs.symlinkSync('/etc/passwd', path)
  },
  'a link to the record, moved away': (path) => {
    fs.renameSync(path, `${path}.moved`)
    fs.symlinkSync(`${path}.moved`, path)
  },
  'a link to itself': (path) => {
    fs.unlinkSync(path)
    fs.symlinkSync(path, path)
  },
  'an empty directory': (path) => {
    fs.unlinkSync(path)
    fs.mkdirSync(path)
  },
  'a directory with a file': (path) => {
    fs.unlinkSync(path)
    fs.mkdirSync(path)
    fs.writeFileSync(`${path}/file`, '')
  },
  ...(isRoot ? {} : { 'a file that may not be read': (path: string) => fs.chmodSync(path, 0) }),
}

/** What lies under one key instead of its value. */
const spoiltValues: { readonly [what: string]: string } = {
  'no JSON': '{"n":',
  nothing: '',
  '__proto__ in it': '{"__proto__":{"isAdmin":true}}',
  '__proto__ in it, escaped': '{"a":{"\\u005f_proto__":{"isAdmin":true}}}',
  'lists nested 100,000 deep': deep('[', ']'),
  'objects nested 100,000 deep': `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
  'rich data nested 100,000 deep': `~${deep('[', ']')}`,
  'four billion holes': '~[[-7,4294967295]]',
  'a class of someone’s': '~[["Admin",1],2]',
}

/** What says nothing that a record does not say. */
const additions: { readonly [what: string]: (path: string) => void } = {
  '__proto__ in the header': (path) =>
    forge(
      path,
      () => {},
      (text) => text.replace('{', '{"__proto__":{"userId":"admin"},"id":"x",'),
    ),
  'a header nested 100,000 deep': (path) =>
    forge(
      path,
      () => {},
      (text) => text.replace('{', `{"x":${deep('[', ']')},`),
    ),
}

onServer('node', 'fileStore', (serve) => {
  it('knows the path that the hostile files are planted at', async (t) => {
    const server = await serve(t)
    const alice = await server.signedIn()
    const path = (server.store as FileStore).pathOf(recordIdOf(server.cookieName, alice.ticket!) as SessionId)
    forge(path, hold('n:41', 'visits:0', 'items:[]'))
    assert.equal((await alice.post('/n')).body, '42')
  })

  for (const [what, plant] of Object.entries(additions)) {
    it(`is not impressed by ${what}`, async (t) => {
      const server = await serve(t)
      const alice = await server.signedIn()
      plant((server.store as FileStore).pathOf(recordIdOf(server.cookieName, alice.ticket!) as SessionId))
      assert.equal((await alice.get('/who')).body, 'alice')
      assert.equal(({} as { userId?: unknown }).userId, undefined)
      assert.equal((await alice.post('/n')).body, '1')
    })
  }

  it('opens nothing where the file holds the hash of another secret', async (t) => {
    const server = await serve(t)
    const alice = await server.signedIn()
    const path = (server.store as FileStore).pathOf(recordIdOf(server.cookieName, alice.ticket!) as SessionId)
    forge(path, ({ fields }) => Object.assign(fields, { current: 'x' }))
    assert.equal((await alice.get('/who')).body, 'nobody')
  })

  for (const [what, value] of Object.entries(spoiltValues)) {
    it(`is an error for whoever asks for a value, and for nobody else, where it finds ${what}`, async (t) => {
      const server = await serve(t)
      const [alice, other] = [await server.signedIn(), await server.signedIn()]
      const path = (server.store as FileStore).pathOf(recordIdOf(server.cookieName, alice.ticket!) as SessionId)
      forge(path, hold(`n:${value}`, 'visits:7', 'items:[]'))
      const planted = fs.readFileSync(path)

      assert.equal((await alice.get('/who')).body, 'alice')
      const { status, setCookies } = await alice.post('/n')
      assert.deepEqual([status, setCookies], [500, []])
      assert.equal(({} as { isAdmin?: unknown }).isAdmin, undefined)
      assert.ok(fs.readFileSync(path).equals(planted))

      assert.equal((await alice.get('/visit')).body, '8')
      assert.equal((await other.get('/devices')).status, 200)
      assert.equal((await alice.post('/logout')).status, 303)
      assert.deepEqual([(await alice.get('/who')).body, (await other.get('/who')).body], ['nobody', 'alice'])
    })
  }

  for (const [what, plant] of Object.entries(plants)) {
    it(`ends the visitor’s session, and no other, where it finds ${what}`, async (t) => {
      const server = await serve(t)
      const mayBeUnavailable = what === 'a file that may not be read'
      const [alice, other, writer] = [await server.signedIn(), await server.signedIn(), await server.signedIn()]
      const path = (server.store as FileStore).pathOf(recordIdOf(server.cookieName, alice.ticket!) as SessionId)
      const thief = alice.copy()
      plant(path)

      for (const [method, route] of [
        ['GET', '/who'],
        ['GET', '/read-only'],
        ['POST', '/regenerate'],
      ] as const) {
        const { status, body, setCookies } = await thief.ask(method, route)
        assert.deepEqual(
          [mayBeUnavailable && status === 503 ? 200 : status, setCookies],
          [200, []],
          `${method} ${route}`,
        )
        if (route === '/who' && status === 200) assert.equal(body, 'nobody')
        assert.doesNotMatch(body, /root:|isAdmin|admin/)
      }
      assert.equal(({} as { isAdmin?: unknown }).isAdmin, undefined)

      assert.deepEqual([(await writer.post('/n')).body, (await other.get('/who')).body], ['1', 'alice'])

      if (mayBeUnavailable) return
      assert.equal((await alice.post('/login')).status, 303)
      assert.equal((await alice.get('/who')).body, 'alice')
      assert.equal((await other.post('/devices/revoke-others')).status, 200)
      assert.deepEqual([(await alice.get('/who')).body, (await other.get('/who')).body], ['nobody', 'alice'])
    })

    it(`lists the user’s other sessions where it finds ${what}`, async (t) => {
      const server = await serve(t)
      const [alice, other] = [await server.signedIn(), await server.signedIn(), await server.signedIn()]
      plant((server.store as FileStore).pathOf(recordIdOf(server.cookieName, alice.ticket!) as SessionId))
      const { status, body } = await other.get('/devices')
      if (what === 'a file that may not be read' && status === 503) return
      assert.deepEqual([status, status === 200 && JSON.parse(body).length], [200, 2])
    })

    it(`lets a visitor log out, and clean up, where it finds ${what}`, async (t) => {
      const server = await serve(t)
      const alice = await server.signedIn()
      const store = server.store as FileStore
      const id = recordIdOf(server.cookieName, alice.ticket!) as SessionId
      plant(store.pathOf(id))
      const { status } = await alice.post('/logout')
      assert.ok(status === 303 || (what === 'a file that may not be read' && status === 503), String(status))
      server.clock.advance(24 * 60 * 60_000)
      await store.deleteExpired({ now: server.clock.now, signal: AbortSignal.timeout(5_000), batch: 100 })
      assert.equal((await server.signedIn()).cookies.size, 1)
    })
  }
})
