import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, request as httpRequest, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import { Hono } from 'hono'
import { coatcheck as coatcheckExpress } from '../adapters/express.ts'
import { coatcheck as coatcheckHono } from '../adapters/hono.ts'
import { coatcheck as coatcheckNode } from '../adapters/node.ts'
import type { Session } from '../core/session.ts'
import { Sessions } from '../core/sessions.ts'
import { fileStore } from '../stores/file/index.ts'
import { memoryStore } from '../stores/memory.ts'
import { cookieJar } from '../testing/cookie-jar.ts'
import { createDevtools, type Devtools, type DevtoolsOptions } from './devtools.ts'
import type { StoreView } from './record/record-view.ts'
import type { LoggedRequest } from './wire/logged-request.ts'

type Data = Record<string, unknown>
type Opened = { readonly sessions: Sessions<Data>; readonly devtools: Devtools }
type Action = (session: Session<Data>) => unknown

/** What each address of the applications here does. */
const actions: Record<string, Action> = {
  'POST /login': (session) => {
    session.signIn('alice')
    Object.assign(session.data, { colour: 'red', password: 'SENTINEL-data', deep: { apiToken: 'SENTINEL-deep' } })
  },
  'POST /colour': (session) => Object.assign(session.data, { colour: 'green' }),
  'POST /logout': (session) => session.destroy(),
}

/** The same application on each kind of server, with the devtools around it. */
const servers: Record<string, (opened: Opened) => RequestListener> = {
  'node:http': ({ sessions, devtools }) =>
    devtools.node(
      coatcheckNode(sessions, async (request, response) => {
        await actions[`${request.method} ${request.url?.split('?')[0]}`]?.(await sessions.open(request))
        response.writeHead(303, { Location: '/home?token=SENTINEL-location' }).end()
      }),
    ),
  Express: ({ sessions, devtools }) => {
    const app = express().use(coatcheckExpress(sessions))
    app.use(async (request, response) => {
      await actions[`${request.method} ${request.path}`]?.(await sessions.open(request))
      response.redirect(303, '/home?token=SENTINEL-location')
    })
    return devtools.node(app)
  },
  'Hono, by fetch': ({ sessions, devtools }) => {
    const app = new Hono().use(coatcheckHono(sessions))
    app.all('*', async (c) => {
      await actions[`${c.req.method} ${c.req.path}`]?.(await sessions.open(c))
      return c.redirect('/home?token=SENTINEL-location', 303)
    })
    return getRequestListener(devtools.fetch(app.fetch))
  },
}

async function run(t: TestContext, kind: string, options: Partial<DevtoolsOptions> = {}) {
  const store = options.store ?? memoryStore()
  const sessions = new Sessions<Data>({ store })
  const devtools = createDevtools({ sessions, store, ...options })
  const server = createServer(servers[kind]!({ sessions, devtools }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  t.after(async () => {
    devtools.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await store.close?.()
  })
  const url = `http://localhost:${port}`
  return { url, sessions, devtools, browser: () => new Browser(url) }
}

class Browser {
  readonly jar = cookieJar()
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return this.jar.fetch(this.url + path, { redirect: 'manual', ...init })
  }

  async page(page: string): Promise<string> {
    return (await this.fetch(`/__coatcheck/${page}`, { headers: { accept: 'text/html' } })).text()
  }

  async wire(): Promise<LoggedRequest[]> {
    const response = await this.fetch('/__coatcheck/wire', { headers: { accept: 'application/json' } })
    return ((await response.json()) as { requests: LoggedRequest[] }).requests
  }

  async store(): Promise<StoreView> {
    const response = await this.fetch('/__coatcheck/store', { headers: { accept: 'application/json' } })
    return (await response.json()) as StoreView
  }
}

for (const kind of Object.keys(servers)) {
  describe(`the devtools around ${kind}`, () => {
    it('show a browser its requests, its record, what changed it, and its end', async (t) => {
      const { browser } = await run(t, kind)
      const alice = browser()
      await alice.page('wire')
      assert.deepEqual(await alice.wire(), [])
      assert.equal((await alice.store()).record, undefined)

      await alice.fetch('/login', { method: 'POST' })
      await alice.fetch('/colour', { method: 'POST' })
      const [login, colour] = await alice.wire()
      assert.deepEqual([login?.method, login?.path, login?.answer?.status], ['POST', '/login', 303])
      assert.equal(login?.answer?.location, '/home')
      assert.match(login?.answer?.setCookies.join() ?? '', /^sid-\d+=[\w-]{4}…; Path=\/; HttpOnly; SameSite=Lax$/)
      assert.match(colour?.cookies.join('; ') ?? '', /sid-\d+=[\w-]{4}…/)
      assert.deepEqual(
        colour?.steps.map(({ text }) => text.split(' s_')[0]),
        ['Read record', 'Lock and read record', 'Write record'],
      )
      const { record, change } = await alice.store()
      assert.equal(record?.userId, 'alice')
      assert.ok(record.raw.lines.includes('colour:"green"'))
      assert.equal(change?.by, 'POST /colour')
      assert.match(await alice.page('store'), /colour/)

      await alice.fetch('/logout', { method: 'POST' })
      assert.equal((await alice.store()).record, undefined)
      assert.match(await alice.page('store'), /No record: nothing is stored for you/)
      assert.equal((await alice.wire()).length, 3, 'looking is not listed')
    })

    it('show no browser what another one did, nor anything before it first opened them', async (t) => {
      const { browser } = await run(t, kind)
      const [alice, mallory] = [browser(), browser()]
      await alice.fetch('/login', { method: 'POST' })
      await alice.page('wire')
      await mallory.page('wire')
      await alice.fetch('/colour', { method: 'POST' })
      assert.deepEqual(
        (await alice.wire()).map(({ path }) => path),
        ['/colour'],
      )
      assert.deepEqual(await mallory.wire(), [])
      assert.equal((await mallory.store()).record, undefined)
    })

    it('leak none of the secrets that pass by: not to pages, JSON, events or the terminal', async (t) => {
      const said: string[] = []
      for (const stream of [process.stdout, process.stderr]) {
        const { write } = stream
        stream.write = ((...args: Parameters<typeof write>) => {
          said.push(String(args[0]))
          return Reflect.apply(write, stream, args)
        }) as typeof write
        t.after(() => Object.assign(stream, { write }))
      }
      for (const name of ['created', 'rotated', 'ended', 'rejected', 'store', 'turn', 'conflict', 'discarded']) {
        const listen = (event: unknown): void => void said.push(inspect(event, { depth: 9 }))
        subscribe(`coatcheck:${name}`, listen)
        t.after(() => unsubscribe(`coatcheck:${name}`, listen))
      }
      const directory = mkdtempSync(join(tmpdir(), 'coatcheck-devtools-'))
      t.after(() => rmSync(directory, { recursive: true, force: true }))
      const { browser } = await run(t, kind, { store: fileStore(directory) })
      const alice = browser()
      await alice.page('wire')
      await alice.fetch('/login?password=SENTINEL-query', {
        method: 'POST',
        body: new URLSearchParams({ password: 'SENTINEL-body' }),
        headers: { authorization: 'Bearer SENTINEL-header', 'x-api-key': 'SENTINEL-header' },
      })
      const cookie = `${alice.jar.header(alice.url)}; other=SENTINEL-cookie`
      await fetch(`${alice.url}/colour`, { method: 'POST', headers: { cookie }, redirect: 'manual' })
      const pages = [await alice.page('wire'), await alice.page('store')]
      const json = JSON.stringify([await alice.wire(), await alice.store()])
      assert.match(json, /POST.*colour/, 'there is something to look through')
      for (const text of [...pages, json, ...said]) {
        assert.doesNotMatch(text, /SENTINEL/)
        assert.ok(!text.includes(directory), 'an absolute path')
        for (const { value } of alice.jar.list()) assert.ok(!text.includes(value), 'a whole cookie')
      }
    })
  })
}

describe('the devtools', () => {
  const made = (options: Partial<DevtoolsOptions> = {}) => {
    const store = memoryStore()
    const sessions = new Sessions<Data>({ store })
    return createDevtools({ sessions, store, ...options })
  }

  it('refuse to start in production, but for who insists', (t) => {
    const { NODE_ENV } = process.env
    t.after(() => {
      if (NODE_ENV === undefined) delete process.env.NODE_ENV
      else process.env.NODE_ENV = NODE_ENV
    })
    process.env.NODE_ENV = 'production'
    assert.throws(() => made(), /showSessionsEvenInProduction/)
    made({ showSessionsEvenInProduction: true }).close()
  })

  it('answer this machine alone: no other peer, no one behind a proxy, no name that was pointed here', async (t) => {
    const devtools = made({ address: (_request, peer) => peer as string | undefined })
    t.after(() => devtools.close())
    const ask = async (peer: unknown, headers: Record<string, string> = {}, host = 'localhost:3000') => {
      const answer = devtools.fetch((_request: Request, _peer: unknown) => new Response('the application'))
      const responses = []
      for (const page of ['', '/wire', '/store', '/live', '/devtools.css', '/devtools.js']) {
        responses.push(
          await answer(new Request(`http://${host}/__coatcheck${page}`, { headers: { host, ...headers } }), peer),
        )
      }
      assert.equal(await (await answer(new Request(`http://${host}/`), peer)).text(), 'the application')
      return responses.map(({ status }) => status).join(' ')
    }
    const open = '302 200 200 204 200 200'
    const closed = '404 404 404 404 404 404'
    for (const peer of ['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1']) assert.equal(await ask(peer), open, peer)
    for (const peer of ['192.0.2.1', '10.0.0.1', '::ffff:10.0.0.1', '127.0.0.1.evil.example', '', undefined]) {
      assert.equal(await ask(peer), closed, String(peer))
    }
    for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via']) {
      assert.equal(await ask('127.0.0.1', { [header]: '127.0.0.1' }), closed, header)
    }
    assert.equal(await ask('127.0.0.1', {}, 'evil.example:3000'), closed)
  })

  it('know the peer as the socket has it, whatever the request says', async (t) => {
    const { url } = await run(t, 'node:http')
    const { port } = new URL(url)
    const statusFrom = (localAddress: string, headers: Record<string, string> = {}) =>
      new Promise((resolve, reject) => {
        const options = { port, host: '127.0.0.1', localAddress, path: '/__coatcheck/wire', headers }
        httpRequest(options, (response) => resolve(response.resume().statusCode))
          .on('error', reject)
          .end()
      })
    assert.equal(await statusFrom('127.0.0.2', { host: `localhost:${port}` }), 200)
    assert.equal(await statusFrom('127.0.0.1', { host: 'rebound.example' }), 404)
  })

  it('are bounded in streams, tell of news, and end them all when they are closed', async (t) => {
    const { browser, devtools } = await run(t, 'node:http', { live: { perViewer: 2, inAll: 3 } })
    const [alice, bob] = [browser(), browser()]
    assert.equal((await alice.fetch('/__coatcheck/live')).status, 204, 'before it was let in')
    await Promise.all([alice.page('wire'), bob.page('wire')])
    const [one, two] = [await alice.fetch('/__coatcheck/live'), await alice.fetch('/__coatcheck/live')]
    assert.equal(one.headers.get('content-type'), 'text/event-stream')
    assert.equal((await alice.fetch('/__coatcheck/live')).status, 503)
    const three = await bob.fetch('/__coatcheck/live')
    assert.equal((await bob.fetch('/__coatcheck/live')).status, 503)
    await alice.fetch('/login', { method: 'POST' })
    const heard = await one.text()
    assert.match(heard, /data: "POST \/login: 303"\n\n$/, 'and it ends: the session is another one now')
    await two.text()
    const again = await alice.fetch('/__coatcheck/live')
    assert.equal(again.status, 200, 'there is room again')
    devtools.close()
    assert.doesNotMatch((await three.text()) + (await again.text()), /login/)
    assert.equal((await alice.fetch('/__coatcheck/live')).status, 503)
  })

  it('end a stream with its session, and never make anybody wait or the session last longer', async (t) => {
    const { browser, sessions } = await run(t, 'node:http')
    const alice = browser()
    await alice.page('wire')
    await alice.fetch('/login', { method: 'POST' })
    const { record } = await alice.store()
    const live = await alice.fetch('/__coatcheck/live')
    assert.equal((await alice.fetch('/colour', { method: 'POST' })).status, 303)
    const later = (await alice.store()).record
    assert.notEqual(later?.version, record?.version)
    await sessions.ofUser('alice').revokeAll()
    assert.match(await live.text(), /the session has ended/)
  })

  it('forget a stream whose client has gone', async (t) => {
    const { browser } = await run(t, 'Hono, by fetch', { live: { perViewer: 1 } })
    const alice = browser()
    await alice.page('wire')
    const leaving = new AbortController()
    const gone = await alice.fetch('/__coatcheck/live', { signal: leaving.signal })
    assert.equal(gone.status, 200)
    leaving.abort()
    let status: number | undefined
    for (let tries = 0; tries < 100 && status !== 200; tries++) {
      const answer = await alice.fetch('/__coatcheck/live')
      status = answer.status
      await answer.body?.cancel()
      if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.equal(status, 200)
  })

  it('show what every store keeps, by the name that the application gives it', async (t) => {
    const { browser } = await run(t, 'node:http', { nameOf: (id) => `shop:session:${id}` })
    const alice = browser()
    await alice.page('wire')
    await alice.fetch('/login', { method: 'POST' })
    const { record } = await alice.store()
    assert.match(record?.raw.path ?? '', /^shop:session:[0-9a-f]{8}…$/)
    assert.match(record?.raw.lines[0] ?? '', /^\{"id":"[0-9a-f]{8}…","version":/)
  })

  it('show the file store’s own bytes, but for shortened hashes and masks', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'coatcheck-devtools-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const store = fileStore(directory)
    const { browser } = await run(t, 'Express', { store })
    const alice = browser()
    await alice.page('wire')
    await alice.fetch('/login', { method: 'POST' })
    const { raw } = (await alice.store()).record!
    const ids = []
    for await (const { id } of store.list({ now: Date.now(), signal: AbortSignal.timeout(1_000) })) ids.push(id)
    const file = readFileSync(store.pathOf(ids[0]!), 'utf8')
    assert.equal(raw.bytes, Buffer.byteLength(file))
    const expected = file.replaceAll(/"([\w-]{8})[\w-]{8,}"/g, '"$1…"').replace(/^(password|deep):.*$/gm, '$1:••••')
    assert.deepEqual(raw.lines, expected.split('\n'))
  })

  it('say so where the path is no path', () => {
    for (const path of ['', '/', 'devtools', '/a b', '/a/', '/../x?'])
      assert.throws(() => made({ path }), TypeError, path)
  })
})
