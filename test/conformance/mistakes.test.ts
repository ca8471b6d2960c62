import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runConformance } from 'coatcheck/conformance'
import { csrfToken } from 'coatcheck/security/csrf'
import { memoryStore } from 'coatcheck/stores/memory'
import { overwriting } from '../http/stores.ts'
import { describeProbe } from './describe-probe.ts'
import { type Mistake, startProbe } from './probe/probe.ts'
import { seeOther, text } from './probe/replies.ts'

/** What its authors have got wrong, and what that makes fail: no more, no less. */
const mistakes: { readonly [what: string]: readonly [mistake: Mistake, fails: readonly string[]] } = {
  'no guards': [
    { options: (options) => ({ ...options, guards: [] }) },
    ['life.regen-keeps-data', 'csrf.token', 'csrf.fetch-metadata', 'csrf.login', 'mon.binding'],
  ],
  'a store that brings back what was deleted': [{ store: overwriting }, ['life.no-resurrection']],
  'settings that are not the documented ones': [
    {
      options: ({ encryption: _, ...options }) => ({
        ...options,
        cookie: { name: 'PHPSESSID' },
        idleTimeout: '3h',
        absoluteTimeout: '30d',
        rotation: { every: '6h' },
        sessionsPerUser: { max: 20 },
      }),
    },
    [
      'id.generic-name',
      'life.old-id-window',
      'life.idle',
      'life.absolute',
      'life.server-clock',
      'net.no-store-vary',
      'user.concurrency',
      'key.rotation',
      'log.lifecycle',
      'docs.timeouts',
    ],
  ],
  'a logout that forgets the user and keeps the session': [
    {
      routes: ({ sessions }) => ({
        'POST /logout': async (request) => {
          ;(await sessions.open(request)).data.isSignedOut = true
          return seeOther('/', { 'clear-site-data': '"storage"' })
        },
      }),
    },
    [
      'cookie.delete-matches',
      'cookie.lazy',
      'life.logout-kills',
      'life.no-resurrection',
      'life.logout-clears-client',
      'life.destroy-fail-closed',
      'net.websocket',
      'store.proto',
      'log.lifecycle',
    ],
  ],
  'pages that ask too little, and a log that tells too much': [
    {
      routes: ({ sessions, log }) => ({
        'POST /email': async (request) => {
          ;(await sessions.open(request)).data.email = 'changed'
          return text('changed')
        },
        'POST /password': async (request) => {
          const session = await sessions.open(request)
          session.signIn(session.requireRecent('10m'))
          return text('changed')
        },
        'POST /admin/revoke': async (_request, form) => {
          await sessions.ofUser(form.get('user') ?? '').revokeAll()
          return text('ended')
        },
        'GET /csrf': async (request) => {
          const token = csrfToken(await sessions.open(request, { mode: 'read-only' })) ?? ''
          log.write('answered', { token })
          return text(token)
        },
      }),
    },
    ['life.mfa-pending', 'user.revoke-others', 'admin.revoke', 'auth.stepup', 'log.redacted'],
  ],
}

const scale = { ids: 60, races: 32, visitors: 2, anonymousRequests: 20, visits: 60 }

describe('an application that has got one thing wrong', () => {
  for (const [what, [mistake, fails]] of Object.entries(mistakes)) {
    it(`fails by ${what}: what that breaks, and nothing else`, async () => {
      const probe = await startProbe({ store: memoryStore(), remove() {} }, mistake)
      try {
        const { results } = await runConformance(describeProbe(probe, { name: what }), { scale })
        const failed = results.filter(({ verdict }) => verdict === 'fail')
        const seen = failed.map((result) => `${result.id}: ${result.seen}`).join('\n')
        assert.deepEqual(failed.map(({ id }) => id).sort(), [...fails].sort(), seen)
      } finally {
        await probe.stop()
      }
    })
  }
})
