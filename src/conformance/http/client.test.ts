import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { HttpClient, type HttpClientOptions } from './client.ts'

async function serving(t: TestContext, listener: RequestListener, options?: HttpClientOptions) {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = new HttpClient(`http://127.0.0.1:${port}/ignored`, options)
  t.after(() => {
    client.close()
    server.closeAllConnections()
    server.close()
  })
  return { client, port, server }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const echo: RequestListener = async (request, response) => {
  const { method, url, rawHeaders } = request
  response.end(JSON.stringify({ method, url, rawHeaders, body: await textOf(request) }))
}

describe('a client', () => {
  it('sends what it is told, in order, and as often', async (t) => {
    const { client, port } = await serving(t, echo)
    const response = await client.get('/a?b=%20c', { cookie: ['a=1', 'a=2'], headers: { 'X-Odd': ['1', '\xe9'] } })
    assert.deepEqual(response.json(), {
      method: 'GET',
      url: '/a?b=%20c',
      rawHeaders: [
        ...['Host', `127.0.0.1:${port}`, 'Connection', 'close', 'Cookie', 'a=1', 'Cookie', 'a=2'],
        ...['X-Odd', '1', 'X-Odd', '\xe9'],
      ],
      body: '',
    })
  })

  it('sends forms, JSON and bytes, each with its length', async (t) => {
    const { client } = await serving(t, echo, { headers: { Host: 'shop.example', Connection: [] } })
    const sent = async (options: Parameters<HttpClient['request']>[1]) => {
      const { method, rawHeaders, body } = (await client.request('/', options)).json() as Record<string, unknown>
      return [method, (rawHeaders as string[]).join(' '), body]
    }
    const form = 'Content-Type application/x-www-form-urlencoded'
    assert.deepEqual(await sent({ form: { 'a&': 'é ' } }), [
      'POST',
      `${form} Content-Length 12 Host shop.example`,
      'a%26=%C3%A9+',
    ])
    assert.deepEqual(
      await sent({
        form: [
          ['a', '1'],
          ['a', '2'],
        ],
      }),
      ['POST', `${form} Content-Length 7 Host shop.example`, 'a=1&a=2'],
    )
    assert.deepEqual(await sent({ json: { a: 'é' } }), [
      'POST',
      'Content-Type application/json Content-Length 10 Host shop.example',
      '{"a":"é"}',
    ])
    assert.deepEqual(await sent({ method: 'PUT', body: 'é' }), ['PUT', 'Content-Length 2 Host shop.example', 'é'])
    assert.deepEqual(await sent({ method: 'POST' }), ['POST', 'Content-Length 0 Host shop.example', ''])
    assert.deepEqual(await sent({ method: 'DELETE' }), ['DELETE', 'Host shop.example', ''])
  })

  it('gets the body of a HEAD from nobody', async (t) => {
    const { client } = await serving(t, (_, response) => void response.setHeader('content-length', 9).end())
    const response = await client.request('/', { method: 'HEAD' })
    assert.deepEqual([response.header('content-length'), response.text], ['9', ''])
  })

  it('uses a connection again if it is told to, and takes another when the server has closed it', async (t) => {
    let connections = 0
    const { client, server } = await serving(t, (_, response) => void response.end('ok'), { keepAlive: true })
    server.on('connection', () => connections++)
    await client.get('/')
    await client.get('/')
    assert.equal(connections, 1)
    server.closeAllConnections()
    assert.equal((await client.get('/')).text, 'ok')
    assert.equal(connections, 2)
  })

  it('has a connection for each request otherwise', async (t) => {
    let connections = 0
    const { client, server } = await serving(t, (_, response) => void response.end('ok'))
    server.on('connection', () => connections++)
    await Promise.all([client.get('/'), client.get('/')])
    assert.equal(connections, 2)
  })
})
