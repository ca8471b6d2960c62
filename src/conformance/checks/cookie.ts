import type { Application } from '../application.ts'
import { type Check, check, type Observation } from '../check.ts'
import { configure, type Settings } from '../configuring.ts'
import { cookieJar, deviationsOf, readStrictly, type StrictSetCookie } from '../http/index.ts'
import { inParallel } from '../in-parallel.ts'
import { journey } from '../journey.ts'
import { NotApplicable } from '../not-applicable.ts'

/** RFC 6265bis §5.5: browsers keep no cookie for longer. */
const longestSeconds = 34_560_000

export const cookieChecks: readonly Check[] = [
  check(
    'cookie.host-prefix',
    'The session cookie is a __Host- cookie: Secure, Path=/, no Domain',
    'ASVS 5.0 3.3.1, 3.3.3; NIST SP 800-63B-4 5.1.1; RFC 6265bis 4.1.3.2',
    async (application, see) => {
      needsHttps(application)
      for (const cookie of await sessionCookies(application)) {
        see.require(/^__Host-/.test(cookie.name), `it is called ${cookie.name}`)
        see.require(has(cookie, 'secure'), 'no Secure')
        see.require(attributeOf(cookie, 'path') === '/', `Path is ${attributeOf(cookie, 'path') ?? 'not given'}`)
        see.require(!has(cookie, 'domain'), `Domain is ${attributeOf(cookie, 'domain')}`)
        see.note(cookie.name)
      }
    },
  ),

  check(
    'cookie.httponly',
    'The session cookie is HttpOnly',
    'ASVS 5.0 3.3.4; NIST SP 800-63B-4 5.1.1; WSTG-SESS-02',
    async (application, see) => {
      for (const cookie of await sessionCookies(application)) see.require(has(cookie, 'httponly'), 'no HttpOnly')
      see.note('on every one')
    },
  ),

  check(
    'cookie.samesite-explicit',
    'Every Set-Cookie says SameSite, the session’s Lax or Strict, the one that deletes it too',
    'SMCS SameSite Attribute; ASVS 5.0 3.3.2; NIST SP 800-63B-4 5.1.1; RFC 6265bis 5.6.7.2',
    async (application, see) => {
      const name = await application.sessionCookieName()
      const cookies = await allCookies(application)
      for (const cookie of cookies) {
        const sameSite = attributeOf(cookie, 'samesite')
        const isDeleting = attributeOf(cookie, 'max-age') === '0' ? 'the deleting ' : ''
        see.require(sameSite !== undefined, `no SameSite on ${isDeleting}${cookie.name}`)
        const isStrictEnough = cookie.name !== name || /^(lax|strict)$/i.test(sameSite ?? '')
        see.require(isStrictEnough, `SameSite=${sameSite} on ${cookie.name}`)
        if (cookie.name === name && sameSite) see.note(`SameSite=${sameSite}`)
      }
      see.require(cookies.length > 0, 'no Set-Cookie was seen')
    },
  ),

  check(
    'cookie.none-needs-secure',
    'SameSite=None without Secure can’t be configured',
    'RFC 6265bis 5.7 step 19',
    async (application, see) => {
      await refuses(application, see, { 'SameSite=None without Secure': { sameSite: 'None', secure: false } })
    },
  ),

  check(
    'cookie.prefix-config',
    'A name with a prefix whose rules are broken can’t be configured, however the prefix is written',
    'RFC 6265bis 5.4; draft-ietf-httpbis-layered-cookies',
    async (application, see) => {
      await refuses(application, see, {
        '__host- with Domain': { name: '__host-x', domain: 'example.com' },
        '__Host- with a Path': { name: '__Host-x', path: '/app' },
        '__Secure- without Secure': { name: '__Secure-x', secure: false },
        '__SECURE- without Secure': { name: '__SECURE-x', secure: false },
        '__Http- without HttpOnly': { name: '__Http-x', httpOnly: false },
        '__Host-Http- without HttpOnly': { name: '__Host-Http-x', httpOnly: false },
      })
    },
  ),

  check(
    'cookie.name-exact',
    'The cookie’s name is compared byte by byte',
    'CVE-2020-7070, CVE-2022-31629, CVE-2026-39410; RFC 6265bis 5.4',
    async (application, see) => {
      const visitor = await application.signedIn()
      const user = visitor.user!.name
      const name = await application.sessionCookieName()
      const value = (await visitor.ticket()) ?? ''
      see.require((await visitor.who({ cookie: `${name}=${value}` })) === user, 'the right name does not work either')
      see.require(
        (await visitor.who({ cookie: `a=b;\t ${name}=${value}` })) === user,
        'blanks before the name are not ignored',
      )
      for (const other of otherSpellings(name)) {
        const who = await application.visitor().who({ cookie: `${other}=${value}` })
        see.require(who === 'nobody', `${JSON.stringify(other)}: ${who}`)
      }
      see.note(`${otherSpellings(name).length} other spellings open nothing`)
    },
  ),

  check(
    'cookie.grammar',
    'Every Set-Cookie keeps to the grammar for servers, and nothing can be injected by an option',
    'RFC 6265bis 3, 4.1.1; CVE-2024-47764, CVE-2026-47675',
    async (application, see) => {
      const { exchanges } = await journey(application)
      let lines = 0
      for (const { method, path, response } of exchanges) {
        lines += response.setCookies.length
        for (const { cookie, message } of deviationsOf(response.setCookies)) {
          see.fault(`${method} ${path}: ${cookie}: ${message}`)
        }
      }
      see.require(lines > 0, 'no Set-Cookie was seen')
      see.note(`${lines} lines`)
      if (!application.has('configure')) return see.note('options were not tried: no route `configure`')
      await refuses(application, see, {
        '; in the name': { name: 'a;b' },
        'CR LF in the name': { name: 'a\r\nSet-Cookie: x=y' },
        '= in the name': { name: 'a=b' },
        'a blank in the name': { name: 'a b' },
        'no name': { name: '' },
        '; in the path': { path: '/; Domain=example.com' },
        'CR LF in the path': { path: '/\r\nX-Injected: 1' },
        '; in the domain': { domain: 'example.com; HttpOnly' },
        'LF in the domain': { domain: 'example.com\nX-Injected: 1' },
        '; in SameSite': { sameSite: 'Lax; Domain=example.com' as 'Lax' },
      })
    },
  ),

  check(
    'cookie.size',
    'Name and value have at most 4096 octets, an attribute 1024, the Cookie header less than 8192',
    'RFC 6265bis 5.6, 4.2.1; ASVS 5.0 3.3.5',
    async (application, see) => {
      let largest = 0
      const kept = new Map<string, number>()
      for (const { name, value, attributes } of await allCookies(application)) {
        largest = Math.max(largest, name.length + value.length)
        kept.set(name, name.length + value.length + 3)
        for (const [attribute, text = ''] of attributes) {
          see.require(text.length <= 1024, `${attribute} of ${name} has ${text.length} octets`)
        }
      }
      const header = [...kept.values()].reduce((sum, size) => sum + size, 0)
      see.require(largest <= 4096, `a cookie has ${largest} octets`)
      see.require(header < 8192, `the Cookie header has ${header} octets`)
      see.note(`the largest has ${largest} octets, the header ${header}`)
      if (!application.has('configure')) return see.note('options were not tried: no route `configure`')
      await refuses(application, see, {
        'a name of 4097 octets': { name: 'n'.repeat(4097) },
        'a path of 1025 octets': { path: `/${'p'.repeat(1024)}` },
      })
    },
  ),

  check(
    'cookie.maxage-cap',
    'No cookie asks to be kept for more than 400 days, and Max-Age and Expires agree',
    'RFC 6265bis 5.5, 5.7 step 6',
    async (application, see) => {
      const judge = (cookie: StrictSetCookie): void => {
        const maxAge = attributeOf(cookie, 'max-age')
        const expires = attributeOf(cookie, 'expires')
        see.require(Number(maxAge ?? 0) <= longestSeconds, `Max-Age=${maxAge} on ${cookie.name}`)
        if (maxAge === undefined || expires === undefined) return
        const apart = Math.abs(Date.now() + Number(maxAge) * 1000 - Date.parse(expires)) / 1000
        const isDeleting = Number(maxAge) <= 0 && Date.parse(expires) <= Date.now()
        see.require(
          isDeleting || apart < 60,
          `Max-Age and Expires of ${cookie.name} are ${apart.toFixed(0)} seconds apart`,
        )
      }
      for (const cookie of await allCookies(application)) judge(cookie)
      const { outcome, text } = await configure(application, { maxAgeSeconds: 2 * longestSeconds })
      if (outcome === 'accepted') judge(readStrictly(text))
      see.note(
        outcome === 'accepted'
          ? `800 days become ${attributeOf(readStrictly(text), 'max-age')} s`
          : `800 days: ${outcome}`,
      )
    },
  ),

  check(
    'cookie.nonpersistent',
    'The session cookie ends with the browser’s session, unless the visitor asks to be remembered',
    'SMCS Expire and Max-Age Attributes; NIST SP 800-63B-4 5.1',
    async (application, see) => {
      for (const cookie of await sessionCookies(application)) {
        see.require(!has(cookie, 'max-age') && !has(cookie, 'expires'), 'it has Max-Age or Expires')
      }
      see.note('neither Max-Age nor Expires')
    },
  ),

  check(
    'cookie.delete-matches',
    'The Set-Cookie that deletes is one that browsers take for the same cookie',
    'RFC 6265bis 5.7 steps 16, 21, 23',
    async (application, see) => {
      application.needs('signOut')
      const name = await application.sessionCookieName()
      const jar = cookieJar({ isPublicSuffix: (domain) => !domain.includes('.') })
      const visitor = application.visitor()
      const accept = (lines: readonly string[]): void => {
        for (const refused of jar.accept(application.origin, lines))
          see.fault(`a browser refuses a cookie: ${refused.reason}`)
      }
      accept((await visitor.signIn(application.user())).setCookies)
      see.require(jar.get(name) !== undefined, 'a browser does not keep the session cookie')
      accept((await visitor.signOut()).setCookies)
      see.require(jar.get(name) === undefined, 'the browser still has it after the logout')
      see.note('the jar of a browser is empty after the logout')
    },
  ),

  check(
    'cookie.partitioned',
    'Partitioned is sent only where it was asked for, and never without Secure',
    'CHIPS; DBSC 8.9',
    async (application, see) => {
      for (const cookie of await allCookies(application)) {
        if (has(cookie, 'partitioned'))
          see.require(has(cookie, 'secure'), `Partitioned without Secure on ${cookie.name}`)
        see.require(!has(cookie, 'partitioned'), `Partitioned on ${cookie.name}, though nobody asked for it`)
      }
      if (!application.has('configure')) return see.note('never sent; options were not tried: no route `configure`')
      await refuses(application, see, { 'Partitioned without Secure': { partitioned: true, secure: false } })
      see.note('never sent')
    },
  ),

  check(
    'cookie.lazy',
    'Who stores nothing has no record and no cookie',
    'CVE-2015-5143, CVE-2015-5963, CVE-2015-5964',
    async (application, see, { anonymousRequests }) => {
      application.needs('page')
      const before = application.has('dump') ? await application.dump() : ''
      await inParallel(anonymousRequests, 16, async (index) => {
        const visitor = application.visitor()
        const name = index % 10 === 9 && application.has('signOut') ? 'signOut' : 'page'
        const response = await visitor.ask(name)
        see.require(response.setCookies.length === 0, `${name}: a Set-Cookie`)
        see.require(response.status < 500, `${name}: status ${response.status}`)
      })
      if (application.has('dump')) see.require((await application.dump()) === before, 'the store has changed')
      else see.note('the store was not looked at: no route `dump`')
      see.note(`${anonymousRequests} anonymous requests, logouts among them`)
    },
  ),
]

/** Every one that the visitor on the journey was sent. */
async function allCookies(application: Application): Promise<StrictSetCookie[]> {
  const { exchanges } = await journey(application)
  return exchanges.flatMap(({ response }) => response.setCookies.map(readStrictly))
}

/** Those that set the session's, not those that delete it. */
async function sessionCookies(application: Application): Promise<StrictSetCookie[]> {
  const name = await application.sessionCookieName()
  const cookies = (await allCookies(application)).filter((cookie) => cookie.name === name && cookie.value !== '')
  if (cookies.length === 0) throw new Error('no Set-Cookie of the session was seen')
  return cookies
}

function attributeOf({ attributes }: StrictSetCookie, wanted: string): string | undefined {
  const found = attributes.find(([name]) => name.toLowerCase() === wanted)
  return found && (found[1] ?? '')
}

function has(cookie: StrictSetCookie, wanted: string): boolean {
  return attributeOf(cookie, wanted) !== undefined
}

function needsHttps({ isSecure }: Application): void {
  if (!isSecure) throw new NotApplicable('the base URL is plain http, where no cookie can be Secure')
}

async function refuses(
  application: Application,
  see: Observation,
  cases: { readonly [what: string]: Settings },
): Promise<void> {
  const outcomes = new Map<string, number>()
  for (const [what, settings] of Object.entries(cases)) {
    const { outcome } = await configure(application, settings)
    see.require(outcome !== 'accepted', `${what} is accepted`)
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  see.note([...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', '))
}

/** What a lenient parser takes for the same name. */
function otherSpellings(name: string): string[] {
  const encoded = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  const spellings = [
    encoded(name[0]!) + name.slice(1),
    [...name].map(encoded).join(''),
    name.replaceAll('_', '.'),
    name.replaceAll('_', '%5F'),
    name.replaceAll('-', '_'),
    `\xa0${name}`,
    `${name}\xa0`,
    `\x0b${name}`,
    `\x0c${name}`,
    `${name}\x0b`,
    `.${name}`,
    `${name}[]`,
    `[${name}`,
    `"${name}"`,
    name.toUpperCase(),
    name.toLowerCase(),
    name.replace(/^__(Host|Secure)-/i, ''),
    `__Host-${name}`,
    `x${name}`,
  ]
  return [...new Set(spellings)].filter((spelling) => spelling !== name)
}
