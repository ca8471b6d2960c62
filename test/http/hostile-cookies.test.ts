import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { it } from 'node:test'
import { onEveryServer, type Server } from './serving.ts'
import { putTogether, recordIdOf, takeApart } from './tickets.ts'
import { bodyOf, say, statusOf, type Visitor } from './visitor.ts'

/** Two visitors' own cookies to forge others from. */
interface Forge {
  readonly name: string
  readonly alice: Visitor
  readonly bob: Visitor
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

/** Whole header lines, to the byte. */
const hostile: { readonly [what: string]: (forge: Forge) => readonly (string | Buffer)[] } = {
  'an empty value': ({ name }) => [`Cookie: ${name}=`],
  'no value': ({ name }) => [`Cookie: ${name}`],
  'an empty header': () => ['Cookie:'],
  'nothing but separators': () => ['Cookie: ;;;=;=;;'],
  '8 KB': ({ name }) => [`Cookie: ${name}=${'A'.repeat(8_192)}`],
  '8 KB of separators': ({ name }) => [`Cookie: ${';'.repeat(8_192)}${name}=x`],
  '12 KB of cookies of this name': ({ name }) => [`Cookie: ${`${name}=x; `.repeat(1_000)}`],
  'a valid ticket twice in one header': ({ name, alice }) => [
    `Cookie: ${name}=${alice.ticket}; ${name}=${alice.ticket}`,
  ],
  'two valid tickets in one header': ({ name, alice, bob }) => [
    `Cookie: ${name}=${alice.ticket}; ${name}=${bob.ticket}`,
  ],
  'two valid tickets in two headers': ({ name, alice, bob }) => [
    `Cookie: ${name}=${alice.ticket}`,
    `Cookie: ${name}=${bob.ticket}`,
  ],
  'a valid ticket and an empty one': ({ name, alice }) => [`Cookie: ${name}=; ${name}=${alice.ticket}`],
  'a percent-encoded ticket': ({ name, alice }) => [
    `Cookie: ${name}=${[...alice.ticket!].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')}`,
  ],
  'one percent-encoded character': ({ name, alice }) => {
    const ticket = alice.ticket!
    return [`Cookie: ${name}=%${ticket.charCodeAt(0).toString(16)}${ticket.slice(1)}`]
  },
  'bad percent-encoding': ({ name }) => [`Cookie: ${name}=%E0%A4%A; other=%`],
  'a percent-encoded name': ({ name, alice }) => [
    `Cookie: %${name.charCodeAt(0).toString(16)}${name.slice(1)}=${alice.ticket}`,
  ],
  'a name in capitals': ({ name, alice }) => [`Cookie: ${name.toUpperCase()}=${alice.ticket}`],
  'the name of https': ({ alice }) => [`Cookie: __Host-sid=${alice.ticket}`],
  'the name of https in capitals': ({ alice }) => [`Cookie: __HOST-sid=${alice.ticket}; __host-sid=${alice.ticket}`],
  'the __Host- prefix before the name': ({ name, alice }) => [`Cookie: __Host-${name}=${alice.ticket}`],
  'the name without its port': ({ alice }) => [`Cookie: sid=${alice.ticket}`],
  'the name of another port': ({ name, alice }) => [`Cookie: ${name}0=${alice.ticket}`],
  'a dot for the first character of the name': ({ name, alice }) => [`Cookie: ..${name}=${alice.ticket}`],
  'a no-break space before the name': ({ name, alice }) => [bytes(`Cookie: \u00a0${name}=${alice.ticket}`)],
  'a valid ticket in the value of another cookie': ({ name, alice }) => [`Cookie: other=${name}=${alice.ticket}`],
  'a valid ticket under an empty name': ({ name, alice }) => [`Cookie: =${name}=${alice.ticket}`],
  'a NUL in a ticket': ({ name, alice }) => [bytes(`Cookie: ${name}=${alice.ticket}\0`)],
  'a NUL before the name': ({ name, alice }) => [bytes(`Cookie: \0${name}=${alice.ticket}`)],
  'a bare CR': ({ name, alice }) => [bytes(`Cookie: ${name}=\r${alice.ticket}`)],
  'a bare LF': ({ name, alice }) => [bytes(`Cookie: ${name}=\n${alice.ticket}`)],
  'a header smuggled behind CRLF': ({ name }) => [bytes(`Cookie: ${name}=x\r\nX-Injected: 1`)],
  'a folded header': ({ name, alice }) => [bytes(`Cookie: ${name}=\r\n ${alice.ticket}`)],
  'bytes beyond ASCII': ({ name }) => [bytes(`Cookie: ${name}=${'\u00ff'.repeat(64)}`)],
  'UTF-8': ({ name }) => [Buffer.from(`Cookie: ${name}=${'🧥'.repeat(16)}`)],
  'a path upwards': ({ name }) => [`Cookie: ${name}=../../../../etc/passwd`],
  'two dots': ({ name }) => [`Cookie: ${name}=..`],
  __proto__: ({ name }) => [`Cookie: ${name}=__proto__; __proto__=${name}; constructor=x; hasOwnProperty=x`],
  '64 characters that name a property': ({ name }) => [`Cookie: ${name}=${'__proto__'.repeat(8).slice(0, 64)}`],
  'an asterisk': ({ name }) => [`Cookie: ${name}=*`],
  'an asterisk for a character': ({ name, alice }) => [`Cookie: ${name}=*${alice.ticket!.slice(1)}`],
  'quotes around a ticket': ({ name, alice }) => [`Cookie: ${name}="${alice.ticket}"`],
  'a quote before a ticket': ({ name, alice }) => [`Cookie: ${name}='${alice.ticket}`],
  'plain base64': ({ name }) => [`Cookie: ${name}=${'+/'.repeat(32)}`],
  'padding after a ticket': ({ name, alice }) => [`Cookie: ${name}=${alice.ticket}=`],
  'a ticket of 63 characters': ({ name, alice }) => [`Cookie: ${name}=${alice.ticket!.slice(1)}`],
  'a ticket of 65 characters': ({ name, alice }) => [`Cookie: ${name}=${alice.ticket}A`],
  'a ticket with another last character': ({ name, alice }) => {
    const ticket = alice.ticket!
    return [`Cookie: ${name}=${ticket.slice(0, 63)}${ticket.endsWith('A') ? 'B' : 'A'}`]
  },
  'a ticket that nobody issued': ({ name }) => [`Cookie: ${name}=${randomBytes(48).toString('base64url')}`],
  '64 zeros': ({ name }) => [`Cookie: ${name}=${'A'.repeat(64)}`],
  'alice’s session with bob’s secret': ({ name, alice, bob }) => {
    const { sid } = takeApart(alice.ticket!)
    return [`Cookie: ${name}=${putTogether({ sid, secret: takeApart(bob.ticket!).secret })}`]
  },
  'alice’s session with bob’s secret, masked with her own': ({ name, alice, bob }) => {
    const masked = Buffer.from(alice.ticket!, 'base64url').subarray(0, 16)
    return [`Cookie: ${name}=${Buffer.concat([masked, takeApart(bob.ticket!).secret]).toString('base64url')}`]
  },
  'alice’s session with a secret of zeros': ({ name, alice }) => [
    `Cookie: ${name}=${putTogether({ sid: takeApart(alice.ticket!).sid, secret: Buffer.alloc(32) })}`,
  ],
  'alice’s session with the stored hash of her secret': ({ name, alice }) => [
    `Cookie: ${name}=${Buffer.concat([takeApart(alice.ticket!).sid, Buffer.alloc(32)]).toString('base64url')}`,
  ],
  'the record’s id': ({ name, alice }) => [`Cookie: ${name}=${recordIdOf(name, alice.ticket!)}`],
  'the bytes of the record’s id': ({ name, alice }) => [
    `Cookie: ${name}=${Buffer.concat([Buffer.from(recordIdOf(name, alice.ticket!), 'hex'), Buffer.alloc(16)]).toString('base64url')}`,
  ],
}

/** The value of the cookie that the server itself has set in this answer. */
function issued(response: string): string | undefined {
  return /^set-cookie: [^=]+=([^;\r]*)/im.exec(response)?.[1]
}

function headOf(response: string): string {
  return response.slice(0, response.indexOf('\r\n\r\n'))
}

async function forging(server: Server): Promise<Forge> {
  return { name: server.cookieName, alice: await server.signedIn('alice'), bob: await server.signedIn('bob') }
}

onEveryServer((serve) => {
  it('knows the cookie that the forged ones are made of', async (t) => {
    const server = await serve(t)
    const { name, alice } = await forging(server)
    const response = await say(server.port, 'GET /who HTTP/1.1', [`Cookie: ${name}=${alice.ticket}`])
    const ids = (await server.records()).map(({ id }) => String(id))
    assert.deepEqual([bodyOf(response).includes('alice'), ids.includes(recordIdOf(name, alice.ticket!))], [true, true])
    assert.equal(putTogether(takeApart(alice.ticket!)), alice.ticket)
  })

  it('takes every hostile cookie for none: nobody, no record, no cookie, no echo', async (t) => {
    const server = await serve(t)
    const forge = await forging(server)
    const before = await server.records()
    for (const [what, forged] of Object.entries(hostile)) {
      const lines = forged(forge)
      for (const [method, path] of [
        ['GET', '/who'],
        ['GET', '/read-only'],
        ['POST', '/regenerate'],
      ] as const) {
        const response = await say(server.port, `${method} ${path} HTTP/1.1`, [...lines, 'Content-Length: 0'])
        const status = statusOf(response)
        assert.ok(status === 200 || status === 400, `${what}: ${response.slice(0, 200)}`)
        assert.equal(issued(response), undefined, what)
        if (path === '/who' && status === 200) assert.match(bodyOf(response), /^(6\r\n)?nobody/, what)
        for (const line of lines) {
          const value = String(line).split('=').at(-1)!
          if (value.length > 8) assert.ok(!response.includes(value), `${what}: reflected`)
        }
        assert.doesNotMatch(headOf(response), /x-injected/i, what)
      }
    }
    assert.deepEqual(await server.records(), before)
    assert.deepEqual([(await forge.alice.get('/who')).body, (await forge.bob.get('/who')).body], ['alice', 'bob'])
  })

  it('signs a visitor with a hostile cookie in under a ticket of its own making', async (t) => {
    const server = await serve(t)
    for (const [what, forged] of Object.entries(hostile)) {
      const forge = await forging(server)
      const lines = forged(forge)
      const response = await say(server.port, 'POST /login?user=carol HTTP/1.1', [...lines, 'Content-Length: 0'])
      if (statusOf(response) === 400) continue
      assert.equal(statusOf(response), 303, what)
      const ticket = issued(response) ?? ''
      assert.match(ticket, /^[\w-]{64}$/, what)
      assert.ok(!lines.some((line) => String(line).includes(ticket)), what)
      const known = [forge.alice.ticket!, forge.bob.ticket!].map((each) => takeApart(each).sid.toString('hex'))
      assert.ok(!known.includes(takeApart(ticket).sid.toString('hex')), `${what}: an id that was not the visitor’s`)
      const who = await say(server.port, 'GET /who HTTP/1.1', [`Cookie: ${forge.name}=${ticket}`])
      assert.match(bodyOf(who), /carol/, what)
      assert.deepEqual(
        [(await forge.alice.get('/who')).body, (await forge.bob.get('/who')).body],
        ['alice', 'bob'],
        what,
      )
    }
  })

  it('deletes no cookie of which it only knows that it opens nothing', async (t) => {
    const server = await serve(t)
    const unknown = randomBytes(48).toString('base64url')
    const response = await say(server.port, 'GET /data HTTP/1.1', [`Cookie: ${server.cookieName}=${unknown}`])
    assert.deepEqual([statusOf(response), issued(response)], [200, undefined])
  })

  it('finds its cookie among a hundred others', async (t) => {
    const server = await serve(t)
    const { name, alice } = await forging(server)
    const others = Array.from({ length: 50 }, (_, index) => `${name}${index}=x; x${name}=y`)
    const response = await say(server.port, 'GET /who HTTP/1.1', [
      `Cookie: ${[...others, `${name}=${alice.ticket}`, ...others].join('; ')}`,
    ])
    assert.match(bodyOf(response), /alice/)
  })

  it('opens nothing with a record’s handle, or with what the events name', async (t) => {
    const server = await serve(t)
    const { name, alice } = await forging(server)
    for (const handle of JSON.parse((await alice.get('/devices')).body) as string[]) {
      const response = await say(server.port, 'GET /who HTTP/1.1', [`Cookie: ${name}=${handle}`])
      assert.match(bodyOf(response), /nobody/)
    }
  })
})
