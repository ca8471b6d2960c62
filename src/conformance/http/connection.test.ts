import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { createServer as createSecureServer } from 'node:tls'
import { generate } from 'selfsigned'
import { Connection, ExchangeError, type ExchangeFault, exchange } from './connection.ts'

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

async function listening(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A server that answers each piece it receives, and remembers them. */
async function answering(t: TestContext, answer: (socket: Socket, count: number) => void) {
  const received: Buffer[] = []
  const port = await listening(
    t,
    createServer((socket) => {
      socket.on('data', (chunk) => {
        received.push(chunk)
        answer(socket, received.length)
      })
    }),
  )
  return { url: `http://127.0.0.1:${port}`, received: () => Buffer.concat(received).toString('latin1') }
}

function faultIs(fault: ExchangeFault, message?: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof ExchangeError)
    assert.equal(error.fault, fault)
    if (message) assert.match(error.message, message)
    return true
  }
}

describe('an exchange', () => {
  it('sends exactly the bytes it is given, odd ones too', async (t) => {
    const server = await answering(t, (socket) => socket.write(ok))
    const request = 'GET / HTTP/1.1\r\nHost: x\r\nCookie: a=\x00\xa0\xff\nb\r\nCookie: a=2\r\n\r\n'
    assert.equal((await exchange(server.url, request)).text, 'ok')
    assert.equal(server.received(), request)
  })

  it('goes on on the same connection, until the server closes it', async (t) => {
    const server = await answering(t, (socket, count) => {
      socket.write(count < 2 ? ok : ok.replace('Content', 'Connection: close\r\nContent'))
    })
    const connection = await Connection.open(server.url)
    t.after(() => connection.close())
    assert.equal((await connection.exchange('1')).status, 200)
    assert.equal(connection.isUsable, true)
    assert.equal((await connection.exchange('2')).status, 200)
    assert.equal(connection.isUsable, false)
    await assert.rejects(connection.exchange('3'), faultIs('closed'))
    assert.equal(server.received(), '12')
  })

  it('may begin long before it goes on', async (t) => {
    const server = await answering(t, (socket, count) => {
      if (count === 2) socket.write(ok)
    })
    const connection = await Connection.open(server.url)
    t.after(() => connection.close())
    connection.begin('he')
    while (server.received() === '') await new Promise(setImmediate)
    assert.equal((await connection.exchange('ad')).text, 'ok')
    assert.equal(server.received(), 'head')
  })

  it('ends at its deadline, with half an answer too', async (t) => {
    const silent = await answering(t, () => {})
    await assert.rejects(exchange(silent.url, 'x', { deadline: 30 }), faultIs('deadline'))
    const half = await answering(t, (socket) => socket.write(ok.slice(0, -1)))
    await assert.rejects(exchange(half.url, 'x', { deadline: 30 }), faultIs('deadline'))
  })

  it('says why there is no response', async (t) => {
    const closing = await answering(t, (socket) => socket.end())
    await assert.rejects(exchange(closing.url, 'x'), faultIs('closed', /without a response/))
    const breaking = await answering(t, (socket) => socket.end(ok.slice(0, -1)))
    await assert.rejects(exchange(breaking.url, 'x'), faultIs('closed', /within a response/))
    const other = await answering(t, (socket) => socket.end('SSH-2.0\r\n\r\n'))
    await assert.rejects(exchange(other.url, 'x'), faultIs('malformed', /SSH/))
    const server = createServer()
    const port = await listening(t, server)
    server.close()
    await once(server, 'close')
    await assert.rejects(exchange(`http://127.0.0.1:${port}`, 'x'), faultIs('unreachable', /ECONNREFUSED/))
    await assert.rejects(exchange('ftp://shop.example', 'x'), TypeError)
  })
})

describe('over TLS', () => {
  async function secure(t: TestContext, name: string) {
    const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
      keyType: 'ec',
      algorithm: 'sha256',
      extensions: [
        { name: 'basicConstraints', cA: false, critical: true },
        { name: 'subjectAltName', altNames: [{ type: 2, value: name }] },
      ],
    })
    const server = createSecureServer({ key, cert }, (socket) => {
      socket.on('error', () => {}).on('data', () => socket.write(ok))
    })
    const port = await listening(t, server)
    return { port, cert, connectTo: { host: '127.0.0.1', port } }
  }

  it('this machine may vouch for itself', async (t) => {
    const { port, connectTo } = await secure(t, 'localhost')
    assert.equal((await exchange(`https://127.0.0.1:${port}`, 'x')).text, 'ok')
    assert.equal((await exchange('https://shop.example', 'x', { connectTo })).text, 'ok')
  })

  it('anybody else’s certificate must be an authority’s, for that name', async (t) => {
    const { cert, connectTo } = await secure(t, 'shop.example')
    const strict = { trust: 'authorities', connectTo } as const
    await assert.rejects(exchange('https://shop.example', 'x', strict), faultIs('certificate'))
    assert.equal((await exchange('https://shop.example', 'x', { ...strict, ca: cert })).text, 'ok')
    await assert.rejects(exchange('https://other.example', 'x', { ...strict, ca: cert }), faultIs('certificate'))
  })
})
