import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { memoryStore } from 'coatcheck/stores/memory'
import { text } from '../http/application.ts'
import { bodyOf, say, Wire } from '../http/visitor.ts'
import { who } from './answers.ts'
import { onEveryHost } from './servers.ts'

const https = { 'x-forwarded-proto': 'https' }

/** Names that a careless parser takes for `__Host-sid`: a neighbour host may set cookies of these names. */
const lookAlikes: { readonly [bug: string]: readonly Buffer[] } = {
  'CVE-2020-7070 (PHP)': ['%5F%5FHost-sid', '__%48ost-sid', '__Host%2Dsid', '__Host-%73id'].map((name) =>
    Buffer.from(name),
  ),
  'CVE-2022-31629 (PHP)': ['..Host-sid', ' _Host-sid', '_.Host-sid', '[_Host-sid', '__Host[sid', '__Host sid'].map(
    (name) => Buffer.from(name),
  ),
  'CVE-2026-39410 (Hono)': ['\u00a0__Host-sid', '__Host-sid\u00a0', '\u000b__Host-sid', '__HOST-SID', '__host-sid'].map(
    (name) => Buffer.from(name, 'latin1'),
  ),
}

onEveryHost((serve) => {
  for (const [bug, names] of Object.entries(lookAlikes)) {
    it(`${bug}: a cookie whose name only looks like __Host-sid is another cookie`, async (t) => {
      const server = await serve(t, { trustProxy: ['loopback'] })
      const visitor = server.visitor()
      await visitor.post('/login', { headers: https })
      const ask = (name: Buffer | string) =>
        say(server.port, 'GET /who HTTP/1.1', [
          'X-Forwarded-Proto: https',
          Buffer.concat([Buffer.from('Cookie: a=__Host-sid; '), Buffer.from(name), Buffer.from(`=${visitor.ticket}`)]),
        ])
      assert.match(bodyOf(await ask('__Host-sid')), /alice/)
      for (const name of names) assert.ok(!(await ask(name)).includes('alice'), String(name))
    })
  }

  it('@fastify/session #169: the cookie belongs to the whole host, and no path is matched on the server', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions }) =>
        Object.fromEntries(
          ['/admin', '/adminx', '/admin/x', '/Admin'].map((path) => [
            `GET ${path}`,
            async ({ request }) => text((await sessions.open(request)).userId ?? 'nobody'),
          ]),
        ),
    })
    const visitor = server.visitor()
    const { setCookies } = await visitor.post('/login')
    assert.match(setCookies.join(), /; Path=\/;/)
    for (const path of ['/admin', '/adminx', '/admin/x', '/Admin'])
      assert.equal((await visitor.get(path)).body, 'alice', path)
  })

  it('CVE-2023-28708 (Tomcat): the cookie is Secure behind a proxy that speaks https, and a visitor can’t pose as one', async (t) => {
    const server = await serve(t, { trustProxy: ['loopback'] })
    const behind = await server.visitor().post('/login', { headers: https })
    assert.match(behind.setCookies.join(), /^__Host-sid=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    const cleared = server.visitor()
    await cleared.post('/login', { headers: https })
    assert.match((await cleared.post('/logout', { headers: https })).setCookies.join(), /^__Host-sid=; .*; Secure/)
    const untrusting = await serve(t)
    const posing = await untrusting.visitor().post('/login', { headers: https })
    assert.match(posing.setCookies.join(), /^sid-\d+=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax$/)
  })

  it('CVE-2025-7339 (on-headers): a page of any kind carries the cookie', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions }) => ({
        'GET /streamed': async ({ request }) => {
          ;(await sessions.open(request)).data.n++
          return { headers: { 'content-type': 'text/event-stream' }, body: parts() }
        },
        'GET /empty': async ({ request }) => {
          ;(await sessions.open(request)).data.n++
          return { status: 204 }
        },
      }),
    })
    for (const path of ['/streamed', '/empty', '/set?key1=1']) {
      const { setCookies } = await server.visitor().get(path)
      assert.equal(setCookies.length, 1, path)
    }
  })
})

async function* parts(): AsyncIterable<string> {
  yield 'one'
  yield 'two'
}

/** Every way that Node knows to begin a response. */
const ways: { readonly [way: string]: (response: ServerResponse) => void } = {
  'writeHead with an object': (response) => response.writeHead(200, { 'x-own': '1' }).end('page'),
  'writeHead with a message': (response) => response.writeHead(200, 'Fine', { 'x-own': '1' }).end('page'),
  'writeHead with a flat list': (response) => response.writeHead(200, ['X-Own', '1', 'X-Other', '2']).end('page'),
  'writeHead with a list of pairs': (response) =>
    response.writeHead(200, [['X-Own', '1']] as unknown as string[]).end('page'),
  'writeHead with a cookie in a flat list': (response) =>
    response.writeHead(200, ['X-Own', '1', 'Set-Cookie', 'own=1']).end('page'),
  'writeHead with cookies in an object': (response) =>
    response.writeHead(200, { 'x-own': '1', 'set-cookie': ['own=1', 'own2=2'] }).end('page'),
  'setHeader, then a bare writeHead': (response) => response.setHeader('x-own', '1').writeHead(200).end('page'),
  'nothing but end': (response) => response.setHeader('x-own', '1').end('page'),
  'write after write': (response) => {
    response.setHeader('x-own', '1').write('pa')
    response.write('ge')
    response.end()
  },
  flushHeaders: (response) => {
    response.setHeader('x-own', '1').flushHeaders()
    response.end('page')
  },
  'early hints before it': (response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' })
    response.setHeader('x-own', '1').end('page')
  },
  '102 and 100 before it': (response) => {
    response.writeProcessing()
    response.writeContinue()
    response.setHeader('x-own', '1').end('page')
  },
}

describe('node with memoryStore', () => {
  for (const [way, respond] of Object.entries(ways)) {
    it(`CVE-2025-7339 (on-headers): a response that begins by ${way} carries the cookie, and what was its own`, async (t) => {
      const sessions = new Sessions<{ n: number }>({ store: memoryStore(), initial: () => ({ n: 0 }), mode: 'shared' })
      const server = createServer(
        coatcheck(sessions, async (request, response) => {
          await sessions.open(request).then((session) => session.signIn('alice'))
          respond(response)
        }),
      )
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      t.after(async () => {
        server.closeAllConnections()
        server.close()
        await sessions.close()
      })
      const { port } = server.address() as AddressInfo
      const received = await new Wire(port)
        .send(`POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
        .closed()
      const final = received.slice(received.lastIndexOf('HTTP/1.1 200'))
      const ours = [...final.matchAll(new RegExp(`^set-cookie: sid-${port}=[\\w-]{64};`, 'gim'))]
      assert.equal(ours.length, 1, received)
      assert.equal(received.split(`sid-${port}=`).length, 2, 'the cookie is in the final response only')
      assert.match(final, /^x-own: 1\r$/im)
      assert.equal(/set-cookie: own=1/i.test(final), way.includes('cookie'))
      assert.match(bodyOf(final), /pa.*ge/s)
    })
  }
})

describe('the cookie’s options', () => {
  const wrong: { readonly [bug: string]: readonly unknown[] } = {
    'CVE-2024-47764 (cookie)': [
      { name: 'sid=x; Domain=example.com; a' },
      { name: 'sid;Path=/x' },
      { name: 'a\r\nSet-Cookie: b' },
      { name: 'a b' },
      { name: '' },
      { name: 'é' },
    ],
    'CVE-2026-47675 (Hono)': [
      { sameSite: 'Lax; Domain=example.com' },
      { sameSite: 'lax' },
      { sameSite: 'None' },
      { sameSite: 'Strict\r\nSet-Cookie: a=b' },
      { name: '__Host-sid' },
      { name: '__Secure-sid' },
    ],
  }
  for (const [bug, cookies] of Object.entries(wrong)) {
    it(`${bug}: a name or attribute that holds another one is refused at the start`, () => {
      for (const cookie of cookies)
        assert.throws(() => new Sessions({ store: memoryStore(), cookie: cookie as object }), TypeError)
    })
  }
})

onEveryHost((serve) => {
  it('CVE-2007-3799 (PHP): nothing that a visitor sends becomes an attribute of the cookie', async (t) => {
    const server = await serve(t)
    for (const value of ['x; Domain=example.com', '"x; Path=/evil"', 'x%0d%0aSet-Cookie: a=b', 'x, other=y']) {
      const visitor = server.visitor()
      visitor.cookies.set(server.cookieName, value)
      const { setCookies } = await visitor.post('/login')
      assert.match(setCookies.join('\n'), /^sid-\d+=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax$/)
      assert.equal(await who(visitor), 'alice')
    }
  })
})
