import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { it } from 'node:test'
import { onEveryServer } from '../http/serving.ts'
import { Breaker } from '../http/stores.ts'
import { told, who } from './answers.ts'
import { onEveryStore } from './servers.ts'

const minute = 60_000

onEveryStore((serve) => {
  it('CVE-2024-35220 (@fastify/session): loading a session again and again does not make it last', async (t) => {
    const server = await serve(t, {
      options: { touchInterval: '29m', rotation: { every: '1d' }, cleanupInterval: false },
    })
    const visitor = await server.signedIn()
    const [before] = await server.records()
    for (let minutes = 5; minutes < 29; minutes += 5) {
      server.clock.advance(5 * minute)
      assert.equal(await who(visitor), 'alice')
      assert.equal((await server.records())[0]?.expiresAt, before?.expiresAt)
    }
    server.clock.advance(before!.expiresAt - server.clock.now)
    assert.deepEqual([await who(visitor), await server.records()], ['nobody', []])
  })

  it('CVE-2024-35220 (@fastify/session): a cookie that is kept longer than it should be, or for ever, outlasts nothing', async (t) => {
    const server = await serve(t, { options: { cleanupInterval: false, remember: { absoluteTimeout: '40d' } } })
    const visitor = server.visitor()
    await visitor.post('/login?remember')
    for (let day = 0; day < 39; day += 3) {
      server.clock.advance(3 * 24 * 60 * minute)
      assert.equal(await who(visitor), 'alice', `day ${day}`)
    }
    server.clock.advance(24 * 60 * minute)
    assert.equal(await who(visitor), 'nobody')
  })
})

onEveryServer((serve) => {
  it('CVE-2021-34428 (Jetty): a listener that throws when a session ends does not keep it alive', async (t) => {
    const server = await serve(t)
    const thrown: unknown[] = []
    const throwing = (): never => {
      throw new Error('a listener failed')
    }
    // What a subscriber throws is an uncaught exception, as Node says.
    process.setUncaughtExceptionCaptureCallback((error) => thrown.push(error))
    subscribe('coatcheck:ended', throwing)
    t.after(() => {
      unsubscribe('coatcheck:ended', throwing)
      process.setUncaughtExceptionCaptureCallback(null)
    })
    for (const path of ['/logout', '/destroy', '/login?user=bob']) {
      const visitor = await server.signedIn()
      const old = visitor.copy()
      assert.equal((await visitor.post(path)).status, 303, path)
      assert.equal(await who(old), 'nobody', path)
    }
    const left = await server.signedIn()
    await server.sessions.ofUser('alice').revokeAll()
    assert.equal(await who(left), 'nobody')
    assert.equal(thrown.length, 4)
  })

  it('CVE-2021-34428 (Jetty): a logout that the store could not do is told as such, and the next one does it', async (t) => {
    const breaker = new Breaker()
    const server = await serve(t, { between: breaker.breaking })
    const visitor = await server.signedIn()
    const thief = visitor.copy()
    breaker.fail({ delete: 'rejects' })
    assert.equal(told(await visitor.post('/logout')), '503 ERR_STORE_UNAVAILABLE')
    breaker.recover()
    assert.equal(told(await visitor.post('/logout')), '303 clears')
    assert.equal(await who(thief), 'nobody')
  })
})
