import { type Check, check } from '../check.ts'
import type { RouteName } from '../description.ts'
import { NotApplicable } from '../not-applicable.ts'
import { writeWith } from '../unsafe-write.ts'
import type { Visitor } from '../visitor.ts'

/** What an id does at each change of who the visitor is or may be. */
export const privilegeChecks: readonly Check[] = [
  check(
    'life.regen-login',
    'Signing in replaces the id, and the old one is dead',
    'ASVS 5.0 7.2.4; SMCS Renew the Session ID After Any Privilege Level Change; WSTG-SESS-03; CVE-2022-25896, CVE-2023-29019',
    async (application, see) => {
      application.needs('writeValue', 'readValue')
      const user = application.user()
      const visitor = application.visitor()
      await visitor.write('before', 'stored anonymously')
      const planted = await visitor.ticket()
      if (!planted) throw new Error('an anonymous write set no session cookie')
      const thief = visitor.copy()
      const before = linesOf(application.has('dump') ? await application.dump() : '')
      await visitor.signIn(user)
      see.require((await visitor.who()) === user.name, 'the visitor is not signed in')
      see.require((await visitor.ticket()) !== planted, 'the id from before the sign-in is used on')
      see.require((await thief.who()) === 'nobody', 'the id from before is signed in')
      see.require(
        (await thief.read('before')) === undefined || !(await thief.read('before'))?.includes('stored'),
        'the id from before still opens data',
      )
      if (application.has('dump')) {
        const after = linesOf(await application.dump())
        see.require(after.length <= before.length, `the store holds ${after.length - before.length} records more`)
      }
      see.note('a new id, and the old one opens nothing')
    },
  ),

  check(
    'life.regen-any-priv',
    'So does every other change of privilege, for the same user again as well',
    'ASVS 5.0 7.2.4; SMCS; CVE-2023-46733, CVE-2022-24895',
    async (application, see) => {
      const { withSecondFactor } = application.description.users
      const changes: [what: string, change: (visitor: Visitor) => Promise<unknown>][] = [
        ['signing in again', (visitor) => visitor.signIn(visitor.user!)],
      ]
      const routes: [what: string, name: RouteName][] = [
        ['re-authentication', 'reauthenticate'],
        ['a change of password', 'changePassword'],
        ['a change of role', 'changeRole'],
      ]
      for (const [what, name] of routes) {
        if (application.has(name)) changes.push([what, (visitor) => visitor.ask(name)])
      }
      for (const [what, change] of changes) {
        const visitor = await application.signedIn()
        await replaces(visitor, what, () => change(visitor))
      }
      if (withSecondFactor && application.has('secondFactor')) {
        const visitor = await application.signedIn(withSecondFactor)
        await replaces(visitor, 'the second factor', () => visitor.ask('secondFactor', { code: withSecondFactor.code }))
        changes.push(['the second factor', async () => {}])
      }
      see.note(changes.map(([what]) => what).join(', '))

      async function replaces(visitor: Visitor, what: string, change: () => Promise<unknown>): Promise<void> {
        const old = visitor.copy()
        await change()
        see.require((await visitor.who()) === visitor.user!.name, `${what}: the visitor is ${await visitor.who()} then`)
        see.require((await visitor.ticket()) !== (await old.ticket()), `${what}: the id stays`)
        see.require((await old.who()) === 'nobody', `${what}: the old id is still signed in`)
      }
    },
  ),

  check(
    'life.old-id-window',
    'A timed renewal lets the old id finish for a while, and reports its later use',
    'SMCS Renewal Timeout; PHP manual, Session Management Basics',
    async (application, see) => {
      const { everySeconds, graceSeconds, onReuse = 'report' } = application.limit('rotation')
      const user = application.user()
      const start = Date.now()
      const due = start + (everySeconds + 1) * 1000
      const over = due + (graceSeconds + 10) * 1000
      const visitor = application.visitor()
      await visitor.signIn(user, { at: start })
      const old = visitor.copy()
      await visitor.who({ at: due })
      if (!see.require((await visitor.ticket()) !== (await old.ticket()), 'the id is not replaced when it is due'))
        return
      see.require((await visitor.who({ at: due + 1_000 })) === user.name, 'the new id does not work')
      see.require(
        (await old.copy().who({ at: due + 2_000 })) === user.name,
        'the old id is dead before the grace is over',
      )
      const straggler = old.copy()
      await straggler.who({ at: due + 2_000 })
      see.require(
        (await straggler.ticket()) === (await old.ticket()),
        'the old id is given a new one after its successor was in use',
      )
      const before = application.has('log') ? await application.log() : ''
      see.require((await old.copy().who({ at: over })) === 'nobody', 'the old id works after the grace')
      if (application.has('log')) {
        see.require((await application.logSince(before)) !== '', 'the log says nothing of the old id’s late use')
      } else see.note('no log to look at')
      const survivor = await visitor.who({ at: over + 1_000 })
      if (onReuse === 'revoke') see.require(survivor === 'nobody', 'the session goes on after an old id was used late')
      else see.require(survivor === user.name, 'the late use of an old id ended the session')

      const other = application.visitor()
      await other.signIn(user, { at: start })
      const alias = other.copy()
      await other.who({ at: due })
      await other.signIn(user, { at: due + 1_000 })
      see.require((await alias.who({ at: due + 2_000 })) === 'nobody', 'the old id outlives a change of privilege')
      see.note(
        `the old id works ${graceSeconds} s; later use is reported${onReuse === 'revoke' ? ' and ends the session' : ''}`,
      )
    },
  ),

  check(
    'life.regen-keeps-data',
    'Data survives the new id, and tokens do not',
    'PHP session_regenerate_id; CSRFCS; CVE-2022-24895, CVE-2023-29020',
    async (application, see) => {
      application.needs('writeValue', 'readValue')
      const visitor = application.visitor()
      await visitor.write('cart', 'three hats')
      const oldToken = application.has('csrfToken') ? await visitor.token() : undefined
      await visitor.signIn(application.user())
      see.require((await visitor.read('cart'))?.includes('three hats') === true, 'the data is lost')
      if (oldToken === undefined) return see.note('data kept; no tokens here')
      const response = await writeWith(visitor, { token: oldToken })
      see.require(response.status === 403, `a token from before the sign-in: status ${response.status}`)
      const fresh = await writeWith(visitor, { token: await visitor.token() })
      see.require(fresh.status < 400, `a token from after it: status ${fresh.status}`)
      see.note('data kept, the token from before refused')
    },
  ),

  check(
    'life.mfa-pending',
    'Half signed in is not signed in',
    'ASVS 5.0 2.3.1; GHSA-xg6x-h9c9-2m83',
    async (application, see) => {
      application.needs('secondFactor')
      const user = application.description.users.withSecondFactor
      if (!user) throw new NotApplicable('the description has no `users.withSecondFactor`')
      const visitor = application.visitor()
      await visitor.signIn(user)
      for (let time = 0; time < 2; time++) {
        see.require((await visitor.who()) === 'nobody', 'the password alone signs in')
      }
      if (application.has('listSessions')) {
        see.require((await visitor.handles()).length === 0, 'the password alone shows the user’s sessions')
      }
      if (application.has('sensitiveChange')) {
        const response = await visitor.ask('sensitiveChange')
        see.require(response.status >= 400, 'the password alone may change what is sensitive')
      }
      const wrong = await visitor.ask('secondFactor', { code: 'wrong' })
      see.require((await visitor.who()) === 'nobody', `a wrong code (status ${wrong.status}) signs in`)
      await visitor.ask('secondFactor', { code: user.code })
      see.require((await visitor.who()) === user.name, 'the second factor does not sign in')
      see.note('nobody before the second factor')
    },
  ),

  check(
    'life.puzzling',
    'What another flow keeps of a user does not sign them in',
    'WSTG-SESS-08',
    async (application, see) => {
      application.needs('forgotPassword')
      const victim = application.user()
      const visitor = application.visitor()
      await visitor.ask('forgotPassword', { user: victim.name })
      see.require((await visitor.who()) === 'nobody', 'who starts a password reset is signed in as that user')
      if (application.has('listSessions')) {
        see.require((await visitor.handles()).length === 0, 'who starts a password reset sees that user’s sessions')
      }
      see.note('nobody after starting a password reset')
    },
  ),
]

function linesOf(dump: string): string[] {
  return dump.split('\n').filter((line) => line !== '')
}
