import assert from 'node:assert/strict'
import { it } from 'node:test'
import { csrf, csrfToken } from 'coatcheck/security/csrf'
import { type Routes, redirect, text } from '../http/application.ts'
import { onEveryServer, type Setup } from '../http/serving.ts'
import type { Visitor } from '../http/visitor.ts'
import { told, who } from './answers.ts'

const routes: NonNullable<Setup['routes']> = ({ sessions }): Routes => ({
  'GET /token': async ({ request }) => text(csrfToken(await sessions.open(request)) ?? 'none'),
  'POST /password': async ({ request }) => {
    const session = await sessions.open(request)
    session.beginSignIn('alice')
    return redirect('/code')
  },
  'POST /code': async ({ request }) => {
    const session = await sessions.open(request)
    session.completeSignIn()
    return redirect('/who')
  },
})

const sameOrigin = { headers: { 'sec-fetch-site': 'same-origin' } }
const tokenOf = async (visitor: Visitor): Promise<string> => (await visitor.get('/token')).body

/** Of a browser that does not say where its requests come from, and of one that does. */
const posts = async (visitor: Visitor, token: string): Promise<string[]> => [
  told(await visitor.post('/n', { headers: { 'x-csrf-token': token } })),
  told(await visitor.post('/n', { headers: { 'x-csrf-token': token, ...sameOrigin.headers } })),
]

const taken = ['200', '200']
const refused = ['403 ERR_CROSS_SITE_REQUEST', '403 ERR_CROSS_SITE_REQUEST']

onEveryServer((serve) => {
  for (const bug of ['CVE-2022-24895 (Symfony)', 'CVE-2023-29020 (@fastify/passport)']) {
    it(`${bug}: a form token of before the sign-in is refused after it`, async (t) => {
      const server = await serve(t, { options: { guards: [csrf()] }, routes })
      const visitor = server.visitor()
      await visitor.post('/n', sameOrigin)
      // Whoever planted the session has read its token.
      const planted = await tokenOf(visitor.copy())
      assert.deepEqual(await posts(visitor, planted), taken)
      for (const path of ['/login', '/regenerate', '/login', '/password', '/code']) {
        const before = await tokenOf(visitor)
        assert.deepEqual(await posts(visitor, before), taken, path)
        await visitor.post(path, sameOrigin)
        for (const old of [planted, before]) assert.deepEqual(await posts(visitor, old), refused, path)
      }
      assert.deepEqual([await posts(visitor, await tokenOf(visitor)), await who(visitor)], [taken, 'alice'])
    })

    it(`${bug}: the form token of another session is refused`, async (t) => {
      const server = await serve(t, { options: { guards: [csrf()] }, routes })
      const [attacker, victim] = [server.visitor(), server.visitor()]
      for (const visitor of [attacker, victim]) await visitor.post('/login', sameOrigin)
      assert.deepEqual(await posts(victim, await tokenOf(attacker)), refused)
      assert.deepEqual(await posts(victim, await tokenOf(victim)), taken)
    })
  }
})
