import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, it, mock, type TestContext } from 'node:test'
import type { Session } from '../core/session.ts'
import { Sessions } from '../core/sessions.ts'
import type { Store } from '../core/store.ts'
import { memoryStore } from '../stores/memory.ts'
import { type CoatcheckOptions, coatcheck } from './node.ts'

interface Data {
  n: number
}

type Handler = (request: IncomingMessage, response: ServerResponse, session: Session<Data>) => unknown

interface Answer {
  readonly status: number | undefined
  readonly message: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

interface Options extends CoatcheckOptions {
  readonly store?: Store
  readonly before?: (request: IncomingMessage, response: ServerResponse) => void
}

/** A server whose one handler has written to its session, so that each answer must carry a cookie. */
async function listen(t: TestContext, handler: Handler, { store = memoryStore(), before, ...options }: Options = {}) {
  const sessions = new Sessions<Data>({ store, initial: () => ({ n: 0 }) })
  const listener = coatcheck(
    sessions,
    async (request, response) => {
      const session = await sessions.open(request)
      session.data.n++
      return handler(request, response, session)
    },
    options,
  )
  const server = createServer((request, response) => {
    before?.(request, response)
    return listener(request, response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const ask = async (): Promise<Answer> => {
    const [response] = (await once(get({ port, host: '127.0.0.1', agent: false }), 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    const { statusCode, statusMessage, headers } = response
    return { status: statusCode, message: statusMessage, headers, body: Buffer.concat(chunks).toString('latin1') }
  }
  return { ask, port }
}

const ours = /^sid-\d+=[\w-]{64}; Path=\/; HttpOnly; SameSite=Lax$/

/** What the answer says, with our cookie told from the handler's. */
function said({ status, message, headers, body }: Answer): object {
  const cookies = (headers['set-cookie'] ?? []).map((line) => (ours.test(line) ? 'ours' : line))
  return { status, message, own: headers['x-own'], type: headers['content-type'], cookies, body }
}

/** A store that fails every write. */
function failing(): Store {
  return { ...memoryStore(), write: () => Promise.reject(new Error('connection reset')) }
}

function silence(t: TestContext) {
  const error = mock.method(console, 'error', () => {})
  t.after(() => error.mock.restore())
  return error
}

describe('the node adapter', () => {
  const plain = { status: 201, message: 'Created', own: '1', type: 'text/plain', body: 'whole' }

  for (const [form, writeHead, expected] of [
    ['an object', (r) => r.writeHead(201, { 'Content-Type': 'text/plain', 'X-Own': 1 }), {}],
    [
      'an object and a message',
      (r) => r.writeHead(201, 'Made', { 'Content-Type': 'text/plain', 'X-Own': '1' }),
      { message: 'Made' },
    ],
    ['a flat array', (r) => r.writeHead(201, ['Content-Type', 'text/plain', 'X-Own', '1']), {}],
    [
      'a flat array and a message',
      (r) => r.writeHead(201, 'Made', ['Content-Type', 'text/plain', 'X-Own', '1']),
      { message: 'Made' },
    ],
    [
      'an array of pairs',
      (r) => r.writeHead(201, [['Content-Type', 'text/plain'] as never, ['X-Own', '1'] as never]),
      {},
    ],
    [
      'cookies in an object',
      (r) => r.writeHead(201, { 'content-type': 'text/plain', 'x-own': '1', 'set-cookie': ['a=1', 'b=2'] }),
      { cookies: ['a=1', 'b=2', 'ours'] },
    ],
    [
      'cookies twice in an array',
      (r) => r.writeHead(201, ['content-type', 'text/plain', 'x-own', '1', 'set-cookie', 'a=1', 'Set-Cookie', 'b=2']),
      { cookies: ['a=1', 'b=2', 'ours'] },
    ],
    [
      'headers that were set before',
      (r) =>
        r
          .setHeader('X-Own', 'other')
          .setHeader('set-cookie', 'a=1')
          .writeHead(201, { 'content-type': 'text/plain', 'x-own': '1' }),
      { cookies: ['a=1', 'ours'] },
    ],
    [
      'headers that were set before, and an array',
      (r) => r.setHeader('X-Own', 'other').writeHead(201, ['content-type', 'text/plain', 'x-own', '1']),
      {},
    ],
    [
      'nothing but a status',
      (r) => r.setHeader('x-own', '1').setHeader('content-type', 'text/plain').writeHead(201),
      {},
    ],
    [
      'a status and a message',
      (r) => r.setHeader('x-own', '1').setHeader('content-type', 'text/plain').writeHead(201, 'Made'),
      { message: 'Made' },
    ],
  ] satisfies [string, (response: ServerResponse) => unknown, object][]) {
    it(`joins its headers to writeHead with ${form}`, async (t) => {
      const { ask } = await listen(t, (_request, response) => {
        writeHead(response)
        response.end('whole')
      })
      assert.deepEqual(said(await ask()), { ...plain, cookies: ['ours'], ...expected })
    })
  }

  for (const [form, write] of [
    ['end(text)', (r) => r.end('whole')],
    ['end(text, encoding)', (r) => r.end('d2hvbGU=', 'base64')],
    ['end(bytes)', (r) => r.end(Buffer.from('whole'))],
    [
      'write, then end()',
      (r) => {
        r.write('who')
        r.write('bGU=', 'base64')
        r.end()
      },
    ],
    [
      'write, then end(text)',
      (r) => {
        r.write(new Uint8Array(Buffer.from('who')))
        r.end('le')
      },
    ],
    [
      'flushHeaders first',
      (r) => {
        r.flushHeaders()
        r.end('whole')
      },
    ],
    ['writeHead, chained', (r) => r.writeHead(200).end('whole')],
    [
      'end, twice',
      (r) => {
        r.end('whole')
        r.end()
      },
    ],
    [
      'end in a later turn',
      (r) => {
        r.write('who')
        setImmediate(() => r.end('le'))
      },
    ],
    [
      'cork and uncork',
      (r) => {
        r.cork()
        r.write('who')
        r.write('le')
        r.uncork()
        r.end()
      },
    ],
    ['a pipe', (r) => Readable.from(['who', 'le']).pipe(r)],
    ['a pipeline', (r) => pipeline(Readable.from(['who', 'le']), r)],
  ] satisfies [string, (response: ServerResponse) => unknown][]) {
    it(`sends the whole body of ${form}, and the cookie`, async (t) => {
      const { ask } = await listen(t, (_request, response) => write(response))
      const { status, body, headers } = await ask()
      assert.deepEqual([status, body, headers['set-cookie']?.length], [200, 'whole', 1])
    })
  }

  it('calls every callback back, in order, held or not', async (t) => {
    const called: string[] = []
    const { ask } = await listen(t, async (_request, response) => {
      response.write('a', () => called.push('write'))
      response.write('b', 'utf8', () => called.push('write with encoding'))
      await new Promise<void>((resolve) => response.end(() => resolve(void called.push('end'))))
    })
    assert.equal((await ask()).body, 'ab')
    assert.deepEqual(called, ['write', 'write with encoding', 'end'])
  })

  for (const [form, end] of [
    ['end(callback)', (r, done) => r.end(done)],
    ['end(text, callback)', (r, done) => r.end('whole', done)],
    ['end(text, encoding, callback)', (r, done) => r.end('whole', 'utf8', done)],
  ] satisfies [string, (response: ServerResponse, done: () => void) => void][]) {
    for (const [what, store] of [
      ['the commit holds', undefined],
      ['the commit fails', failing],
    ] as const) {
      it(`calls the callback of ${form} back when ${what}`, async (t) => {
        const done = mock.fn()
        const handler: Handler = async (_request, response) =>
          new Promise<void>((resolve) => end(response, () => resolve(done())))
        const { ask } = await listen(t, handler, store && { store: store() })
        assert.equal((await ask()).status, store ? 503 : 200)
        assert.equal(done.mock.callCount(), 1)
      })
    }
  }

  it('pipes 8 MB to a slow reader, to the byte, without holding it all in memory', async (t) => {
    const part = randomBytes(65_536)
    const parts = 128
    let ahead = 0
    let most = 0
    const { port } = await listen(t, (_request, response) => {
      const source = async function* () {
        for (let index = 0; index < parts; index++) {
          ahead++
          most = Math.max(most, ahead)
          yield part
        }
      }
      Readable.from(source(), { highWaterMark: 1, objectMode: true }).pipe(response)
    })
    const [response] = (await once(get({ port, host: '127.0.0.1', agent: false }), 'response')) as [IncomingMessage]
    response.pause()
    // Whatever the sockets' buffers take is sent by now; the rest waits for the reader.
    let before = -1
    while (before !== ahead) {
      before = ahead
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const waiting = ahead
    const sum = createHash('sha256')
    let bytes = 0
    for await (const chunk of response) {
      bytes += chunk.length
      sum.update(chunk)
    }
    const expected = createHash('sha256')
    for (let index = 0; index < parts; index++) expected.update(part)
    assert.deepEqual([bytes, sum.digest('hex')], [parts * part.length, expected.digest('hex')])
    assert.ok(waiting < parts, `${waiting} of ${parts} parts were read from the source while nobody read the response`)
    assert.equal(most, parts)
  })

  it('leaves status, headers and body of a request that opens no session to the handler', async (t) => {
    const sessions = new Sessions<Data>({ store: memoryStore(), initial: () => ({ n: 0 }) })
    const server = createServer(
      coatcheck(sessions, (_request, response) => response.writeHead(200, { 'x-own': '1' }).end('bare')),
    )
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    assert.deepEqual(
      [await response.text(), [...response.headers.keys()].sort()],
      ['bare', ['connection', 'date', 'keep-alive', 'transfer-encoding', 'x-own']],
    )
  })

  it('works for a handler that is no promise', async (t) => {
    const sessions = new Sessions<Data>({ store: memoryStore(), initial: () => ({ n: 0 }) })
    const listener = coatcheck(sessions, (request, response) => {
      void sessions.open(request).then((session) => {
        session.data.n++
        setImmediate(() => response.end('later'))
      })
    })
    const server = createServer(listener)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    assert.deepEqual([await response.text(), response.headers.getSetCookie().length], ['later', 1])
  })

  it('answers 500 when the handler throws before the first byte, with nothing that it had set', async (t) => {
    const error = silence(t)
    const { ask } = await listen(t, (_request, response) => {
      response.statusCode = 303
      response.statusMessage = 'Look there'
      response.setHeader('Location', '/secret').setHeader('Content-Length', 10_000).setHeader('X-Own', '1')
      throw new Error('a handler failed')
    })
    const { status, message, headers, body } = await ask()
    assert.deepEqual(
      [status, message, headers.location, headers['x-own'], body],
      [500, 'Internal Server Error', undefined, undefined, '500: Internal Server Error\n'],
    )
    assert.equal(headers['set-cookie'], undefined)
    assert.equal(error.mock.callCount(), 1)
  })

  it('cuts the connection when the handler throws after the first byte', async (t) => {
    const error = silence(t)
    const { ask } = await listen(t, (_request, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('half')
      throw new Error('a handler failed')
    })
    await assert.rejects(ask())
    assert.match(String(error.mock.calls[0]?.arguments[0]), /a handler failed/)
  })

  for (const [what, write] of [
    ['a Location with a line break', (r) => r.writeHead(303, { Location: '/a\r\nSet-Cookie: evil=1' }).end()],
    ['a header beyond Latin-1', (r) => r.writeHead(200, { 'X-Own': '\u{1f9e5}' }).end()],
    ['a header name with a space', (r) => r.writeHead(200, { 'X Own': '1' }).end()],
    ['a status that is none', (r) => r.writeHead(99).end()],
    ['a number for a body', (r) => r.end(5 as never)],
    [
      'null for a part',
      (r) => {
        r.write(null)
        r.end()
      },
    ],
  ] satisfies [string, (response: ServerResponse) => unknown][]) {
    it(`answers 500, and goes on serving, when the handler answers with ${what}`, async (t) => {
      silence(t)
      let isFirst = true
      const { ask } = await listen(t, (_request, response) => {
        if (!isFirst) return response.end('fine')
        isFirst = false
        return write(response)
      })
      const { status, headers } = await ask()
      assert.deepEqual([status, headers.location, headers['x-own']], [500, undefined, undefined])
      assert.equal((await ask()).body, 'fine')
    })
  }

  it('answers for a handler whose session could not be stored, whatever that goes on to write', async (t) => {
    const silent = silence(t)
    const { ask } = await listen(
      t,
      async (_request, response) => {
        response.writeHead(303, { Location: '/next', 'X-Own': '1' })
        response.write('a')
        await new Promise((resolve) => setTimeout(resolve, 20))
        response.write('b')
        response.end('c')
      },
      { store: failing() },
    )
    const { status, headers, body } = await ask()
    assert.deepEqual(
      [status, headers.location, headers['x-own'], headers['set-cookie'], headers['retry-after']],
      [503, undefined, undefined, undefined, '1'],
    )
    assert.match(body, /^503: .*\(ERR_STORE_UNAVAILABLE\)\n$/)
    assert.equal(silent.mock.callCount(), 0)
  })

  it('keeps the headers that speak of the site, not of the answer, when it answers in the handler’s stead', async (t) => {
    silence(t)
    const { ask } = await listen(t, (_request, response) => {
      response.setHeader('strict-transport-security', 'max-age=31536000').setHeader('content-language', 'en')
      throw new Error('a handler failed')
    })
    const { status, headers } = await ask()
    assert.deepEqual(
      [status, headers['strict-transport-security'], headers['content-language']],
      [500, 'max-age=31536000', undefined],
    )
  })

  it('lets the application answer errors itself', async (t) => {
    const onError: CoatcheckOptions['onError'] = (error, request, response) => {
      response.writeHead(418, { 'x-own': '1' }).end(`${request.method} ${(error as { code?: string }).code}`)
    }
    const { ask } = await listen(t, (_request, response) => response.end('fine'), { store: failing(), onError })
    const { status, headers, body } = await ask()
    assert.deepEqual([status, headers['x-own'], body], [418, '1', 'GET ERR_STORE_UNAVAILABLE'])
  })

  for (const [what, store] of [
    ['the handler threw', undefined],
    ['the commit failed', failing],
  ] as const) {
    it(`cuts the connection, and goes on serving, when ${what} and the application’s error handler throws too`, async (t) => {
      const error = silence(t)
      const { ask } = await listen(
        t,
        () => {
          throw new Error('a handler failed')
        },
        {
          ...(store && { store: store() }),
          onError: () => {
            throw new Error('so did the error handler')
          },
        },
      )
      await assert.rejects(ask())
      await assert.rejects(ask())
      assert.match(error.mock.calls.map((call) => String(call.arguments[0])).join(), /so did the error handler/)
    })
  }

  it('lets those wrap the response who came before, and those who come after', async (t) => {
    const wrap = (name: string) => (response: ServerResponse) => {
      const { end, write } = response
      response.write = ((chunk: string) => Reflect.apply(write, response, [`${name}(${chunk})`])) as typeof write
      response.end = (() => Reflect.apply(end, response, [name])) as typeof end
    }
    const { ask } = await listen(
      t,
      (_request, response) => {
        wrap('inner')(response)
        response.write('a')
        setTimeout(() => {
          response.write('b')
          response.end()
        }, 20)
      },
      { before: (_request, response) => wrap('outer')(response) },
    )
    const { body, headers } = await ask()
    assert.deepEqual([body, headers['set-cookie']?.length], ['outer(inner(a))outer(inner(b))outer', 1])
  })

  it('shows several Sessions of one application to the same handler', async (t) => {
    const store = memoryStore()
    const make = (name: string) => new Sessions<Data>({ store, initial: () => ({ n: 0 }), cookie: { name } })
    const [staff, shop, unused] = [make('staff'), make('shop'), make('unused')]
    const handler = async (request: IncomingMessage, response: ServerResponse) => {
      ;(await staff.open(request)).data.n++
      ;(await shop.open(request)).data.n++
      response.writeHead(200, { 'x-own': '1' })
      response.write('a')
      response.end('b')
    }
    const server = createServer(coatcheck(unused, coatcheck(staff, coatcheck(shop, handler))))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const names = response.headers.getSetCookie().map((line) => line.slice(0, line.indexOf('-')))
    assert.deepEqual(
      [await response.text(), names.sort(), response.headers.get('vary')],
      ['ab', ['shop', 'staff'], 'Cookie'],
    )
  })

  it('commits once when the same Sessions is mounted twice', async (t) => {
    const sessions = new Sessions<Data>({ store: memoryStore(), initial: () => ({ n: 0 }) })
    const handler = async (request: IncomingMessage, response: ServerResponse) => {
      ;(await sessions.open(request)).data.n++
      response.end('once')
    }
    const server = createServer(coatcheck(sessions, coatcheck(sessions, handler)))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    assert.deepEqual([await response.text(), response.headers.getSetCookie().length], ['once', 1])
  })

  it('commits for a client that goes while the handler, which never answers then, is at work', async (t) => {
    const store = memoryStore()
    let isIn = () => {}
    const arrived = new Promise<void>((resolve) => {
      isIn = resolve
    })
    let leave = () => {}
    const sessions = new Sessions<Data>({ store, initial: () => ({ n: 0 }) })
    let cookie = ''
    const listener = coatcheck(sessions, async (request, response) => {
      const session = await sessions.open(request)
      session.data.n++
      if (request.method === 'GET') return response.end(String(session.data.n))
      isIn()
      await once(response, 'close')
      leave()
    })
    const server = createServer(listener)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const left = new Promise<void>((resolve) => {
      leave = resolve
    })
    cookie = (await fetch(`http://127.0.0.1:${port}/`)).headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const socket = connect(port, '127.0.0.1')
    socket.write(`POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\nContent-Length: 0\r\n\r\n`)
    await arrived
    socket.destroy()
    await left
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie } })).text(), '3')
  })
})
