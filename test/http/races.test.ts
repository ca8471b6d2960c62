import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import type { Shop } from './application.ts'
import { onEveryServer, onServer, type Serve, type Server, type Setup } from './serving.ts'
import { delayed, jittery, overwriting, withoutTurns } from './stores.ts'
import type { Visitor } from './visitor.ts'

const times = <T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)))

async function dataOf(visitor: Visitor): Promise<Shop> {
  return JSON.parse((await visitor.get('/data')).body)
}

/** 100 requests at once; what the session holds afterwards. */
async function hundred(server: Server, method: string, path: string): Promise<{ statuses: number[]; data: Shop }> {
  const visitor = await server.signedIn()
  const answers = await times(100, () => visitor.ask(method, path))
  return { statuses: [...new Set(answers.map(({ status }) => status))], data: await dataOf(visitor) }
}

/** 20 requests at once, each to another key; the keys afterwards. */
async function twentyKeys(server: Server, method: string): Promise<{ statuses: number[]; kept: string[] }> {
  const visitor = await server.signedIn()
  const answers = await times(20, (index) => visitor.ask(method, `/set?key${index}=${index}`))
  const kept = Object.keys(await dataOf(visitor)).filter((key) => key.startsWith('key'))
  return { statuses: [...new Set(answers.map(({ status }) => status))], kept: kept.sort() }
}

const allTwenty = Array.from({ length: 20 }, (_, index) => `key${index}`).sort()

/** Logouts that come while a slow request is at work; what each of both was told, and who the old cookie is afterwards. */
async function logoutsDuring(server: Server, slowPath: string, count: number): Promise<string[]> {
  const visitors = await times(count, () => server.signedIn())
  const replayed = visitors.map((visitor) => visitor.copy())
  const writers = visitors.map((visitor) => visitor.post(slowPath))
  await server.gate.reached(count)
  const logouts = await Promise.all(visitors.map((visitor) => visitor.post('/logout')))
  server.gate.open()
  const written = await Promise.all(writers)
  return times(count, async (index) => {
    const { status, body, setCookies } = written[index]!
    const who = await replayed[index]!.get('/who')
    const code = /ERR_\w+/.exec(body)?.[0] ?? body
    return `logout ${logouts[index]!.status}, writer ${status} ${code} ${setCookies.length}, replayed ${who.body}`
  })
}

/** 100 POSTs at once, half of them to another `Sessions` on the same store, which shares nothing else with the first. */
async function nOfTwoProcesses(
  serve: Serve,
  t: TestContext,
  between: Setup['between'] = (store) => store,
): Promise<number> {
  const server = await serve(t, {
    between,
    second: {},
    routes: ({ second }) => ({
      'POST /n-elsewhere': async ({ request }) => ({ body: String(++(await second.open(request)).data.n) }),
    }),
  })
  const visitor = await server.signedIn()
  await times(100, (index) => visitor.post(index % 2 ? '/n' : '/n-elsewhere'))
  return (await dataOf(visitor)).n
}

onEveryServer((serve) => {
  for (const [what, between] of Object.entries({ 'at its own pace': undefined, 'with late answers': jittery })) {
    const setup = between ? { between } : {}

    it(`counts 100 parallel POSTs exactly, the store ${what}`, async (t) => {
      const { statuses, data } = await hundred(await serve(t, setup), 'POST', '/n')
      assert.deepEqual({ statuses, n: data.n }, { statuses: [200], n: 100 })
    })

    it(`counts 100 parallel updates exactly, the store ${what}`, async (t) => {
      const { statuses, data } = await hundred(await serve(t, setup), 'GET', '/update')
      assert.deepEqual({ statuses, n: data.n }, { statuses: [200], n: 100 })
    })

    it(`sums 100 parallel changes of a key with a merge rule, the store ${what}`, async (t) => {
      const { statuses, data } = await hundred(await serve(t, setup), 'GET', '/visit')
      assert.deepEqual({ statuses, visits: data.visits }, { statuses: [200], visits: 100 })
    })

    it(`keeps what 100 parallel requests append, the store ${what}`, async (t) => {
      const { statuses, data } = await hundred(await serve(t, setup), 'GET', '/append?item=hat')
      assert.deepEqual({ statuses, items: data.items }, { statuses: [200], items: Array(100).fill('hat') })
    })

    it(`counts 100 parallel POSTs to two processes exactly, the store ${what}`, async (t) => {
      assert.equal(await nOfTwoProcesses(serve, t, between), 100)
    })

    for (const method of ['GET', 'POST']) {
      it(`keeps 20 keys set by 20 parallel ${method}s, the store ${what}`, async (t) => {
        assert.deepEqual(await twentyKeys(await serve(t, setup), method), { statuses: [200], kept: allTwenty })
      })
    }

    for (const path of ['/slow-writer', '/slow-exclusive-writer']) {
      it(`undoes none of 200 logouts that come during a ${path.slice(1)}, the store ${what}`, async (t) => {
        const server = await serve(t, setup)
        const seen = new Set<string>()
        for (let batch = 0; batch < 5; batch++) for (const each of await logoutsDuring(server, path, 40)) seen.add(each)
        assert.deepEqual([...seen], ['logout 303, writer 409 ERR_SESSION_GONE 0, replayed nobody'])
      })
    }
  }

  it('undoes none of 200 logouts that race five writers each', async (t) => {
    const server = await serve(t, { between: jittery })
    const round = async (): Promise<string> => {
      const visitor = await server.signedIn()
      const replayed = visitor.copy()
      const writers = ['/n', '/n', '/set?key1=1'].map((path) => visitor.post(path))
      const readers = ['/visit', '/append?item=hat'].map((path) => visitor.get(path))
      const [logout, ...answers] = await Promise.all([replayed.copy().post('/logout'), ...writers, ...readers])
      // A request that comes after the logout is an anonymous visitor's, and may get a session of its own.
      const untold = answers.filter(({ status, body }) => status !== 200 && !/ERR_SESSION_GONE/.test(body))
      return `logout ${logout?.status}, ${untold.map(({ body }) => body)}replayed ${(await replayed.get('/who')).body}`
    }
    const seen = new Set<string>()
    for (let batch = 0; batch < 5; batch++) for (const each of await times(40, round)) seen.add(each)
    assert.deepEqual([...seen], ['logout 303, replayed nobody'])
  })

  it('lets a slow reader delay nobody and erase nothing', async (t) => {
    const server = await serve(t)
    const visitor = await server.signedIn()
    const slow = visitor.get('/slow-reader')
    await server.gate.reached()
    const answers = [await visitor.post('/n'), await visitor.post('/set?theme=dark'), await visitor.get('/update')]
    server.gate.open()
    assert.deepEqual(
      {
        meanwhile: answers.map(({ body }) => body),
        slow: JSON.parse((await slow).body),
        after: await dataOf(visitor),
      },
      {
        meanwhile: ['1', 'set', '2'],
        slow: { n: 0, visits: 0, items: [] },
        after: { n: 2, visits: 0, items: [], theme: 'dark' },
      },
    )
  })

  it('shows the write to a redirect that is followed at once, with a store that takes 200 ms a call', async (t) => {
    const server = await serve(t, { between: delayed(() => 200) })
    const visitor = server.visitor()
    const { status, headers } = await visitor.post('/set-and-redirect?theme=dark')
    const followed = await visitor.get(headers.location ?? '')
    assert.deepEqual(
      { status, data: JSON.parse(followed.body) },
      { status: 303, data: { n: 0, visits: 0, items: [], theme: 'dark' } },
    )
  })

  it('tells all but one of two parallel POSTs apart that use a one-time token', async (t) => {
    const server = await serve(t, {
      between: jittery,
      routes: ({ sessions }) => ({
        'POST /spend': async ({ request }) => {
          const { data } = await sessions.open(request)
          const isMine = data.theme === 'token'
          delete data.theme
          return { body: isMine ? 'spent' : 'refused' }
        },
      }),
    })
    const visitor = await server.signedIn()
    await visitor.post('/set?theme=token')
    const answers = await times(20, () => visitor.post('/spend'))
    assert.deepEqual(answers.map(({ body }) => body).sort(), [...Array(19).fill('refused'), 'spent'])
  })
})

// What these tests are worth does not depend on the adapter or the store.
onServer('node', 'memoryStore', (serve) => {
  it('would show a store that overwrites', async (t) => {
    const between: typeof jittery = (store) => jittery(overwriting(store))
    const server = await serve(t, { between })
    assert.notEqual((await hundred(server, 'GET', '/update')).data.n, 100)
    assert.notEqual((await hundred(server, 'GET', '/visit')).data.visits, 100)
    assert.notDeepEqual((await twentyKeys(server, 'GET')).kept, allTwenty)
    assert.deepEqual(await logoutsDuring(server, '/slow-writer', 1), [
      'logout 303, writer 200 written 0, replayed alice',
    ])
  })

  it('would show a store that overwrites and gives everyone the lock', async (t) => {
    // Requests of one process queue before they ask for the lock. Two Sessions on one store are two processes.
    const between: typeof jittery = (store) => jittery(withoutTurns(overwriting(store)))
    assert.notEqual(await nOfTwoProcesses(serve, t, between), 100)
  })
})
