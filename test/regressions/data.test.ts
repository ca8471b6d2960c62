import assert from 'node:assert/strict'
import { it } from 'node:test'
import { text } from '../http/application.ts'
import { dataOf, told, who } from './answers.ts'
import { onEveryStore } from './servers.ts'

const methods = [
  'signIn',
  'signOut',
  'destroy',
  'regenerateId',
  'update',
  'save',
  'data',
  'userId',
  'id',
  'flash',
  'handle',
  'isStored',
  'ended',
  'constructor',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'toJSON',
  'then',
  'inspect',
]

onEveryStore((serve) => {
  it('express-session 1.8.1: data named like a method of the session takes no method’s place', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions }) => ({
        'POST /shadow': async (visit) => {
          const data = (await sessions.open(visit.request)).data as unknown as { [key: string]: unknown }
          Object.assign(data, JSON.parse(await visit.body()))
          return text('kept')
        },
        'GET /kinds': async ({ request }) => {
          const session = (await sessions.open(request)) as unknown as { [key: string]: unknown }
          return text(JSON.stringify(Object.fromEntries(methods.map((name) => [name, typeof session[name]]))))
        },
      }),
    })
    const visitor = await server.signedIn()
    const kinds = JSON.parse((await visitor.get('/kinds')).body)
    const shadows = Object.fromEntries(methods.map((name) => [name, `a value named ${name}`]))
    assert.equal((await visitor.post('/shadow', { body: JSON.stringify(shadows) })).status, 200)
    assert.deepEqual(JSON.parse((await visitor.get('/kinds')).body), kinds)
    assert.deepEqual(await dataOf(visitor), { n: 0, visits: 0, items: [], ...shadows })

    const old = visitor.copy()
    assert.equal(told(await visitor.post('/regenerate')), '200 sets')
    assert.deepEqual([await who(old), await who(visitor)], ['nobody', 'alice'])
    assert.equal(told(await visitor.post('/logout')), '303 clears')
  })

  it('express-session 1.8.1: a body that is merged into the data pollutes no prototype', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions }) => ({
        'POST /keep': async (visit) => {
          const { data } = await sessions.open(visit.request)
          const body = JSON.parse(await visit.body())
          for (const key of Object.keys(body))
            Object.defineProperty(data, key, { value: body[key], enumerable: true, configurable: true, writable: true })
          return text('kept')
        },
      }),
    })
    const visitor = await server.signedIn()
    const refused = [
      '{"__proto__":{"admin":true}}',
      '{"theme":{"__proto__":{"admin":true}}}',
      '{"items":[{"__proto__":1}]}',
    ]
    for (const body of refused) assert.equal(told(await visitor.post('/keep', { body })), '500 ERR_SESSION_DATA', body)
    const kept = '{"theme":{"constructor":{"prototype":{"admin":true}}},"prototype":{"admin":true}}'
    assert.equal((await visitor.post('/keep', { body: kept })).status, 200)
    assert.deepEqual(await dataOf(visitor), { n: 0, visits: 0, items: [], ...JSON.parse(kept) })
    assert.equal(({} as { admin?: unknown }).admin, undefined)
    assert.equal((Object as unknown as { admin?: unknown }).admin, undefined)
  })
})
