import { type Check, check } from '../check.ts'
import { configure } from '../configuring.ts'

const hour = 3_600
const day = 24 * hour

/** How long a session lives. Every time is told to the server by its test-only clock: nobody waits. */
export const timeChecks: readonly Check[] = [
  check(
    'life.idle',
    'The server ends a session that nobody uses',
    'ASVS 5.0 7.3.1; SMCS Idle Timeout; WSTG-SESS-07',
    async (application, see) => {
      const idle = application.limit('idleSeconds') * 1000
      const start = Date.now()
      const user = application.user()
      const [used, unused] = [application.visitor(), application.visitor()]
      await used.signIn(user, { at: start })
      await unused.signIn(user, { at: start })
      see.require((await used.who({ at: start + idle - 1_000 })) === user.name, 'a second before, it is over')
      see.require((await unused.who({ at: start + idle + 1_000 })) === 'nobody', 'a second after, it is alive')
      see.require((await used.who({ at: start + 2 * idle - 3_000 })) === user.name, 'the visit did not prolong it')
      see.note(`${idle / 1000} s`)
    },
  ),

  check(
    'life.absolute',
    'However much it is used or renewed, a session ends; only signing in again starts both clocks anew',
    'ASVS 5.0 7.3.2; NIST SP 800-63B-4 5.2; SMCS Absolute Timeout',
    async (application, see, { visits }) => {
      const absolute = application.limit('absoluteSeconds') * 1000
      const idle = (application.description.limits?.idleSeconds ?? absolute / 1000) * 1000
      const step = Math.min(absolute / visits, idle / 2)
      const start = Date.now()
      const user = application.user()
      const [visitor, again] = [application.visitor(), application.visitor()]
      await visitor.signIn(user, { at: start })
      await again.signIn(user, { at: start })
      const ids = new Set<string | undefined>()
      let seenAgain = start
      let isReauthenticated = false
      for (let at = start + step; at < start + absolute - 1_000; at += step) {
        if (!see.require((await visitor.who({ at })) === user.name, `it ended after ${(at - start) / 1000} s already`))
          return
        ids.add(await visitor.ticket())
        if (at - seenAgain < idle / 2) continue
        seenAgain = at
        if (!isReauthenticated && at - start > absolute / 2) {
          isReauthenticated = true
          await again.reauthenticate({ at })
        } else await again.who({ at })
      }
      see.require((await visitor.who({ at: start + absolute - 1_000 })) === user.name, 'a second before, it is over')
      see.require((await visitor.who({ at: start + absolute + 1_000 })) === 'nobody', 'a second after, it is alive')
      see.require(
        (await again.who({ at: start + absolute + 1_000 })) === user.name,
        'signing in again did not start it anew',
      )
      if (application.description.limits?.rotation) see.require(ids.size > 1, 'no renewal happened on the way')
      see.note(`${absolute / 1000} s, through ${ids.size - 1} renewals`)
    },
  ),

  check(
    'life.aal-presets',
    'An assurance level’s limits can’t be exceeded by configuration',
    'NIST SP 800-63B-4 2.1.3, 2.2.3, 2.3.3',
    async (application, see) => {
      const cases = [
        { assuranceLevel: 'aal3', absoluteSeconds: 12 * hour + 60, isAllowed: false },
        { assuranceLevel: 'aal3', idleSeconds: hour, isAllowed: false },
        { assuranceLevel: 'aal3', absoluteSeconds: 12 * hour, idleSeconds: 15 * 60, isAllowed: true },
        { assuranceLevel: 'aal2', absoluteSeconds: day + 60, isAllowed: false },
        { assuranceLevel: 'aal2', idleSeconds: 2 * hour, isAllowed: false },
        { assuranceLevel: 'aal2', absoluteSeconds: day, idleSeconds: hour, isAllowed: true },
        { assuranceLevel: 'aal1', absoluteSeconds: 31 * day, isAllowed: false },
        { assuranceLevel: 'aal1', absoluteSeconds: 30 * day, isAllowed: true },
      ] as const
      for (const { isAllowed, ...settings } of cases) {
        const { outcome, text } = await configure(application, settings)
        const what = JSON.stringify(settings)
        if (isAllowed) see.require(outcome === 'accepted', `${what}: ${outcome} (${text.slice(0, 80)})`)
        else see.require(outcome === 'refused', `${what}: ${outcome}`)
      }
      see.note('what exceeds 12 h/15 min, 24 h/1 h, 30 d is refused')
    },
  ),

  check(
    'life.server-clock',
    'The server’s clock decides, not the cookie’s expiry; what has expired is never opened, cleaned up or not',
    'NIST SP 800-63B-4 5.1.1; CVE-2024-35220',
    async (application, see) => {
      const idle = application.limit('idleSeconds') * 1000
      const start = Date.now()
      const user = application.user()
      const visitor = application.visitor()
      await visitor.signIn(user, { at: start })
      const kept = visitor.copy()
      const expired = start + idle + 1_000
      for (let time = 0; time < 5; time++) {
        see.require((await kept.copy().who({ at: expired + time })) === 'nobody', 'an expired session was opened')
      }
      if (application.has('writeValue')) {
        await kept.copy().write('late', 'after the end', { at: expired })
        see.require((await kept.copy().who({ at: expired + 10 })) === 'nobody', 'a late write brought the session back')
      }
      see.require((await kept.copy().who({ at: expired + 365 * day * 1000 })) === 'nobody', 'a year later it is open')
      see.note('a cookie that the browser still sends opens nothing')
    },
  ),
]
