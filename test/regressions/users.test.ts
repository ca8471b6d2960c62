import assert from 'node:assert/strict'
import { it } from 'node:test'
import { text } from '../http/application.ts'
import { onEveryServer } from '../http/serving.ts'
import { recordIdOf } from '../http/tickets.ts'
import type { Visitor } from '../http/visitor.ts'
import { told, who } from './answers.ts'

const devices = async (visitor: Visitor): Promise<string[]> => JSON.parse((await visitor.get('/devices')).body)

onEveryServer((serve) => {
  it('CVE-2022-23502 (TYPO3): a password reset ends the sessions that were opened with the old password', async (t) => {
    const server = await serve(t, {
      routes: ({ sessions, gate }) => ({
        'POST /reset-password': async ({ request }) => {
          const session = await sessions.open(request)
          session.signIn(session.userId!)
          await sessions.ofUser('alice').revokeAll({ except: session })
          return text('changed')
        },
        // The old password was right when it was checked.
        'POST /slow-check': async ({ request }) => {
          const session = await sessions.open(request)
          await gate.pass()
          session.signIn('alice')
          return text('in')
        },
      }),
    })
    const [owner, thief, bob] = [await server.signedIn(), await server.signedIn(), await server.signedIn('bob')]
    const before = owner.copy()
    const late = server.visitor()
    const checking = late.post('/slow-check')
    await server.gate.reached()
    server.clock.advance(1_000)
    assert.equal(told(await owner.post('/reset-password')), '200 sets')
    server.gate.open()
    assert.equal(told(await checking), '409 ERR_SESSION_REVOKED')
    assert.deepEqual(await Promise.all([owner, before, thief, late, bob].map(who)), [
      'alice',
      'nobody',
      'nobody',
      'nobody',
      'bob',
    ])
  })

  it('CVE-2022-31050 (TYPO3): whoever is demoted or disabled is signed out at the next request, a slow one included', async (t) => {
    const server = await serve(t)
    const [here, there] = [await server.signedIn('admin'), await server.signedIn('admin')]
    const writing = there.copy().post('/slow-writer')
    await server.gate.reached()
    assert.equal(await server.sessions.ofUser('admin').revokeAll(), 2)
    server.gate.open()
    assert.equal(told(await writing), '409 ERR_SESSION_GONE')
    assert.deepEqual([await who(here), await who(there), await server.records()], ['nobody', 'nobody', []])
  })

  it('better-auth multi-session sign-out: no cookie and no handle of a visitor’s own making ends another user’s session', async (t) => {
    const server = await serve(t)
    const [attacker, victim] = [await server.signedIn('mallory'), await server.signedIn('alice')]
    const [handle = ''] = await devices(victim)
    const id = recordIdOf(server.cookieName, victim.ticket!)
    for (const forged of [handle, id, victim.ticket!, '*', '']) {
      const { body } = await attacker.post(`/devices/revoke?handle=${encodeURIComponent(forged)}`)
      assert.equal(body, 'false', forged)
    }
    const forger = attacker.copy()
    for (const value of [handle, id, id.slice(0, 64).padEnd(64, 'A')]) {
      forger.cookies.set(`${server.cookieName}_multi-${id}`, value).set(server.cookieName, value)
      for (const path of ['/logout', '/destroy', '/login?user=mallory']) await forger.post(path)
    }
    assert.equal((await attacker.post('/devices/revoke-others')).status, 200)
    assert.equal(await who(victim), 'alice')
  })
})
