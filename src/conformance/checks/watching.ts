import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { type Check, check } from '../check.ts'
import { inParallel } from '../in-parallel.ts'
import { journey } from '../journey.ts'
import { NotApplicable } from '../not-applicable.ts'
import { likeOneOf } from '../randomness.ts'
import { manyTickets } from '../tickets.ts'
import { appearances, spellings } from '../traces.ts'

/** Keys, logs, monitoring and documentation: what operators rely on. */
export const watchingChecks: readonly Check[] = [
  check(
    'key.rotation',
    'A new key writes, the old one reads until it is retired, and what was not encrypted is refused',
    'ASVS 5.0 11.2.2, 13.3.4; CVE-2026-39324',
    async (application, see) => {
      application.needs('rotateKeys', 'retireKeys', 'writeValue', 'readValue')
      const [active, idle] = [await application.signedIn(), await application.signedIn()]
      await active.write('secret', 'under-the-first-key')
      await idle.write('secret', 'under-the-first-key')
      if (application.has('dump')) {
        see.require(!(await application.dump()).includes('under-the-first-key'), 'the store holds data in the clear')
      }
      for (const time of ['once', 'twice']) {
        await application.visitor().ask('rotateKeys')
        see.require(
          (await active.read('secret'))?.includes('key') === true,
          `rotated ${time}: the old key does not read`,
        )
        see.require((await active.who()) === active.user!.name, `rotated ${time}: signed out`)
        await active.write('secret', `under-a-later-key-${time}`)
      }
      await application.visitor().ask('retireKeys')
      see.require((await active.who()) === active.user!.name, 'what the new key wrote is lost with the old one')
      see.require((await idle.who()) === 'nobody', 'a retired key still reads')
      if (application.has('forgeRecord')) {
        const forged = await application.signedIn()
        const response = await forged.copy().ask('forgeRecord')
        if (response.status >= 400) throw new Error(`the route \`forgeRecord\` answers ${response.status}`)
        see.require((await forged.who()) === 'nobody', 'a record in the clear is taken for an encrypted one')
      } else see.note('a forged record was not tried: no route `forgeRecord`')
      see.note('rotated twice, retired once')
    },
  ),

  check(
    'log.redacted',
    'No log holds a live id or token',
    'ASVS 5.0 16.2.5; SMCS Logging Sessions Life Cycle; LOGCS; CVE-2023-20866',
    async (application, see) => {
      application.needs('log')
      const { tickets } = await journey(application)
      const visitor = await application.signedIn()
      const name = await application.sessionCookieName()
      const ticket = (await visitor.ticket()) ?? ''
      const secrets = [...tickets, ticket]
      if (application.has('csrfToken')) secrets.push(await visitor.token())
      await application.visitor().who({ cookie: `${name}=${ticket}x` })
      await application.visitor().who({ cookie: `${name}=${ticket}; ${name}=${ticket}` })
      await visitor.send('/no-such-page')
      if (application.has('failingSignOut')) await visitor.ask('failingSignOut')
      const log = await application.log()
      for (const secret of secrets) {
        see.require(appearances(log, spellings(secret)).length === 0, 'the log holds a live id or token')
      }
      see.require(log.length > 0, 'the log is empty')
      see.note(`${secrets.length} secrets in none of ${log.split('\n').length} lines`)
    },
  ),

  check(
    'log.lifecycle',
    'The log tells of every step of a session’s life, each in a line of its own',
    'SMCS Logging Sessions Life Cycle; ASVS 5.0 16.3.1, 16.3.2, 16.4.1',
    async (application, see) => {
      application.needs('log', 'signOut')
      const name = await application.sessionCookieName()
      const steps = new Set<string>()
      let before = await application.log()
      const told = async (what: string): Promise<void> => {
        see.require((await application.logSince(before)) !== '', `the log says nothing of ${what}`)
        before = await application.log()
        steps.add(what)
      }
      const visitor = application.visitor()
      if (application.has('anonymousWrite')) {
        await visitor.ask('anonymousWrite')
        await told('a new session')
      }
      await visitor.signIn(application.user())
      await told('a sign-in')
      await visitor.reauthenticate()
      await told('a new id')
      await visitor.signOut()
      await told('a logout')
      await application.visitor().who({ cookie: `${name}=${likeOneOf(await manyTickets(application, 20))}` })
      before = await application.log()
      await application.visitor().who({ cookie: `${name}=${likeOneOf(await manyTickets(application, 20))}` })
      await told('an unknown id')
      const { limits, clockHeader } = application.description
      if (limits?.idleSeconds !== undefined && clockHeader) {
        const late = await application.signedIn()
        before = await application.log()
        await late.who({ at: Date.now() + (limits.idleSeconds + 1) * 1000 })
        await told('a timeout')
      }
      const forged = 'FORGED session created for admin'
      await application.visitor().signIn({ name: `mallory\r\n${forged}\n${forged}`, password: 'x' })
      await application
        .visitor()
        .who({ userAgent: `x%0d%0a${forged}`, cookie: `${name}=x%0d%0a${forged.replaceAll(' ', '+')}` })
      const lines = (await application.log()).split(/\r\n|\r|\n/)
      see.require(!lines.some((line) => line.startsWith(forged)), 'a visitor has written a line of the log')
      see.note([...steps].join(', '))
    },
  ),

  check(
    'mon.guessing',
    'Who tries many ids is noticed, and a neighbour at the same address is not hindered',
    'SMCS Session ID Guessing and Brute Force Detection',
    async (application, see) => {
      const { addressHeader } = application.description
      if (!addressHeader) throw new NotApplicable('the description has no `addressHeader`')
      const address = '198.51.100.23'
      const name = await application.sessionCookieName()
      const neighbour = application.visitor()
      const user = application.user()
      await neighbour.signIn(user, { address })
      const samples = await manyTickets(application, 20)
      const before = application.has('log') ? await application.log() : ''
      let refused = 0
      await inParallel(200, 8, async () => {
        const response = await application
          .visitor()
          .ask('whoAmI', {}, { address, cookie: `${name}=${likeOneOf(samples)}` })
        if (response.status === 429) refused++
      })
      const added = application.has('log') ? await application.logSince(before) : ''
      const hasAlert = /\b(alert|alarm|guessing|brute)/i.test(added)
      see.require(refused > 0 || hasAlert, '200 unknown ids from one address: neither refused nor reported')
      see.require((await neighbour.who({ address })) === user.name, 'a neighbour at the same address is hindered')
      see.require(
        (await neighbour.who({ address: '198.51.100.24' })) === user.name,
        'a neighbour at the next address is hindered',
      )
      see.note(`${refused} of 200 refused${hasAlert ? ', an alert in the log' : ''}; the neighbour goes on`)
    },
  ),

  check(
    'mon.binding',
    'A cookie in a strange browser and network asks for the password again, there and nowhere else',
    'SMCS Binding the Session ID to Other User Properties; CTCS; NIST SP 800-63B-4 5.3',
    async (application, see) => {
      application.needs('sensitiveChange')
      const { addressHeader, binding } = application.description
      if (!addressHeader) throw new NotApplicable('the description has no `addressHeader`')
      if (binding === undefined) throw new NotApplicable('the description has no `binding`')
      const user = application.user()
      const home = { address: '203.0.113.7', userAgent: windows(140) }
      const visitor = application.visitor()
      await visitor.signIn(user, home)
      const harmless = {
        'the same': home,
        'IPv6 in place of IPv4': { ...home, address: '2001:db8:1:2::7' },
        'another /64': { ...home, address: '2001:db8:1:3::8' },
        'a neighbour in the /24': { ...home, address: '203.0.113.99' },
        'the browser’s next version': { ...home, userAgent: windows(141) },
      }
      for (const [what, asking] of Object.entries(harmless)) {
        const response = await visitor.copy().ask('sensitiveChange', {}, asking)
        see.require(response.status < 400, `${what}: status ${response.status}`)
      }
      const strange = { address: '198.51.100.9', userAgent: 'curl/8.5.0' }
      const thief = visitor.copy()
      see.require((await thief.who(strange)) === user.name, 'another browser and network: reading is refused already')
      const stolen = await thief.ask('sensitiveChange', {}, strange)
      see.require(
        stolen.status === 401 || stolen.status === 403,
        `another browser and network: status ${stolen.status}`,
      )
      const own = await visitor.copy().ask('sensitiveChange', {}, home)
      see.require(own.status < 400, `the first browser meanwhile: status ${own.status}`)
      const moved = visitor.copy()
      await moved.reauthenticate(strange)
      const again = await moved.ask('sensitiveChange', {}, strange)
      see.require(again.status < 400, `after the password was given there: status ${again.status}`)
      const spoofed = await moved.ask(
        'sensitiveChange',
        {},
        { ...strange, headers: { 'X-Forwarded-For': '192.0.2.55', Forwarded: 'for=192.0.2.55' } },
      )
      see.require(spoofed.status < 400, `a spoofed X-Forwarded-For: status ${spoofed.status}`)
      see.note(
        `${Object.keys(harmless).length} harmless changes without effect; the strange one: ${stolen.status}, the first browser goes on`,
      )
    },
  ),

  check(
    'docs.timeouts',
    'What is documented of timeouts and limits is what is configured',
    'ASVS 5.0 7.1.1, 7.1.2, 7.1.3',
    async (application, see) => {
      const { limits, documentation } = application.description
      if (!documentation && !application.has('configuration')) {
        throw new NotApplicable('the description has neither `documentation` nor a route `configuration`')
      }
      if (application.has('configuration')) {
        const response = await application.visitor().ask('configuration')
        const configured = response.json() as Record<string, unknown>
        for (const [name, value] of Object.entries(limits ?? {})) {
          see.require(
            isDeepStrictEqual(configured[name], value),
            `${name} is ${JSON.stringify(configured[name])}, and described as ${JSON.stringify(value)}`,
          )
        }
        see.require(limits !== undefined, 'nothing is described')
        see.note(`${Object.keys(limits ?? {}).join(', ')} as described`)
      }
      if (documentation) {
        const text = readFileSync(documentation.file, 'utf8')
        for (const says of documentation.says)
          see.require(text.includes(says), `${documentation.file} does not say “${says}”`)
        see.note(`${documentation.file} says so`)
      } else see.note('the text of the documentation was not looked at')
    },
  ),
]

function windows(version: number): string {
  return `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`
}
