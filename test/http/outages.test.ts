import assert from 'node:assert/strict'
import { it } from 'node:test'
import { onEveryServer } from './serving.ts'
import { Breaker, type Failure, type Operation } from './stores.ts'

const failures: readonly Failure[] = ['rejects', 'throws', 'never answers', 'answers wrongly that it failed']

/** What a signed-in visitor asks for, and which call of the store it rests on. */
const requests: readonly (readonly [Operation, string, string])[] = [
  ['read', 'GET', '/who'],
  ['read', 'GET', '/read-only'],
  ['read', 'POST', '/n'],
  ['read', 'POST', '/login'],
  ['read', 'POST', '/logout'],
  ['lockAndRead', 'POST', '/n'],
  ['write', 'GET', '/set?key1=1'],
  ['write', 'GET', '/update'],
  ['write', 'POST', '/n'],
  ['write', 'POST', '/login'],
  ['write', 'POST', '/regenerate'],
  ['delete', 'POST', '/logout'],
  ['delete', 'POST', '/logout?keep=theme'],
  ['delete', 'POST', '/login?user=bob'],
]

/** These rest on the store's index of users. */
const requestsOfUsers: readonly (readonly [Operation, string, string])[] = [
  ['list', 'GET', '/devices'],
  ['list', 'POST', '/devices/revoke?handle=s_0'],
  ['deleteByUser', 'POST', '/devices/revoke-others'],
]

onEveryServer((serve) => {
  for (const [failure, asked, what] of [
    ...failures.map((failure) => [failure, requests, 'store'] as const),
    ...failures.map((failure) => [failure, requestsOfUsers, 'index of users'] as const),
  ]) {
    it(`answers 503 and leaves the cookie alone while the ${what} ${failure}, and goes on afterwards`, async (t) => {
      const breaker = new Breaker()
      const options = { storeTimeout: 30, lock: { wait: 60 } } as const
      const server = await serve(t, { between: breaker.breaking, options })
      for (const [operation, method, path] of asked) {
        const visitor = await server.signedIn()
        breaker.fail({ [operation]: failure })
        const { status, headers, body } = await visitor.ask(method, path)
        const code = /ERR_\w+/.exec(body)?.[0]
        const { 'set-cookie': setCookie, 'retry-after': retryAfter, location } = headers
        breaker.recover()
        assert.deepEqual(
          { operation, path, status, setCookie, retryAfter, location, isDeclared: code !== undefined },
          {
            operation,
            path,
            status: 503,
            setCookie: undefined,
            retryAfter: '1',
            location: undefined,
            isDeclared: true,
          },
        )
        // Its answer was lost: it may have happened.
        if (failure === 'answers wrongly that it failed') continue
        assert.equal((await visitor.get('/who')).body, 'alice', `${operation} ${path}`)
        assert.equal((await visitor.post('/n')).status, 200)
      }
    })
  }

  it('signs nobody in while the store fails', async (t) => {
    for (const failure of failures) {
      const breaker = new Breaker()
      const server = await serve(t, { between: breaker.breaking, options: { storeTimeout: 30 } })
      const visitor = server.visitor()
      breaker.fail({ write: failure })
      const { status, setCookies } = await visitor.post('/login')
      breaker.recover()
      const who = await visitor.get('/who')
      assert.deepEqual({ status, setCookies, who: who.body }, { status: 503, setCookies: [], who: 'nobody' })
      assert.equal((await visitor.post('/login')).status, 303)
      assert.equal((await visitor.get('/who')).body, 'alice')
    }
  })

  it('answers pages that need no session while the store fails', async (t) => {
    const breaker = new Breaker()
    const server = await serve(t, { between: breaker.breaking, options: { storeTimeout: 30 } })
    const visitor = await server.signedIn()
    breaker.fail({ read: 'never answers', write: 'rejects' })
    assert.equal((await visitor.get('/untouched')).status, 200)
    assert.equal((await server.visitor().get('/data')).status, 200)
  })

  it('lets the page stand when only the sign of life could not be stored', async (t) => {
    for (const failure of failures) {
      const breaker = new Breaker()
      const server = await serve(t, { between: breaker.breaking, options: { storeTimeout: 30 } })
      const visitor = await server.signedIn()
      server.clock.advance(61_000)
      breaker.fail({ touch: failure })
      const { status, body } = await visitor.get('/who')
      assert.deepEqual({ status, body }, { status: 200, body: 'alice' })
    }
  })

  it('counts once when the answer to a write was lost once', async (t) => {
    const breaker = new Breaker()
    const server = await serve(t, { between: breaker.breaking })
    const visitor = await server.signedIn()
    const answers: string[] = []
    for (const [method, path] of [
      ['POST', '/n'],
      ['GET', '/update'],
      ['POST', '/n'],
    ] as const) {
      breaker.fail({ write: 'answers wrongly that it failed' }, 1)
      answers.push((await visitor.ask(method, path)).body)
      breaker.recover()
    }
    assert.deepEqual(answers, ['1', '2', '3'])
    assert.equal(JSON.parse((await visitor.get('/data')).body).n, 3)
  })

  it('signs in once, under a new ticket, when the answer to the creation was lost', async (t) => {
    const breaker = new Breaker()
    const server = await serve(t, { between: breaker.breaking })
    const visitor = server.visitor()
    breaker.fail({ write: 'answers wrongly that it failed' }, 1)
    assert.equal((await visitor.post('/login')).status, 303)
    assert.equal((await visitor.get('/who')).body, 'alice')
  })

  it('logs 20 visitors out, or in, exactly as told by each answer while the store fails now and then', async (t) => {
    const breaker = new Breaker()
    const server = await serve(t, { between: breaker.breaking, options: { storeTimeout: 30 } })
    for (let round = 0; round < 20; round++) {
      const visitor = await server.signedIn()
      const replayed = visitor.copy()
      breaker.fail({ delete: failures[round % 3]! }, round % 2)
      const { status } = await visitor.post('/logout')
      breaker.recover()
      assert.equal((await replayed.get('/who')).body, status === 303 ? 'nobody' : 'alice')
    }
  })
})
