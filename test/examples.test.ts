import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import { type CookieJar, cookieJar } from 'coatcheck/testing'
import WebSocket from 'ws'
import { run } from './running-example.ts'

const shops = ['express', 'fetch', 'hono', 'node-http']
const streams = ['server-sent-events', 'web-socket']
const others = ['devtools']

describe('the examples', () => {
  it('are all tried here', () => {
    const files = readdirSync('examples').filter((name) => name.endsWith('.ts') && !name.includes('-store'))
    assert.deepEqual(files.sort(), [...shops, ...streams, ...others].map((name) => `${name}.ts`).sort())
  })
})

for (const name of shops) {
  describe(`examples/${name}.ts`, () => {
    it('gives nothing to a visitor who stores nothing', async (t) => {
      const { url } = await run(t, name)
      const response = await fetch(url)
      assert.equal(response.status, 200)
      assert.deepEqual(response.headers.getSetCookie(), [])
      assert.equal((await fetch(`${url}/nowhere`)).status, 404)
    })

    it('keeps a cart through a sign-in', async (t) => {
      const visitor = new Visitor((await run(t, name)).url)
      await visitor.post('/cart', { item: '<b>top hat' })
      const anonymous = visitor.ticket
      assert.equal((await visitor.post('/login', { name: 'alice', password: 'wrong' })).status, 401)
      assert.equal((await visitor.post('/login', { name: 'bob', password: 'correct horse' })).status, 401)
      assert.match(await visitor.page('/'), /action="\/login"/)

      assert.equal((await visitor.signIn()).status, 303)
      assert.notEqual(visitor.ticket, anonymous)
      const welcome = await visitor.page('/')
      assert.match(welcome, /Welcome, alice/)
      assert.match(welcome, /&(#60|lt);b&(#62|gt);top hat/)
      assert.doesNotMatch(await visitor.page('/'), /Welcome/)

      await visitor.post('/cart', { item: 'bowler' })
      const page = await visitor.page('/')
      assert.ok(page.includes('top hat') && page.includes('<li>bowler'))
    })

    it('lists devices and signs out another one, and this one for good', async (t) => {
      const { url } = await run(t, name)
      const [laptop, phone] = [new Visitor(url), new Visitor(url)]
      await laptop.signIn()
      await phone.signIn()
      const page = await laptop.page('/devices')
      const handles = [...page.matchAll(/value="([^"]+)"/g)].map((match) => match[1] ?? '')
      assert.equal(handles.length, 2)
      const own = /<li>(\S+), seen \S+ \(this one\)/.exec(page)?.[1]
      await laptop.post('/devices/revoke', { handle: handles.find((handle) => handle !== own) ?? '' })
      assert.match(await phone.page('/'), /action="\/login"/)
      assert.match(await laptop.page('/'), /Signed in as alice/)

      const stolen = laptop.cookies.header(url) ?? ''
      await laptop.post('/logout')
      assert.equal(laptop.ticket, undefined)
      const replay = await fetch(url, { headers: { cookie: stolen } })
      assert.match(await replay.text(), /action="\/login"/)
    })
  })
}

describe('examples/server-sent-events.ts', () => {
  it('ends the streams of a session that is signed out in another process, and no other', {
    timeout: 60_000,
  }, async (t) => {
    const { url } = await run(t, 'server-sent-events', 2)
    const [alice, other] = [new Visitor(url), new Visitor(url)]
    await alice.post('/login')
    await other.post('/login')
    const stream = events(await alice.cookies.fetch(`${url}/events`))
    const others = events(await other.cookies.fetch(`${url}/events`))
    const process = await readUntil(stream, /this is process (\d+)/)
    await readUntil(others, /this is process (\d+)/)

    await signOutInAnotherProcess(t, url, alice, process)
    await readUntil(stream, /you have been signed out()/)
    assert.equal((await stream.next()).done, true)
    await readUntil(others, /data: (20\S+Z)/)
    assert.equal((await alice.cookies.fetch(`${url}/events`)).status, 401)
    await others.return(undefined)
  })
})

describe('examples/web-socket.ts', () => {
  it('closes the sockets of a session that is signed out in another process', { timeout: 60_000 }, async (t) => {
    const { url } = await run(t, 'web-socket', 2)
    const alice = new Visitor(url)
    await alice.post('/login')
    const cookie = alice.cookies.header(url) ?? ''
    const socket = new WebSocket(`${url}/socket`, { headers: { cookie }, origin: url })
    const closed = new Promise((resolve) => socket.once('close', (code, reason) => resolve(`${code} ${reason}`)))
    const process = /this is process (\d+)/.exec(await message(socket))?.[1] ?? ''
    socket.send('hello')
    assert.equal(await message(socket), 'alice said hello')

    await signOutInAnotherProcess(t, url, alice, process)
    assert.equal(await closed, '4001 you have been signed out')
  })

  it('opens none for a stranger, nor for a page of another site', async (t) => {
    const { url } = await run(t, 'web-socket', 2)
    const alice = new Visitor(url)
    await alice.post('/login')
    const cookie = alice.cookies.header(url) ?? ''
    assert.equal(await refusal(new WebSocket(`${url}/socket`, { origin: url })), 401)
    assert.equal(await refusal(new WebSocket(`${url}/socket`, { origin: url, headers: { cookie: `${cookie}x` } })), 401)
    assert.equal(
      await refusal(new WebSocket(`${url}/socket`, { origin: 'https://evil.example', headers: { cookie } })),
      403,
    )
  })
})

describe('examples/devtools.ts', () => {
  it('shows a browser its own requests and what they stored', async (t) => {
    const { url } = await run(t, 'devtools')
    const [developer, stranger] = [new Visitor(url), new Visitor(url)]
    assert.match(await developer.page('/__coatcheck/wire'), /No request yet/)
    assert.match(await developer.page('/'), /Visit no\. 1\./)
    assert.match(
      await developer.page('/__coatcheck/wire'),
      /Browser to server: .*GET \/<.*Set-Cookie: sid-\d+=[\w-]{4}…/s,
    )
    assert.match(await developer.page('/__coatcheck/store'), /visits:1/)
    assert.match(await stranger.page('/__coatcheck/store'), /No record: nothing is stored for you/)
  })
})

class Visitor {
  readonly cookies: CookieJar = cookieJar()
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  get ticket(): string | undefined {
    return this.cookies.get(`sid-${new URL(this.#url).port}`)
  }

  post(path: string, fields: Record<string, string> = {}): Promise<Response> {
    return this.cookies.fetch(this.#url + path, { method: 'POST', body: new URLSearchParams(fields) })
  }

  signIn(): Promise<Response> {
    return this.post('/login', { name: 'alice', password: 'correct horse' })
  }

  async page(path: string): Promise<string> {
    const response = await this.cookies.fetch(this.#url + path)
    assert.equal(response.status, 200, path)
    return response.text()
  }
}

/** Each new connection goes to the next process; on one that is kept, all requests go to the same. */
async function signOutInAnotherProcess(t: TestContext, url: string, visitor: Visitor, process: string): Promise<void> {
  const cookie = visitor.cookies.header(url) ?? ''
  for (let tries = 0; tries < 20; tries++) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => agent.destroy())
    if ((await processBehind(agent, 'GET', url, cookie)) === process) continue
    assert.notEqual(await processBehind(agent, 'POST', `${url}/logout`, cookie), process)
    return
  }
  throw new Error('all connections went to one process')
}

function processBehind(agent: Agent, method: string, url: string, cookie: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(url, { agent, method, headers: { cookie } }, (response) => {
      response.resume().once('end', () => resolve(String(response.headers['x-process'])))
    })
    asking.once('error', reject).end()
  })
}

async function* events(response: Response): AsyncGenerator<string> {
  assert.equal(response.status, 200)
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) yield decoder.decode(chunk, { stream: true })
}

/** What the pattern's first group is, once it comes. */
async function readUntil(stream: AsyncGenerator<string>, pattern: RegExp): Promise<string> {
  let text = ''
  for (;;) {
    const { value, done } = await stream.next()
    if (done) throw new Error(`the stream has ended after ${JSON.stringify(text)}`)
    text += value
    const match = pattern.exec(text)
    if (match) return match[1] ?? ''
  }
}

function message(socket: WebSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once('message', (data) => resolve(String(data)))
    socket.once('error', reject)
  })
}

/** The status that a handshake is answered with. */
function refusal(socket: WebSocket): Promise<number | undefined> {
  return new Promise((resolve) => {
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode))
    socket.once('open', () => resolve(101))
    socket.on('error', () => {})
  })
}
