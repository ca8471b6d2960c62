import { createHash } from 'node:crypto'
import { type Check, check } from '../check.ts'
import { NotApplicable } from '../not-applicable.ts'
import { spellings } from '../traces.ts'

/** What users and administrators can do about sessions. */
export const userChecks: readonly Check[] = [
  check(
    'user.list-revoke',
    'Users see their sessions, and can end any of them; its name opens nothing',
    'ASVS 5.0 7.5.2; SMCS Simultaneous Session Logons',
    async (application, see) => {
      application.needs('listSessions', 'revokeSession')
      const user = application.user()
      const laptop = await application.signedIn(user)
      const [own] = await laptop.handles()
      const phone = await application.signedIn(user)
      const handles = await laptop.handles()
      see.require(handles.length >= 2, `the list shows ${handles.length} of 2 sessions`)
      const other = handles.find((handle) => handle !== own)
      if (own === undefined || other === undefined) return
      const ticket = (await phone.ticket()) ?? ''
      for (const handle of handles) {
        for (const secret of [ticket, (await laptop.ticket()) ?? '']) {
          see.require(!isOf(handle, secret), 'a handle is made of the id, or of its hash')
        }
        const name = await application.sessionCookieName()
        see.require(
          (await application.visitor().who({ cookie: `${name}=${handle}` })) === 'nobody',
          'a handle opens a session',
        )
      }
      const { stepUpSeconds } = application.description.limits ?? {}
      if (stepUpSeconds !== undefined && application.description.clockHeader) {
        const at = Date.now() + (stepUpSeconds + 60) * 1000
        const stale = await laptop.copy().ask('revokeSession', { handle: other }, { at })
        see.require(stale.status === 403, `long after the sign-in: status ${stale.status}`)
        see.require((await phone.who()) === user.name, 'long after the sign-in, it was ended all the same')
      } else see.note('whether it asks for the password again was not tried: no `stepUpSeconds`')
      const response = await laptop.ask('revokeSession', { handle: other })
      see.require(response.status < 400, `ending it answers ${response.status}`)
      see.require((await phone.who()) === 'nobody', 'the ended session is alive')
      see.require((await laptop.who()) === user.name, 'the session that ended it ended too')
      see.require(!(await laptop.handles()).includes(other), 'the list still shows it')
      see.note(`${handles.length} listed, one ended at once`)
    },
  ),

  check(
    'user.revoke-authz',
    'Nobody ends another user’s session',
    'ASVS 5.0 8.2.2; CWE-639',
    async (application, see) => {
      application.needs('listSessions', 'revokeSession')
      const [one, two] = application.twoUsers()
      const [attacker, victim] = [await application.signedIn(one), await application.signedIn(two)]
      const [handle] = await victim.handles()
      if (handle === undefined) throw new Error('the victim’s list shows no session')
      const ticket = (await victim.ticket()) ?? ''
      for (const [what, forged] of Object.entries({ 'the victim’s handle': handle, 'the victim’s id': ticket })) {
        const response = await attacker.ask('revokeSession', { handle: forged })
        see.require([403, 404].includes(response.status), `${what}: status ${response.status}`)
      }
      const nobody = await application.visitor().ask('revokeSession', { handle })
      see.require(nobody.status >= 400, `without a session: status ${nobody.status}`)
      see.require((await victim.who()) === two.name, 'the victim’s session ended')
      see.note('refused, and the victim’s session lives')
    },
  ),

  check(
    'user.revoke-others',
    'A change of password ends the user’s other sessions',
    'ASVS 5.0 7.4.3; CVE-2022-23502',
    async (application, see) => {
      application.needs('changePassword')
      const user = application.user()
      const [laptop, phone, tablet] = [
        await application.signedIn(user),
        await application.signedIn(user),
        await application.signedIn(user),
      ]
      const old = await laptop.ticket()
      const response = await laptop.ask('changePassword')
      see.require(response.status < 400, `it answers ${response.status}`)
      see.require(
        (await phone.who()) === 'nobody' && (await tablet.who()) === 'nobody',
        'the others are still signed in',
      )
      see.require((await laptop.who()) === user.name, 'who changed it is signed out')
      see.require((await laptop.ticket()) !== old, 'the id stays')
      see.note('the others ended, the current one renewed')
    },
  ),

  check(
    'admin.revoke',
    'An administrator ends a user’s sessions; a disabled account has none',
    'ASVS 5.0 7.4.2, 7.4.5; CVE-2022-31050',
    async (application, see) => {
      const { admin } = application.description.users
      if (!admin) throw new NotApplicable('the description has no `users.admin`')
      if (!application.has('adminRevoke') && !application.has('disableUser')) application.needs('adminRevoke')
      for (const name of ['adminRevoke', 'disableUser'] as const) {
        if (!application.has(name)) continue
        const [user, bystander] = application.twoUsers()
        const sessions = [await application.signedIn(user), await application.signedIn(user)]
        const other = await application.signedIn(bystander)
        const refused = await other.ask(name, { user: user.name })
        see.require(refused.status >= 400, `${name} by somebody else: status ${refused.status}`)
        see.require((await sessions[0]!.who()) === user.name, `${name} by somebody else worked`)
        const response = await (await application.signedIn(admin)).ask(name, { user: user.name })
        see.require(response.status < 400, `${name} answers ${response.status}`)
        for (const session of sessions) see.require((await session.who()) === 'nobody', `${name}: a session lives`)
        see.require((await other.who()) === bystander.name, `${name}: another user’s session ended`)
        if (name === 'disableUser') {
          const again = application.visitor()
          await again.signIn(user)
          see.require((await again.who()) === 'nobody', 'a disabled user can sign in')
        }
        see.note(`${name}: ended at once`)
      }
    },
  ),

  check(
    'user.concurrency',
    'A user has at most as many sessions as is documented',
    'ASVS 5.0 7.1.2; WSTG-SESS-11',
    async (application, see) => {
      const { max, whenFull } = application.limit('sessionsPerUser')
      const user = application.user()
      const start = Date.now()
      const hasClock = application.description.clockHeader !== undefined
      const sessions = []
      let last = 0
      for (let index = 0; index <= max; index++) {
        const visitor = application.visitor()
        const response = await visitor.signIn(user, hasClock ? { at: start + index * 1_000 } : {})
        last = response.status
        sessions.push(visitor)
      }
      const alive = await Promise.all(sessions.map(async (visitor) => (await visitor.who()) === user.name))
      const count = alive.filter(Boolean).length
      see.require(count === max, `${count} of ${max + 1} are signed in`)
      if (whenFull === 'refuse') {
        see.require(last >= 400, `the one too many answers ${last}`)
        see.require(!alive[max], 'the one too many is signed in')
      } else {
        see.require(alive[0] === false, 'the oldest is alive')
        see.require(alive[max] === true, 'the newest is not signed in')
      }
      const many = application.user()
      await Promise.all(
        Array.from({ length: max + 6 }, () => application.signedIn(many).then((visitor) => sessions.push(visitor))),
      )
      const together = await Promise.all(
        sessions.slice(max + 1).map(async (visitor) => (await visitor.who()) === many.name),
      )
      const living = together.filter(Boolean).length
      see.require(living <= max, `of ${max + 6} at once, ${living} are signed in`)
      see.note(
        `at most ${max}; ${whenFull === 'refuse' ? 'one more is refused' : 'the oldest ends'}; ${living} of ${max + 6} at once`,
      )
    },
  ),

  check(
    'auth.stepup',
    'What is sensitive asks for the password again where it was given long ago',
    'ASVS 5.0 7.5.1, 7.5.3',
    async (application, see) => {
      application.needs('sensitiveChange')
      const stepUp = application.limit('stepUpSeconds') * 1000
      const start = Date.now()
      const user = application.user()
      const visitor = application.visitor()
      await visitor.signIn(user, { at: start })
      const nobody = await application.visitor().ask('sensitiveChange')
      see.require(nobody.status === 401 || nobody.status === 403, `without a session: status ${nobody.status}`)
      const soon = await visitor.ask('sensitiveChange', {}, { at: start + stepUp - 1_000 })
      see.require(soon.status < 400, `in time: status ${soon.status}`)
      const late = await visitor.ask('sensitiveChange', {}, { at: start + stepUp + 1_000 })
      see.require(late.status === 403, `too late: status ${late.status}`)
      see.require((await visitor.who({ at: start + stepUp + 2_000 })) === user.name, 'too late: the session ended')
      await visitor.reauthenticate({ at: start + stepUp + 3_000 })
      const again = await visitor.ask('sensitiveChange', {}, { at: start + stepUp + 4_000 })
      see.require(again.status < 400, `after proving it again: status ${again.status}`)
      see.note(`403 after ${stepUp / 1000} s; the password again, and it goes on`)
    },
  ),
]

/** Whether a handle is the secret, a part of it, or a usual hash of it, in whole or in part. */
function isOf(handle: string, secret: string): boolean {
  const hashes = ['sha256', 'sha1', 'md5'].flatMap((name) =>
    (['hex', 'base64url', 'base64'] as const).map((encoding) => createHash(name).update(secret).digest(encoding)),
  )
  const known = [...spellings(secret), ...hashes]
  return handle.length >= 8 && known.some((text) => text.includes(handle) || handle.includes(text))
}
