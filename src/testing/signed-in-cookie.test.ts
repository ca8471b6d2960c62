import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { coatcheck } from '../adapters/node.ts'
import type { Guard } from '../core/guard.ts'
import { Sessions } from '../core/sessions.ts'
import { memoryStore } from '../stores/memory.ts'
import { fakeClock } from './fake-clock.ts'
import { signedInCookie } from './signed-in-cookie.ts'

interface Shop {
  cart: string[]
  visits: number
}

describe('signedInCookie', () => {
  const clock = fakeClock()
  const sessions = new Sessions<Shop>({
    store: memoryStore(),
    initial: () => ({ cart: [], visits: 0 }),
    clock: clock.now,
  })
  const server = createServer(
    coatcheck(sessions, async (request, response) => {
      const { userId, isRemembered, data } = await sessions.open(request, { mode: 'read-only' })
      response.end(JSON.stringify({ userId, isRemembered, data }))
    }),
  )
  let url: string
  before(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => server.close())

  const visit = async (cookie: string): Promise<unknown> => (await fetch(url, { headers: { cookie } })).json()

  it('signs a user in on a real server', async () => {
    const cookie = await signedInCookie(sessions, 'alice', { url })
    assert.deepEqual(await visit(cookie), { userId: 'alice', isRemembered: false, data: { cart: [], visits: 0 } })
  })

  it('stores the data it is given beside the initial data', async () => {
    const cookie = await signedInCookie(sessions, 'alice', { url, data: { cart: ['hat'] } })
    assert.deepEqual(await visit(cookie), { userId: 'alice', isRemembered: false, data: { cart: ['hat'], visits: 0 } })
  })

  it('makes a session of its own each time, which the user finds in the list', async () => {
    const cookies = new Set([
      await signedInCookie(sessions, 'bob', { url }),
      await signedInCookie(sessions, 'bob', { url }),
    ])
    assert.equal(cookies.size, 2)
    assert.equal((await sessions.ofUser('bob').list()).length, 2)
  })

  it('lives by the lifetime it is asked for', async () => {
    const short = await signedInCookie(sessions, 'carol', { url })
    const long = await signedInCookie(sessions, 'carol', { url, remember: true })
    clock.advance('31m')
    assert.deepEqual(await visit(short), { isRemembered: false, data: { cart: [], visits: 0 } })
    assert.deepEqual(await visit(long), { userId: 'carol', isRemembered: true, data: { cart: [], visits: 0 } })
  })

  it('names the cookie as the connection does', async () => {
    assert.match(await signedInCookie(sessions, 'alice'), /^sid-80=[\w-]{64}$/)
    assert.match(await signedInCookie(sessions, 'alice', { url: 'http://localhost:3000' }), /^sid-3000=/)
    assert.match(await signedInCookie(sessions, 'alice', { url: new URL('https://shop.example') }), /^__Host-sid=/)
  })

  it('gives no cookie for a connection that could not keep it safe', async () => {
    await assert.rejects(signedInCookie(sessions, 'alice', { url: 'http://shop.example' }), {
      code: 'ERR_INSECURE_CONNECTION',
    })
  })

  it('comes from the site itself, for guards that look', async () => {
    const seen: (string | undefined)[] = []
    const guard: Guard = {
      name: 'looks',
      beforeOpen: ({ exchange }) => void seen.push(exchange.header('origin'), exchange.header('sec-fetch-site')),
    }
    const guarded = new Sessions({ store: memoryStore(), guards: [guard] })
    await signedInCookie(guarded, 'alice', { url: 'http://localhost:3000/x' })
    assert.deepEqual(seen, ['http://localhost:3000', 'same-origin'])
  })
})
