import assert from 'node:assert/strict'
import { it } from 'node:test'
import { onEveryServer } from './serving.ts'
import { Counter } from './stores.ts'

onEveryServer((serve) => {
  it('costs an anonymous visitor neither a store call nor a cookie', async (t) => {
    const counter = new Counter()
    const server = await serve(t, { between: counter.counting })
    const visitor = server.visitor()
    const paths = ['GET /untouched', 'GET /who', 'GET /data', 'GET /read-only', 'GET /flash', 'GET /devices']
    const actions = ['POST /logout', 'POST /logout?keep=theme', 'POST /destroy', 'POST /regenerate']
    const cookies = new Set<string>()
    for (let round = 0; round < 100; round++) {
      const answers = await Promise.all(
        [...paths, ...actions].map((line) => visitor.ask(...(line.split(' ') as [string, string]))),
      )
      for (const { setCookies } of answers) for (const line of setCookies) cookies.add(line)
    }
    assert.deepEqual(
      { cookies: [...cookies], calls: counter.take(), records: await server.records() },
      { cookies: [], calls: [], records: [] },
    )
  })

  it('makes as few store calls as promised', async (t) => {
    const counter = new Counter()
    const server = await serve(t, { between: counter.counting })
    const visitor = server.visitor()
    const spent: { [what: string]: string } = {}
    const step = async (what: string, method: string, path: string): Promise<void> => {
      const { status } = await visitor.ask(method, path)
      spent[what] = `${status} ${counter.take().join(' ')}`
    }
    await step('first sign-in', 'POST', '/login')
    await step('untouched, with a cookie', 'GET', '/untouched')
    await step('read', 'GET', '/data')
    await step('read only', 'GET', '/read-only')
    await step('shared modification', 'GET', '/set?key1=1')
    await step('shared modification that changes nothing', 'GET', '/set?key1=1')
    await step('exclusive modification', 'POST', '/n')
    await step('exclusive, nothing changed', 'POST', '/set?key1=1')
    await step('update', 'GET', '/update')
    await step('regenerateId', 'POST', '/regenerate')
    await step('sign-in again', 'POST', '/login')
    server.clock.advance(60_000)
    await step('read with a touch due', 'GET', '/data')
    await step('read after the touch', 'GET', '/data')
    server.clock.advance(15 * 60_000)
    await step('periodic rotation', 'GET', '/data')
    await step('its confirmation', 'GET', '/data')
    await step('after it', 'GET', '/data')
    await step('logout', 'POST', '/logout')
    await step('first write without a cookie', 'POST', '/n')
    await step('destroy', 'POST', '/destroy')
    assert.deepEqual(spent, {
      'first sign-in': '303 write',
      'untouched, with a cookie': '200 ',
      read: '200 read',
      'read only': '200 read',
      'shared modification': '200 read write',
      'shared modification that changes nothing': '200 read',
      'exclusive modification': '200 read lockAndRead write',
      'exclusive, nothing changed': '200 read lockAndRead',
      update: '200 read write',
      regenerateId: '200 read lockAndRead write',
      'sign-in again': '303 read lockAndRead write',
      'read with a touch due': '200 read touch',
      'read after the touch': '200 read',
      'periodic rotation': '200 read write',
      'its confirmation': '200 read write',
      'after it': '200 read',
      logout: '303 read delete',
      'first write without a cookie': '200 write',
      destroy: '303 read delete',
    })
  })

  it('writes a visit down once a minute at most', async (t) => {
    const counter = new Counter()
    const server = await serve(t, { between: counter.counting })
    const visitor = await server.signedIn()
    counter.take()
    for (let second = 0; second < 600; second += 5) {
      server.clock.advance(5_000)
      await visitor.get('/data')
    }
    assert.equal(counter.take().filter((operation) => operation === 'touch').length, 10)
  })

  it('never writes for a read-only page, a due rotation and confirmation included', async (t) => {
    const counter = new Counter()
    const server = await serve(t, { between: counter.counting })
    const visitor = await server.signedIn()
    server.clock.advance(16 * 60_000)
    counter.take()
    const { setCookies } = await visitor.get('/read-only')
    assert.deepEqual({ setCookies, calls: counter.take() }, { setCookies: [], calls: ['read', 'touch'] })
    await visitor.get('/data')
    counter.take()
    await visitor.get('/read-only')
    assert.deepEqual(counter.take(), ['read'])
  })
})
