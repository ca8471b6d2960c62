import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { Sessions } from 'coatcheck'
import { differencesFromPhp, type SaveHandler } from 'coatcheck/php'
import { phpFiles } from 'coatcheck/php/files'
import { php as phpFormat } from 'coatcheck/php/formats'
import { phpRedis } from 'coatcheck/php/redis'
import { memoryStore } from 'coatcheck/stores/memory'
import { type CookieJar, cookieJar } from 'coatcheck/testing'
import { createClient } from 'redis'
import { type Shop, shop } from '../../examples/php-to-typescript/shop.ts'
import { takingOver } from '../../examples/php-to-typescript/take-over.ts'
import { php, redisServer } from '../needs.ts'
import { startRedis } from '../servers/redis.ts'

const { path: phpPath, skip } = php()
const item = (n: number): string => `hat-${n}`

describe('examples/php-to-typescript', { skip, timeout: 120_000 }, () => {
  it('logs nobody out from step 1 to step 4', async (t) => {
    const site = await newSite(t)
    const alice = new Visitor(site.url)
    const stop1 = await site.run('1-share')
    assert.equal((await alice.signIn()).status, 303)
    await alice.post('/cart', { item: 'top hat' })
    assert.equal(await alice.page('/dashboard'), 'Hello, alice: top hat')
    await stop1()

    const stop2 = await site.run('2-move')
    await alice.post('/cart', { item: 'bowler' })
    assert.equal(await alice.page('/dashboard'), 'Hello, alice: top hat, bowler')
    assert.equal(await alice.page('/visits'), 'alice, visit no. 3')
    await stop2()

    const stop3 = await site.run('3-switch')
    assert.equal(await alice.page('/dashboard'), 'Hello, alice: top hat, bowler')
    assert.equal(await alice.page('/visits'), 'alice, visit no. 5')
    assert.deepEqual(alice.cookieNames(), [site.cookieName])
    await stop3()

    rmSync(join(site.folder, 'php-sessions'), { recursive: true })
    const stop4 = await site.run('4-leave')
    await alice.post('/cart', { item: 'beret' })
    assert.equal(await alice.page('/dashboard'), 'Hello, alice: top hat, bowler, beret')
    assert.equal(await alice.page('/visits'), 'alice, visit no. 7')
    await alice.post('/logout')
    assert.equal((await alice.get('/dashboard')).status, 303)
    await stop4()
    assert.equal(existsSync(join(site.folder, 'php-sessions')), false)
  })

  for (const [name, phpPage, nodePage] of [
    ['1-share', '/visits', '/dashboard'],
    ['2-move', '/visits', '/dashboard'],
  ] as const) {
    it(`counts exactly when PHP and Node are asked at once (${name})`, async (t) => {
      const site = await newSite(t)
      await site.run(name)
      const alice = new Visitor(site.url)
      await alice.signIn()
      const pages = Array.from({ length: 40 }, (_, index) => (index % 2 ? phpPage : nodePage))
      await Promise.all(pages.map((path) => alice.page(path)))
      assert.equal(await alice.page(phpPage), 'alice, visit no. 41')
    })

    it(`ends the session on both sides by one logout (${name})`, async (t) => {
      const site = await newSite(t)
      await site.run(name)
      const alice = new Visitor(site.url)
      await alice.signIn()
      assert.match(await alice.page(phpPage), /^alice, visit/)
      assert.match(await alice.page(nodePage), /^Hello, alice/)
      const cookie = alice.cookies.header(site.url) ?? ''
      assert.ok(site.phpFiles().includes(`sess_${alice.cookies.get('PHPSESSID')}`))
      await alice.post('/logout')
      assert.ok(!site.phpFiles().includes(cookie.replace('PHPSESSID=', 'sess_')))
      for (const headers of [{}, { cookie }]) {
        assert.equal((await alice.cookies.fetch(site.url + nodePage, { headers })).status, 303)
        assert.match(await (await alice.cookies.fetch(site.url + phpPage, { headers })).text(), /^somebody, visit/)
      }
    })
  }

  it('gives eight requests at once one session, and loses nothing of what they change (3-switch)', async (t) => {
    const site = await newSite(t)
    const stop = await site.run('1-share')
    const alice = new Visitor(site.url)
    await alice.signIn()
    await alice.post('/cart', { item: 'old hat' })
    await alice.page('/visits')
    await stop()
    await site.run('3-switch')
    const cookie = alice.cookies.header(site.url) ?? ''
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, n) => {
        const form = { method: 'POST', body: new URLSearchParams({ item: item(n) }) }
        const response = await fetch(`${site.url}/${n % 2 ? 'visits' : 'cart'}`, {
          ...(n % 2 ? {} : form),
          headers: { cookie },
        })
        alice.cookies.accept(site.url, response.headers.getSetCookie())
        return { status: response.status, body: await response.text(), tickets: site.ticketsIn(response) }
      }),
    )
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.equal(new Set(answers.flatMap(({ tickets }) => tickets)).size, 1)
    assert.deepEqual(answers.flatMap(({ body }) => /^alice, visit no. (\d+)$/.exec(body)?.[1] ?? []).sort(), [
      '2',
      '3',
      '4',
      '5',
    ])
    assert.deepEqual(alice.cookieNames(), [site.cookieName])
    const cart = (await alice.page('/cart')).replace('In the cart: ', '').split(', ')
    assert.deepEqual(cart.sort(), [0, 2, 4, 6].map(item).concat('old hat'))
    assert.deepEqual(site.records().length, 1)
  })

  it('does not bring back by PHP’s cookie who has signed out since (3-switch)', async (t) => {
    const site = await newSite(t)
    const stop = await site.run('1-share')
    const alice = new Visitor(site.url)
    await alice.signIn()
    const cookie = alice.cookies.header(site.url) ?? ''
    await stop()
    await site.run('3-switch')
    await alice.page('/dashboard')
    await alice.post('/logout')
    const late = await fetch(`${site.url}/dashboard`, { headers: { cookie }, redirect: 'manual' })
    assert.equal(late.status, 303)
    assert.deepEqual(site.records(), [])
  })

  it('signs out by the very request that takes a session over (3-switch)', async (t) => {
    const site = await newSite(t)
    const stop = await site.run('1-share')
    const alice = new Visitor(site.url)
    await alice.signIn()
    await stop()
    await site.run('3-switch')
    await alice.post('/logout')
    assert.deepEqual([alice.cookieNames(), site.records()], [[], []])
  })

  it('takes over the cart of a visitor who has not signed in, and gives nothing to one without (3-switch)', async (t) => {
    const site = await newSite(t)
    const stop = await site.run('1-share')
    const [guest, other] = [new Visitor(site.url), new Visitor(site.url)]
    await guest.post('/cart', { item: 'cap' })
    await other.page('/cart')
    assert.deepEqual([guest.cookieNames(), other.cookieNames()], [['PHPSESSID'], ['PHPSESSID']])
    await stop()
    await site.run('3-switch')
    assert.equal(await guest.page('/cart'), 'In the cart: cap')
    assert.equal(await other.page('/cart'), 'In the cart: ')
    assert.deepEqual([guest.cookieNames(), other.cookieNames()], [[site.cookieName], ['PHPSESSID']])
    await guest.signIn()
    assert.equal(await guest.page('/dashboard'), 'Hello, alice: cap')
  })

  it('goes back to the step before without a logout, as long as nobody is taken over', async (t) => {
    const site = await newSite(t)
    const stop2 = await site.run('2-move')
    const alice = new Visitor(site.url)
    await alice.signIn()
    await alice.post('/cart', { item: 'fez' })
    await stop2()
    await site.run('1-share')
    assert.equal(await alice.page('/dashboard'), 'Hello, alice: fez')
    assert.equal(await alice.page('/cart'), 'In the cart: fez')
  })

  it('leaves no PHP behind when it is killed', {
    skip: !existsSync('/proc/self/cmdline') && 'needs /proc',
  }, async (t) => {
    const site = await newSite(t)
    const stop = await site.run('1-share')
    assert.notDeepEqual(processesOf(site.folder), [])
    await stop('SIGKILL')
    for (let tries = 0; processesOf(site.folder).length > 0; tries++) {
      assert.ok(tries < 200, `still there: ${processesOf(site.folder)}`)
      await wait(25)
    }
  })
})

describe('docs/from-php.md', () => {
  it('shows the examples as they are', () => {
    const folder = 'examples/php-to-typescript'
    const examples = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|ini)$/.test(name))
      .map((name) => readFileSync(join(folder, name), 'utf8'))
    const shown = readFileSync('docs/from-php.md', 'utf8').matchAll(/^```(?:ts|ini)\n(.*?)^```$/gms)
    const parts = [...shown].flatMap(([, text = '']) => text.trim().split(/\n{2,}(?=\S)/))
    assert.ok(parts.length > 10)
    for (const part of parts.filter((text) => !text.startsWith('import '))) {
      assert.ok(
        examples.some((example) => example.includes(part)),
        part,
      )
    }
  })
})

describe('docs/php.md', () => {
  it('tells of each deliberate difference from PHP', () => {
    const page = readFileSync('docs/php.md', 'utf8').replaceAll('\\|', '|')
    const missing = Object.values(differencesFromPhp).filter(
      ({ inPhp, here }) => !page.includes(`| ${inPhp} | ${here} |`),
    )
    assert.deepEqual(missing, [])
  })
})

describe('takingOver of examples/php-to-typescript', () => {
  const signedIn = new Map<string, string | string[]>([
    ['user', 'alice'],
    ['cart', ['cap']],
  ])

  const newRedis = async (t: TestContext) => {
    const redis = await startRedis()
    const client = createClient({ url: redis.url })
    await client.connect()
    t.after(async () => {
      await client.close()
      await redis.stop()
    })
    return { newSaveHandler: () => phpRedis(client) }
  }

  for (const [name, needs, options] of [
    ['files', undefined, async () => ({})],
    ['Redis', redisServer().skip, newRedis],
  ] as const) {
    it(`makes one session of eight requests at once, on two servers (${name})`, { skip: needs ?? false }, async (t) => {
      const { ask, keep } = await newSwitch(t, await options(t))
      for (let round = 1; round <= 10; round++) {
        await keep(`abc${round}`, phpFormat.encode(signedIn))
        const answers = await Promise.all(
          Array.from({ length: 8 }, (_, n) =>
            n % 2 ? ask('/visits', `PHPSESSID=abc${round}`) : ask('/cart', `PHPSESSID=abc${round}`, { item: item(n) }),
          ),
        )
        assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
        const [ticket = '', ...others] = new Set(answers.map(({ setCookies }) => setCookies[0]?.split(';')[0] ?? ''))
        assert.deepEqual(others, [])
        const cart = (await ask('/cart', ticket)).body.replace('In the cart: ', '').split(', ')
        assert.deepEqual(cart.sort(), ['cap', ...[0, 2, 4, 6].map(item)])
        assert.equal((await ask('/visits', ticket)).body, 'alice, visit no. 5')
      }
    })
  }

  it('ends PHP’s session a little later; until then who is late is given the same cookie', async (t) => {
    const { ask, phpSessions, keep } = await newSwitch(t, { graceMs: 300 })
    await keep('abc,-1', phpFormat.encode(signedIn))
    const [first, late] = [await ask('/cart', 'PHPSESSID=abc%2C-1'), await ask('/visits', 'PHPSESSID=abc%2C-1')]
    assert.deepEqual([first.body, late.body], ['In the cart: cap', 'alice, visit no. 1'])
    assert.deepEqual(first.setCookies, late.setCookies)
    assert.match(first.setCookies[1] ?? '', /^PHPSESSID=; Path=\/; Max-Age=0$/)
    for (let tries = 0; await phpSessions.exists('abc,-1'); tries++) {
      assert.ok(tries < 200, 'it is still there')
      await wait(25)
    }
    const tooLate = await ask('/cart', 'PHPSESSID=abc%2C-1')
    assert.deepEqual([tooLate.body, tooLate.setCookies], ['In the cart: ', []])
  })

  it('lets a visitor keep both carts who comes with both cookies, and lets a sign-in here count', async (t) => {
    const { ask, keep } = await newSwitch(t)
    const guest = (await ask('/cart', '', { item: 'fez' })).setCookies[0]?.split(';')[0] ?? ''
    await keep('abc', phpFormat.encode(signedIn))
    const both = await ask('/dashboard', `PHPSESSID=abc; ${guest}`)
    assert.deepEqual([both.body, both.status], ['Hello, alice: fez, cap', 200])
    const ticket = both.setCookies[0]?.split(';')[0] ?? ''
    await keep('planted', phpFormat.encode(new Map([['user', 'mallory']])))
    for (const visitor of [ticket, '', ticket]) {
      const { body, setCookies } = await ask('/dashboard', `PHPSESSID=planted; ${visitor}`)
      assert.equal(body, visitor ? 'Hello, alice: fez, cap' : 'Hello, mallory: ')
      assert.equal(setCookies.length, visitor ? 0 : 2)
    }
  })

  it('leaves PHP’s session as it is when ours can’t be stored', async (t) => {
    const { ask, phpSessions, keep, breakStore } = await newSwitch(t)
    await keep('abc', phpFormat.encode(signedIn))
    breakStore(true)
    const failed = await ask('/dashboard', 'PHPSESSID=abc')
    assert.deepEqual([failed.status, failed.setCookies], [503, []])
    const session = await phpSessions.open('abc')
    assert.deepEqual(phpFormat.decode(session.bytes), signedIn)
    await session.close()
    breakStore(false)
    assert.equal((await ask('/dashboard', 'PHPSESSID=abc')).body, 'Hello, alice: cap')
  })

  it('takes nobody over by what is no session', async (t) => {
    const { ask, keep } = await newSwitch(t)
    await keep('broken', Buffer.from('user|s:5:"al'))
    for (const id of ['broken', 'unknown', '../abc', '']) {
      const { status, setCookies } = await ask('/dashboard', `PHPSESSID=${id}`)
      assert.deepEqual([status, setCookies], [303, []], id)
    }
  })
})

interface Switch {
  readonly phpSessions: SaveHandler
  keep(id: string, bytes: Uint8Array): Promise<void>
  breakStore(isBroken: boolean): void
  ask(
    path: string,
    cookie: string,
    form?: Record<string, string>,
  ): Promise<{ readonly status: number; readonly body: string; readonly setCookies: string[] }>
}

/** Step 3 in this process: two servers behind one address, that know nothing of each other, take turns. */
async function newSwitch(
  t: TestContext,
  { graceMs = 60_000, newSaveHandler }: { graceMs?: number; newSaveHandler?: () => SaveHandler } = {},
): Promise<Switch> {
  const folder = mkdtempSync(join(tmpdir(), 'migration-'))
  let isBroken = false
  const store = memoryStore()
  const { write } = store
  store.write = (...given) => (isBroken ? Promise.reject(new Error('broken')) : write(...given))
  const handlers: RequestListener[] = []
  let requests = 0
  const server = createHttpServer((request, response) => handlers[requests++ % 2]?.(request, response))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const newPhpSessions = newSaveHandler ?? (() => phpFiles({ savePath: folder }))
  for (const _ of [1, 2]) {
    const merge = { cart: 'append', visits: 'sum' } as const
    const sessions = new Sessions<Shop>({ store, initial: () => ({ cart: [], visits: 0 }), merge })
    const pages = shop(sessions)
    const takeOver = takingOver(newPhpSessions(), sessions, url, graceMs)
    handlers.push((request, response) => {
      takeOver(request, response).then(
        () => pages(request, response),
        () => response.writeHead(503).end(),
      )
    })
  }
  const phpSessions = newPhpSessions()
  return {
    phpSessions,
    async keep(id, bytes) {
      const session = await phpSessions.open(id)
      await session.write(bytes)
      await session.close()
    },
    breakStore(whether) {
      isBroken = whether
    },
    async ask(path, cookie, form) {
      const body = form && { method: 'POST', body: new URLSearchParams(form) }
      const response = await fetch(url + path, { ...body, headers: { cookie }, redirect: 'manual' })
      return { status: response.status, body: await response.text(), setCookies: response.headers.getSetCookie() }
    },
  }
}

interface Site {
  readonly folder: string
  readonly url: string
  readonly cookieName: string
  /** Starts a step, in the same folder and on the same port as the one before. Returns what stops it. */
  run(step: string): Promise<(signal?: NodeJS.Signals) => Promise<void>>
  ticketsIn(response: Response): string[]
  /** What our own store holds. */
  records(): string[]
  phpFiles(): string[]
}

async function newSite(t: TestContext): Promise<Site> {
  const folder = mkdtempSync(join(tmpdir(), 'migration-'))
  const port = await freePort()
  const url = `http://localhost:${port}`
  const cookieName = `sid-${port}`
  const running: ((signal?: NodeJS.Signals) => Promise<void>)[] = []
  t.after(async () => {
    for (const stop of running) await stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const read = (path: string): string[] =>
    (readdirSync(join(folder, path), { recursive: true, withFileTypes: true }) ?? [])
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  return {
    folder,
    url,
    cookieName,
    async run(step) {
      const stop = await start(step, folder, port, url)
      running.push(stop)
      return stop
    },
    ticketsIn: ({ headers }) =>
      headers.getSetCookie().flatMap((line) => (line.startsWith(`${cookieName}=`) ? (line.split(';')[0] ?? []) : [])),
    records: () => read('sessions').filter((text) => text.includes('cart')),
    phpFiles: () => readdirSync(join(folder, 'php-sessions')),
  }
}

/** As the example's head says; it must end as Ctrl+C ends it, and have nothing to complain of. */
async function start(
  step: string,
  folder: string,
  port: number,
  url: string,
): Promise<(signal?: NodeJS.Signals) => Promise<void>> {
  const file = resolve('examples/php-to-typescript', `${step}.ts`)
  const program = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), file], {
    cwd: folder,
    env: { ...process.env, PORT: String(port), PHP_PATH: phpPath, TSX_TSCONFIG_PATH: resolve('tsconfig.json') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(program, 'close')
  let errors = ''
  program.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  await new Promise<void>((ready, fail) => {
    program.stdout.setEncoding('utf8').on('data', (text: string) => text.includes(url) && ready())
    program.once('exit', (code) => fail(new Error(`${step} exits with ${code}: ${errors}`)))
  })
  let wanted: NodeJS.Signals | undefined
  return async (signal = 'SIGINT') => {
    wanted ??= signal
    program.kill(wanted)
    const timer = setTimeout(() => program.kill('SIGKILL'), 5_000)
    await closed
    clearTimeout(timer)
    assert.deepEqual([errors, program.signalCode], ['', wanted], step)
  }
}

/** Those that were told of this folder. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => {
      try {
        return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(folder)
      } catch {
        return false // it has ended
      }
    })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

class Visitor {
  readonly cookies: CookieJar = cookieJar()
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  get(path: string): Promise<Response> {
    return this.cookies.fetch(this.#url + path)
  }

  post(path: string, fields: Record<string, string> = {}): Promise<Response> {
    return this.cookies.fetch(this.#url + path, { method: 'POST', body: new URLSearchParams(fields) })
  }

  signIn(): Promise<Response> {
    return this.post('/login', { name: 'alice', password: 'correct horse' })
  }

  async page(path: string): Promise<string> {
    const response = await this.get(path)
    assert.equal(response.status, 200, path)
    return response.text()
  }

  cookieNames(): string[] {
    return this.cookies.list().map(({ name }) => name)
  }
}
