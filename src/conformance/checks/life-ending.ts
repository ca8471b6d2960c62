import { setTimeout as sleep } from 'node:timers/promises'
import { type Check, check } from '../check.ts'
import { readStrictly } from '../http/index.ts'
import { inParallel } from '../in-parallel.ts'
import { mend } from '../mend.ts'
import { randomFrom } from '../random-from.ts'

/** How a session comes to its end, and stays there. */
export const endingChecks: readonly Check[] = [
  check(
    'life.logout-kills',
    'After the logout the id opens nothing, and the record is gone',
    'ASVS 5.0 7.4.1; WSTG-SESS-06; CVE-2024-31999, CVE-2024-34709',
    async (application, see) => {
      application.needs('signOut')
      const before = application.has('dump') ? new Set((await application.dump()).split('\n')) : undefined
      const visitor = await application.signedIn()
      if (application.has('writeValue')) await visitor.write('secret', 'of the session')
      const kept = visitor.copy()
      see.require((await kept.who()) !== 'nobody', 'the copy does not work before the logout either')
      await visitor.signOut()
      see.require((await kept.who()) === 'nobody', 'the id is still signed in')
      if (application.has('readValue')) {
        see.require((await kept.read('secret'))?.includes('of the session') !== true, 'the id still opens data')
      }
      if (before) {
        const more = (await application.dump()).split('\n').filter((line) => !before.has(line))
        see.require(more.length === 0, `the store holds ${more.length} lines that were not there before`)
      } else see.note('the store was not looked at: no route `dump`')
      see.note('replayed: nobody')
    },
  ),

  check(
    'life.no-resurrection',
    'A request under way does not bring a session back that has ended',
    'ASVS 5.0 7.4.1; CVE-2025-46336, CVE-2013-10075',
    async (application, see, { races }) => {
      application.needs('signOut', 'slowWrite')
      const hasClock = application.description.clockHeader !== undefined
      const survived = new Map<string, number[]>()
      // Opens the connections that the races need: one that is only being opened comes too late for any.
      await Promise.all(Array.from({ length: 64 }, () => application.visitor().who()))
      await inParallel(races, 16, async (seed) => {
        const random = randomFrom(seed)
        const pause = (longest: number) => Math.floor(random() * longest)
        const visitor = await application.signedIn()
        const kept = visitor.copy()
        // Long enough to have begun before the logout, on a slow machine too.
        const slow = () => kept.copy().ask('slowWrite', { milliseconds: String(20 + pause(20)) })
        const logout = async (): Promise<void> => {
          await sleep(pause(40))
          await visitor.copy().signOut()
        }
        const cases: [what: string, run: () => Promise<unknown>][] = [
          ['a slow write beside a logout', () => Promise.all([slow(), logout()])],
          ['three slow writes beside a logout', () => Promise.all([slow(), slow(), slow(), logout()])],
          [
            'a visit that is written down beside a logout',
            () => {
              const later = hasClock ? { at: Date.now() + 120_000 } : {}
              return Promise.all([kept.copy().who(later), kept.copy().who(later), logout()])
            },
          ],
          [
            'a slow write beside a new sign-in',
            async () => {
              const other = visitor.copy()
              await Promise.all([slow(), sleep(pause(40)).then(() => other.signIn(visitor.user!))])
            },
          ],
        ]
        // Where every race has a user of its own, the one handle is this session's.
        if (application.description.users.many && application.has('listSessions') && application.has('revokeSession')) {
          cases.push([
            'a slow write beside an ending from another device',
            async () => {
              const [handle = ''] = await visitor.copy().handles()
              const device = await application.signedIn(visitor.user)
              const end = () => device.ask('revokeSession', { handle })
              await Promise.all([slow(), sleep(pause(40)).then(end)])
            },
          ])
        }
        const [what, run] = cases[seed % cases.length]!
        await run()
        for (let time = 0; time < 2; time++) {
          if ((await kept.copy().who()) === 'nobody') continue
          survived.set(what, [...new Set([...(survived.get(what) ?? []), seed])])
        }
      })
      for (const [what, seeds] of survived) {
        see.fault(`${what}: the old id was alive again in ${seeds.length} orders (the first: ${seeds[0]})`)
      }
      see.note(`${races} orders, each replayed: nobody`)
    },
  ),

  check(
    'life.logout-clears-client',
    'The logout clears the browser: cookie, storage and caches',
    'SMCS; ASVS 5.0 14.3.1',
    async (application, see) => {
      application.needs('signOut')
      const name = await application.sessionCookieName()
      const visitor = await application.signedIn()
      const response = await visitor.signOut()
      const cookie = response.setCookies.map(readStrictly).find((each) => each.name === name)
      const attributes = new Map(cookie?.attributes.map(([key, value]) => [key.toLowerCase(), value]))
      const isOver =
        Number(attributes.get('max-age') ?? 1) <= 0 || Date.parse(attributes.get('expires') ?? '') <= Date.now()
      see.require(cookie !== undefined && isOver, 'no Set-Cookie deletes the session’s')
      const clearing = response.header('clear-site-data')
      see.require(/"(cookies|storage|cache|\*)"/.test(clearing ?? ''), `Clear-Site-Data is ${clearing ?? 'not there'}`)
      const caching = response.header('cache-control')
      see.require(/no-store/.test(caching ?? ''), `Cache-Control is ${caching ?? 'not there'}`)
      see.note(`Clear-Site-Data: ${clearing}`)
    },
  ),

  check(
    'life.destroy-fail-closed',
    'What fails during a logout is told, and leaves no id behind that is valid',
    'ASVS 5.0 16.5.3; CVE-2021-34428',
    async (application, see) => {
      if (!application.has('failingSignOut') && !application.has('breakStore')) application.needs('failingSignOut')
      if (application.has('failingSignOut')) {
        const visitor = await application.signedIn()
        const kept = visitor.copy()
        const response = await visitor.ask('failingSignOut')
        see.require(response.status >= 500, `a logout that throws answers ${response.status}`)
        see.require((await kept.who()) === 'nobody', 'after a logout that threw, the id is still signed in')
        see.note('a logout that throws is told, and holds')
      }
      if (!application.has('breakStore') || !application.has('signOut')) return
      const visitor = await application.signedIn()
      const kept = visitor.copy()
      await application.visitor().ask('breakStore')
      try {
        const response = await visitor.signOut()
        see.require(response.status >= 500, `a logout that the store refuses answers ${response.status}`)
        see.require(!/^2|^3/.test(String(response.status)), 'and looks like a success')
        see.require((await kept.who()) !== visitor.user!.name, 'the id is signed in meanwhile')
      } finally {
        await mend(application.visitor())
      }
      await kept.copy().signOut()
      see.require((await kept.who()) === 'nobody', 'the logout that was tried again does not hold')
      see.note('one that the store refuses is no success, and can be tried again')
    },
  ),

  check(
    'life.no-empty-key',
    'No value that stands for nothing is an id',
    'CVE-2015-3982, CVE-2018-1000519',
    async (application, see) => {
      application.needs('writeValue', 'readValue')
      const name = await application.sessionCookieName()
      const out = await application.signedIn()
      if (application.has('signOut')) await out.signOut()
      const values = ['', 'undefined', 'null', '0', 'false', '{}', '""', 'NaN', '[object Object]', 'deleted', '-']
      for (const value of values) {
        const one = application.visitor()
        one.cookies.set(name, value)
        see.require((await one.who()) === 'nobody', `${name}=${value} is signed in`)
        await one.write('shared', 'of the first')
        const other = application.visitor()
        other.cookies.set(name, value)
        see.require(
          (await other.read('shared'))?.includes('of the first') !== true,
          `${name}=${value} is shared by two`,
        )
      }
      see.note(`${values.length} values, all anonymous, none shared`)
    },
  ),
]
