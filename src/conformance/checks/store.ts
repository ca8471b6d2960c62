import {
  cpSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Application } from '../application.ts'
import { type Check, check } from '../check.ts'
import { mend } from '../mend.ts'
import { NotApplicable } from '../not-applicable.ts'
import { filesBelow, recordFiles } from '../store-directory.ts'
import { appearances, pieces, spellings } from '../traces.ts'
import type { Visitor } from '../visitor.ts'

/** What lies in the store, and what becomes of a store that is not all right. */
export const storeChecks: readonly Check[] = [
  check(
    'store.hashed-id',
    'A stolen store signs nobody in: the cookie’s value is not in it',
    'ASVS 5.0 7.2.3; CVE-2019-16782, CVE-2020-26228, CVE-2019-25025',
    async (application, see) => {
      const { storeDirectory } = application.description
      if (!application.has('dump') && storeDirectory === undefined) application.needs('dump')
      const visitors = [await application.signedIn(), await application.signedIn()]
      if (application.has('anonymousWrite')) {
        const anonymous = application.visitor()
        await anonymous.ask('anonymousWrite')
        visitors.push(anonymous)
      }
      for (const visitor of visitors) await visitor.who()
      const places: [name: string, text: string][] = []
      if (application.has('dump')) places.push(['the store', await application.dump()])
      if (application.has('log')) places.push(['the log', await application.log()])
      for (const path of recordFiles(application)) {
        places.push(['a file’s name', path], ['a file', readFileSync(path, 'latin1')])
      }
      for (const visitor of visitors) {
        const ticket = (await visitor.ticket()) ?? ''
        const traces = [...spellings(ticket), ...pieces(ticket)]
        for (const [name, text] of places) {
          see.require(appearances(text, traces).length === 0, `${name} holds a live cookie’s value, or a part of it`)
        }
      }
      const name = await application.sessionCookieName()
      const keys = [...new Set(places.flatMap(([, text]) => text.match(/[\w-]{16,128}/g) ?? []))].slice(0, 300)
      for (const key of keys) {
        const who = await application.visitor().who({ cookie: `${name}=${key}` })
        see.require(who === 'nobody', 'a text of the store signs in as a cookie')
      }
      see.note(
        `${visitors.length} live ids in none of ${places.length} places; ${keys.length} texts of the store tried as cookies`,
      )
    },
  ),

  check(
    'store.fs',
    'Session files are their owner’s alone, no link is followed, nothing outside is touched',
    'CWE-377, CWE-59; CVE-2018-18925, CVE-2019-16354, CVE-2025-61686, CVE-2018-12538',
    async (application, see) => {
      const directory = directoryOf(application)
      const user = application.user()
      await application.signedIn(user)
      for (const path of [directory, ...entriesBelow(directory)]) {
        const { mode } = lstatSync(path)
        see.require(
          (mode & 0o077) === 0,
          `${(mode & 0o777).toString(8)} on ${path.slice(dirname(directory).length + 1)}`,
        )
      }
      const outside = readdirSync(dirname(directory)).sort().join()
      const name = await application.sessionCookieName()
      for (const value of ['../x', '../../../x', '..%2fx', '/tmp/x', 'x/../../y', '..\\x', `${directory}/x`]) {
        await application.visitor().write('x', 'y', { cookie: `${name}=${value}` })
      }
      see.require(
        readdirSync(dirname(directory)).sort().join() === outside,
        'something was written beside the directory',
      )
      await plantLinks(application, see)
      see.note(`${filesBelow(directory).length} files, 0600 in directories of 0700; links are not followed`)
    },
  ),

  check(
    'store.proto',
    'Keys of the prototype chain are keys like others',
    'ASVS 5.0 15.3.6; PPCS; express-session 1.8.1',
    async (application, see) => {
      application.needs('writeValue', 'readValue')
      const names = [
        '__proto__',
        'constructor',
        'prototype',
        'toString',
        'valueOf',
        'hasOwnProperty',
        'save',
        'destroy',
        'then',
        'toJSON',
      ]
      const visitor = await application.signedIn()
      const kept: string[] = []
      for (const key of names) {
        const value = `value-of-${key}`
        const response = await visitor.write(key, value)
        see.require(response.status < 500, `${key}: status ${response.status}`)
        if (response.status < 400) {
          see.require((await visitor.read(key))?.includes(value) === true, `${key}: it is not what was stored`)
          kept.push(key)
        }
        const stranger = await application.visitor().read(key)
        see.require(stranger?.includes('value-of-') !== true, `${key}: another visitor sees it`)
      }
      const { path, method } = application.has('jsonWrite')
        ? { method: 'POST', ...application.route('jsonWrite') }
        : { path: '', method: '' }
      if (path !== '') {
        const body =
          '{"__proto__":{"polluted":"yes"},"constructor":{"prototype":{"polluted":"yes"}},"value":{"__proto__":{"polluted":"yes"}}}'
        const headers = { 'Content-Type': 'application/json' }
        const response = await visitor.send(path.replace('{key}', 'object'), { method, body, headers })
        see.require(response.status < 500, `JSON with __proto__: status ${response.status}`)
        const polluted = await application.visitor().read('polluted')
        see.require(polluted?.includes('yes') !== true, 'Object.prototype was polluted')
      }
      see.require((await visitor.who()) === visitor.user!.name, 'the session itself suffered')
      await visitor.signOut()
      see.require((await visitor.who()) === 'nobody', 'its logout does not work any more')
      see.note(`kept: ${kept.join(', ')}`)
    },
  ),

  check(
    'store.corrupt',
    'A record that is damaged is no session: no error, no code run',
    'ASVS 5.0 1.5.2; CVE-2025-24813, CVE-2015-6835',
    async (application, see) => {
      const { storeDirectory } = application.description
      if (!application.has('corrupt') && storeDirectory === undefined) application.needs('corrupt')
      const kinds = ['truncated', 'garbage', 'empty', 'wrong-type', 'huge']
      const judge = async (what: string, visitor: Visitor, before: string): Promise<void> => {
        const who = await visitor.who()
        see.require(who === 'nobody', `${what}: ${who}`)
        if (application.has('readValue')) {
          const response = await visitor.copy().ask('readValue', { key: 'kept' })
          see.require(response.status < 500, `${what}: reading answers ${response.status}`)
        }
        if (application.has('log'))
          see.require((await application.logSince(before)) !== '', `${what}: the log says nothing`)
      }
      for (const kind of application.has('corrupt') ? kinds : []) {
        const visitor = await application.signedIn()
        await visitor.write('kept', 'before')
        const damaged = await visitor.copy().ask('corrupt', { value: kind })
        if (damaged.status >= 400) throw new Error(`the route \`corrupt\` answers ${damaged.status} to ${kind}`)
        await judge(kind, visitor, application.has('log') ? await application.log() : '')
      }
      if (storeDirectory !== undefined) {
        for (const [kind, damage] of Object.entries(damages)) {
          const visitor = await anonymousWithFile(application, damage)
          const before = application.has('log') ? await application.log() : ''
          await judge(`a file that is ${kind}`, visitor, before)
        }
      }
      see.note(`${kinds.join(', ')}: nobody`)
    },
  ),

  check(
    'store.namespace',
    'An id of one application is none of another on the same store',
    'CVE-2022-46170',
    async (application, see) => {
      application.needs('otherApplication')
      const { otherCookieName } = application.description
      if (otherCookieName === undefined) throw new NotApplicable('the description has no `otherCookieName`')
      const visitor = await application.signedIn()
      const ticket = (await visitor.ticket()) ?? ''
      const cookie = `${otherCookieName}=${ticket}`
      const response = await application.visitor().ask('otherApplication', {}, { cookie })
      see.require(response.status < 500, `status ${response.status}`)
      see.require(application.whoIn(response) === 'nobody', `signed in there as ${application.whoIn(response)}`)
      see.require((await visitor.who()) === visitor.user!.name, 'the session is over where it belongs')
      see.note(`as ${otherCookieName}: nobody`)
    },
  ),

  check(
    'store.quota',
    'Size and number of what strangers can store are limited',
    'CVE-2016-4423, CVE-2015-5143; ASVS 5.0 15.2.2',
    async (application, see) => {
      application.needs('writeValue', 'readValue')
      const visitor = application.visitor()
      await visitor.write('small', 'x')
      const large = 'A'.repeat(10 * 1024 * 1024)
      const response = await visitor.write('large', large).catch((error: Error) => error)
      const status = response instanceof Error ? 0 : response.status
      if (response instanceof Error) see.note('10 MB: the server closed the connection')
      else see.note(`10 MB: ${status}`)
      see.require(status === 0 || (status >= 400 && status < 500), `10 MB: status ${status}`)
      see.require(
        (await visitor.read('large')) === undefined || (await visitor.read('large'))!.length < 1_000_000,
        '10 MB were stored',
      )
      if (!application.description.addressHeader || !application.has('anonymousWrite')) {
        return see.note('a flood was not tried: no `addressHeader`, or no `anonymousWrite`')
      }
      let sent = 0
      let refused = false
      while (!refused && sent < 1_000) {
        sent++
        refused = (await application.visitor().ask('anonymousWrite', {}, { address: '203.0.113.66' })).status === 429
      }
      see.require(refused, `${sent} anonymous sessions from one address, and no end`)
      const neighbour = await application.visitor().ask('anonymousWrite', {}, { address: '203.0.113.67' })
      see.require(neighbour.status < 400, `another address: status ${neighbour.status}`)
      see.note(`a flood from one address: 429 after ${sent}`)
    },
  ),

  check(
    'store.outage',
    'Without the store nobody is signed in, nobody is signed out, and nothing looks like a success',
    'ASVS 5.0 16.5.2, 16.5.3',
    async (application, see) => {
      application.needs('breakStore', 'mendStore')
      const visitor = await application.signedIn()
      const user = visitor.user!
      const ticket = await visitor.ticket()
      await application.visitor().ask('breakStore')
      try {
        const judge = (what: string, response: Awaited<ReturnType<Visitor['ask']>>): void => {
          see.require(response.status === 503, `${what}: status ${response.status}`)
          see.require(response.setCookies.length === 0, `${what}: a cookie was set`)
        }
        for (let time = 0; time < 8; time++) judge('a page of a signed-in visitor', await visitor.ask('whoAmI'))
        judge('signing in', await application.visitor().signIn(application.user()))
        if (application.has('writeValue')) judge('a write', await visitor.write('lost', 'value'))
        if (application.has('page')) {
          const page = await application.visitor().ask('page')
          see.require(page.status === 200, `a page without a session: status ${page.status}`)
        }
      } finally {
        await mend(visitor)
      }
      see.require((await visitor.ticket()) === ticket, 'the cookie has changed')
      see.require((await visitor.who()) === user.name, 'the outage signed the visitor out')
      see.note('503 and no cookie; afterwards still signed in')
    },
  ),
]

/** What becomes of a file. */
const damages: { readonly [kind: string]: (path: string) => void } = {
  'cut in half': (path) => truncateSync(path, statSync(path).size >> 1),
  empty: (path) => truncateSync(path, 0),
  garbage: (path) => writeFileSync(path, Buffer.from(Array.from({ length: 4_096 }, (_, index) => (index * 31) & 255))),
  'JSON of someone else': (path) => writeFileSync(path, '{"user":"admin","cookie":{"originalMaxAge":null}}'),
  'serialized by PHP': (path) => writeFileSync(path, 'user|O:8:"Attacker":0:{}'),
  'of 1 GB': (path) => truncateSync(path, 1024 ** 3),
}

function directoryOf({ description }: Application): string {
  if (description.storeDirectory === undefined) throw new NotApplicable('the description has no `storeDirectory`')
  return description.storeDirectory
}

function entriesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    return entry.isDirectory() ? [path, ...entriesBelow(path)] : [path]
  })
}

/** A visitor whose record’s files, those that came with it, are damaged. */
async function anonymousWithFile(application: Application, damage: (path: string) => void): Promise<Visitor> {
  application.needs('writeValue')
  const before = new Set(recordFiles(application))
  const visitor = application.visitor()
  await visitor.write('kept', 'before')
  for (const path of recordFiles(application)) if (!before.has(path)) damage(path)
  return visitor
}

/** Puts a link to an equal file elsewhere in the place of a record: it must be neither read nor written through. */
async function plantLinks(
  application: Application,
  see: { require(isSo: boolean, fault: string): boolean },
): Promise<void> {
  application.needs('writeValue', 'readValue')
  const elsewhere = mkdtempSync(join(tmpdir(), 'conformance-'))
  try {
    let files: string[] = []
    const visitor = await anonymousWithFile(application, (path) => files.push(path))
    files = files.filter((path) => lstatSync(path).isFile())
    see.require(files.length > 0, 'no file came with a new session')
    for (const [index, path] of files.entries()) {
      const copy = join(elsewhere, String(index))
      cpSync(path, copy)
      rmSync(path)
      symlinkSync(copy, path)
    }
    const contents = files.map((_, index) => readFileSync(join(elsewhere, String(index)), 'latin1'))
    see.require((await visitor.copy().read('kept'))?.includes('before') !== true, 'a link is followed for reading')
    await visitor.copy().write('kept', 'through the link')
    const after = files.map((_, index) => readFileSync(join(elsewhere, String(index)), 'latin1'))
    see.require(after.join() === contents.join(), 'a link is followed for writing')
    for (const path of files) rmSync(path, { force: true })
  } finally {
    rmSync(elsewhere, { recursive: true, force: true })
  }
}
