import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { SessionError } from '../core/errors.ts'
import { Sessions } from '../core/sessions.ts'
import type { Store } from '../core/store.ts'
import { memoryStore } from '../stores/memory.ts'
import { type CoatcheckOptions, coatcheck } from './fetch.ts'

interface Data {
  n: number
}

const url = 'https://shop.example/'

function sessionsOn(store: Store = memoryStore(), name = 'sid') {
  return new Sessions<Data>({ store, initial: () => ({ n: 0 }), cookie: { name } })
}

/** A handler that has changed the session, so that each answer must carry a cookie. */
function counting(
  answer: (request: Request) => Response | Promise<Response>,
  options?: CoatcheckOptions,
  store?: Store,
) {
  const sessions = sessionsOn(store)
  return coatcheck(
    sessions,
    async (request) => {
      ;(await sessions.open(request)).data.n++
      return answer(request)
    },
    options,
  )
}

/** A store that fails every write. */
function failing(): Store {
  return { ...memoryStore(), write: () => Promise.reject(new Error('connection reset')) }
}

function cookieNames({ headers }: Response): string[] {
  return headers.getSetCookie().map((line) => line.slice(0, line.indexOf('=')))
}

function cookieOf({ headers }: Response): string {
  return headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

describe('the fetch adapter', () => {
  for (const [what, answer, status, body] of [
    ['a text', () => new Response('text'), 200, 'text'],
    ['a redirect, which is immutable', () => Response.redirect('https://shop.example/next', 303), 303, ''],
    ['a response without a body', () => new Response(null, { status: 204 }), 204, ''],
    ['304', () => new Response(null, { status: 304, headers: { etag: '"1"' } }), 304, ''],
    ['a fetched response, which is immutable', () => fetch('data:text/plain,fetched'), 200, 'fetched'],
    ['a stream', () => new Response(ReadableStream.from([Buffer.from('str'), Buffer.from('eam')])), 200, 'stream'],
  ] satisfies [string, () => Response | Promise<Response>, number, string][]) {
    it(`adds its headers to ${what}`, async () => {
      const response = await counting(answer)(new Request(url))
      assert.deepEqual(
        [response.status, cookieNames(response), response.headers.get('cache-control'), response.headers.get('vary')],
        [status, ['__Host-sid'], 'no-store', 'Cookie'],
      )
      assert.equal(await response.text(), body)
    })
  }

  it('keeps the headers, cookies and status text of the handler', async () => {
    const headers = [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-own', '1'],
    ] as [string, string][]
    const response = await counting(() => new Response('whole', { status: 201, statusText: 'Made', headers }))(
      new Request(url),
    )
    assert.deepEqual(
      [response.status, response.statusText, response.headers.get('x-own'), cookieNames(response)],
      [201, 'Made', '1', ['a', 'b', '__Host-sid']],
    )
  })

  it('gives nobody the cookie of someone else, where a handler returns one response to everyone', async () => {
    const shared = new Response(null, { status: 304 })
    const handle = counting(() => shared)
    const answers = [await handle(new Request(url)), await handle(new Request(url))]
    assert.deepEqual(answers.map(cookieNames), [['__Host-sid'], ['__Host-sid']])
    assert.notEqual(cookieOf(answers[0]!), cookieOf(answers[1]!))
    assert.deepEqual([...shared.headers], [])
  })

  it('returns the very response of a handler that opened no session', async () => {
    const own = new Response('own')
    assert.equal(await coatcheck(sessionsOn(), () => own)(new Request(url)), own)
  })

  it('returns Response.error() as it is', async () => {
    assert.equal((await counting(() => Response.error())(new Request(url))).type, 'error')
  })

  it('reads no part of a stream ahead, and cancels it when the client cancels', async () => {
    const pulled: string[] = []
    const body = () =>
      new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            pulled.push('part')
            controller.enqueue(Buffer.from('part'))
          },
          cancel: (reason) => void pulled.push(reason),
        },
        { highWaterMark: 0 },
      )
    const { body: passed } = await counting(() => new Response(body()))(new Request(url))
    assert.deepEqual(pulled, [])
    const reader = passed!.getReader()
    await reader.read()
    await reader.cancel('enough')
    assert.deepEqual(pulled, ['part', 'enough'])
  })

  it('passes on what the server passes beside the request', async () => {
    const sessions = sessionsOn()
    const handle = coatcheck(
      sessions,
      async (request, { country }: { country: string }, more: number) => {
        await sessions.open(request)
        return new Response(`${country} ${more}`)
      },
      { isSecure: (_request, { country }, more) => country === 'CH' && more === 1 },
    )
    const response = await handle(new Request('http://shop.example/'), { country: 'CH' }, 1)
    assert.equal(await response.text(), 'CH 1')
  })

  it('goes by the URL, or by isSecure, and by the Host header before the URL', async () => {
    const behindProxy: CoatcheckOptions = {
      isSecure: ({ headers }) => headers.get('x-forwarded-proto') === 'https',
    }
    const names = async (address: string, headers: Record<string, string>, options?: CoatcheckOptions) => {
      const response = await counting(() => new Response('in'), options)(new Request(address, { headers }))
      return response.ok ? cookieNames(response).join() : /ERR_\w+/.exec(await response.text())?.[0]
    }
    const https = { 'x-forwarded-proto': 'https' }
    assert.deepEqual(
      [
        await names('https://shop.example/', {}),
        await names('http://localhost:3000/', {}),
        await names('http://localhost:3000/', { host: 'localhost:8080' }),
        await names('http://shop.example/', https),
        await names('http://localhost/', { host: 'shop.example' }),
        await names('http://shop.example/', https, behindProxy),
        await names('https://shop.example/', {}, behindProxy),
      ],
      [
        '__Host-sid',
        'sid-3000',
        'sid-8080',
        'ERR_INSECURE_CONNECTION',
        'ERR_INSECURE_CONNECTION',
        '__Host-sid',
        'ERR_INSECURE_CONNECTION',
      ],
    )
  })

  it('answers a commit that failed with its status, and cancels the response that is not sent', async () => {
    const cancel = mock.fn()
    const answer = () =>
      new Response(new ReadableStream({ cancel }), { headers: { location: '/', 'set-cookie': 'own=1' } })
    const response = await counting(answer, {}, failing())(new Request(url))
    assert.deepEqual(
      [response.status, Object.fromEntries(response.headers)],
      [503, { 'cache-control': 'no-store', 'content-type': 'text/plain; charset=utf-8', 'retry-after': '1' }],
    )
    assert.equal(cancel.mock.callCount(), 1)
  })

  it('throws on what a handler throws, and keeps none of what it had changed', async () => {
    const sessions = sessionsOn()
    const handle = coatcheck(sessions, async (request) => {
      const session = await sessions.open(request)
      session.data.n++
      if (request.method === 'POST') throw new Error('a handler failed')
      return new Response(String(session.data.n))
    })
    const cookie = cookieOf(await handle(new Request(url)))
    await assert.rejects(handle(new Request(url, { method: 'POST', headers: { cookie } })), /a handler failed/)
    assert.equal(await (await handle(new Request(url, { headers: { cookie } }))).text(), '2')
  })

  for (const [what, thrown, options, status] of [
    ['a SessionError', new SessionError('ERR_SESSION_CONFLICT', 'as told'), {}, 409],
    ['an error that onError answers', new Error('x'), { onError: () => new Response('sorry', { status: 418 }) }, 418],
  ] as const) {
    it(`clears the cookie after a sign-out and ${what}`, async () => {
      const sessions = sessionsOn()
      const handle = coatcheck(
        sessions,
        async (request) => {
          const session = await sessions.open(request)
          if (request.method === 'GET') session.signIn('alice')
          else session.signOut()
          if (request.method === 'POST') throw thrown
          return new Response('in')
        },
        options,
      )
      const cookie = cookieOf(await handle(new Request(url)))
      const response = await handle(new Request(url, { method: 'POST', headers: { cookie } }))
      assert.equal(response.status, status)
      assert.match(response.headers.getSetCookie().join(), /^__Host-sid=; .*Expires=Thu, 01 Jan 1970/)
    })
  }

  it('signs nobody in by any Sessions of the application, where an inner one answered the error', async () => {
    const store = memoryStore()
    const [staff, shop] = [sessionsOn(store, 'staff'), sessionsOn(store, 'shop')]
    const inner = coatcheck(
      shop,
      async (request) => {
        ;(await staff.open(request)).signIn('alice')
        ;(await shop.open(request)).data.n++
        throw new Error('the second factor was wrong')
      },
      { onError: () => new Response('sorry', { status: 403 }) },
    )
    const response = await coatcheck(staff, inner)(new Request(url))
    assert.deepEqual([response.status, cookieNames(response)], [403, []])
  })

  it('shows several Sessions to the same handler, and commits one that is mounted twice once', async () => {
    const store = memoryStore()
    const [staff, shop] = [sessionsOn(store, 'staff'), sessionsOn(store, 'shop')]
    const handler = async (request: Request) => {
      ;(await staff.open(request)).data.n++
      ;(await shop.open(request)).data.n++
      return new Response('both')
    }
    const response = await coatcheck(staff, coatcheck(shop, coatcheck(staff, handler)))(new Request(url))
    assert.deepEqual(cookieNames(response).sort(), ['__Host-shop', '__Host-staff'])
  })

  it('watches a session until its response has ended, been cancelled, or its client gone', async (t) => {
    const store = memoryStore()
    let reads = 0
    const counted: Store = {
      ...store,
      read(...args) {
        reads++
        return store.read(...args)
      },
    }
    const sessions = sessionsOn(counted)
    t.after(() => sessions.close())
    let answer = (): Response => new Response('in')
    const handle = coatcheck(sessions, async (request) => {
      const session = await sessions.open(request)
      if (!session.userId) session.signIn('alice')
      else assert.equal(session.ended.aborted, false)
      return answer()
    })
    const cookie = cookieOf(await handle(new Request(url)))
    const gone = new AbortController()
    t.mock.timers.enable({ apis: ['setTimeout'] })
    /** How often the store was asked a second later, by a response that is open and after it was closed. */
    const asked = async (end: (response: Response) => unknown): Promise<number[]> => {
      const counts = []
      const response = await handle(new Request(url, { headers: { cookie }, signal: gone.signal }))
      for (const step of [() => {}, end]) {
        await step(response)
        reads = 0
        t.mock.timers.tick(1_000)
        await new Promise((resolve) => setImmediate(resolve))
        counts.push(reads)
      }
      return counts
    }
    assert.deepEqual(await asked((response) => response.text()), [1, 0])
    assert.deepEqual(await asked((response) => response.body?.cancel()), [1, 0])
    answer = () => new Response(null, { status: 204 })
    assert.deepEqual(await asked(() => {}), [0, 0])
    answer = () => new Response(new ReadableStream())
    assert.deepEqual(await asked(() => gone.abort()), [1, 0])
  })
})
