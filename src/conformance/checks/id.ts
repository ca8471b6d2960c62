import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Check, check } from '../check.ts'
import { journey } from '../journey.ts'
import { likeOneOf, randomnessOf } from '../randomness.ts'
import { recordFiles } from '../store-directory.ts'
import { manyTickets } from '../tickets.ts'
import { appearances, spellings } from '../traces.ts'

/** Names that tell the world which library this is (SMCS, "Session ID Name Fingerprinting"). */
const famousNames =
  /^(?:__(?:Host|Secure|Http)-|__Host-Http-)?(PHPSESSID|JSESSIONID|connect\.sid|ASP\.NET_SessionId|ASPSESSIONID\w*|CFID|CFTOKEN|laravel_session|ci_session|_session_id|rack\.session|sessionid|koa\.sess|express\.sid|next-auth\.session-token)$/i

export const idChecks: readonly Check[] = [
  check(
    'id.entropy128',
    'An id has 128 bits of entropy or more',
    'ASVS 5.0 7.2.3, 11.5.1; SMCS Session ID Entropy; NIST SP 800-63B-4 5.1; WSTG-SESS-01',
    async (application, see, scale) => {
      const found = randomnessOf(await manyTickets(application, scale.ids))
      see.require(found.duplicates === 0, `${found.duplicates} of ${found.count} ids came twice`)
      see.require(found.prefix === '', `every id begins with ${found.prefix.length} fixed characters`)
      see.require(found.suffix === '', `every id ends with ${found.suffix.length} fixed characters`)
      see.require(found.bits >= 128, `an id shows ${found.bits.toFixed(0)} bits, fewer than 128`)
      const sigma = found.worst.sigma.toFixed(1)
      // One bit of hundreds goes beyond by chance now and then; twice running it does not.
      const again = found.worst.sigma > 5 ? randomnessOf(await manyTickets(application, scale.ids)) : found
      see.require(again.worst.sigma <= 5, `bit ${found.worst.position} is ${sigma} standard deviations from ½`)
      for (const file of application.description.idSources ?? []) {
        const source = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
        see.require(!/Math\.random|Date\b/.test(source), `${file} asks Math.random or the clock`)
      }
      see.note(`${found.count} ids of ${found.bits.toFixed(0)} bits, no bit further from ½ than ${sigma}σ`)
      if (!application.description.idSources) see.note('which source they come from, HTTP can’t tell')
    },
  ),

  check(
    'id.opaque',
    'An id means nothing: no name, address, time or process in it',
    'SMCS Session ID Content; NIST SP 800-63B-4 5.1.1; WSTG-SESS-01',
    async (application, see) => {
      const user = application.user()
      const tickets: string[] = []
      for (let index = 0; index < 6; index++) {
        const visitor = await application.signedIn(user)
        const value = await visitor.ticket()
        if (value) tickets.push(value)
      }
      see.require(new Set(tickets).size === 6, 'the same user was given the same id twice')
      const { processId } = application.description
      const telling = {
        'the user’s name': user.name,
        'the address': '127.0.0.1',
        ...(processId !== undefined && processId > 9_999 && { 'the process': String(processId) }),
      }
      for (const [what, text] of Object.entries(telling)) {
        const isIn = tickets.some((ticket) => readings(ticket).some((bytes) => bytes.includes(text)))
        see.require(!isIn, `the id holds ${what}`)
      }
      see.require(!tickets.every(holdsTime), 'the id holds the time')
      see.require(!tickets.every(isJson), 'the id is readable JSON')
      const [one = '', other = ''] = tickets
      const share = differingBits(one, other)
      see.require(share > 0.3 && share < 0.7, `two ids of one user differ in ${percent(share)} of their bits`)
      see.note(`two ids of one user differ in ${percent(share)} of their bits`)
    },
  ),

  check(
    'id.strict',
    'An id that the server did not issue is never adopted',
    'SMCS Permissive and Strict Session Management; WSTG-SESS-03; CVE-2024-38513, CVE-2011-4718',
    async (application, see) => {
      application.needs('writeValue', 'readValue')
      const name = await application.sessionCookieName()
      const forged = likeOneOf(await manyTickets(application, 20))
      const before = application.has('log') ? await application.log() : ''
      const planted = application.visitor()
      planted.cookies.set(name, forged)
      const response = await planted.write('planted', 'by someone else')
      const issued = planted.cookies.get(name)
      see.require(response.status < 500, `a write with it answers ${response.status}`)
      const isKept = issued === forged && response.status < 400
      see.require(!isKept || !(await planted.read('planted')), 'it was adopted: what was written under it comes back')
      const other = application.visitor()
      other.cookies.set(name, forged)
      see.require(
        (await other.read('planted'))?.includes('by someone else') !== true,
        'a second visitor with it sees the first one’s data',
      )
      if (application.has('dump')) {
        see.require(!(await application.dump()).includes(forged), 'the store holds it')
      }
      if (application.has('log')) {
        see.require((await application.logSince(before)) !== '', 'the log says nothing of it')
      }
      see.note(issued === forged ? 'the write was refused' : 'the write got an id of the server’s own')
    },
  ),

  check(
    'id.malformed',
    'A value that can’t be an id is an anonymous visitor, whatever is in it',
    'SMCS Validate the Session ID as Any Other User Input; ASVS 5.0 5.3.2, 1.3.9; CVE-2024-38513, CVE-2018-18925, CVE-2025-61686',
    async (application, see) => {
      const name = await application.sessionCookieName()
      const issued = (await (await application.signedIn()).ticket()) ?? ''
      const dump = application.has('dump') ? await application.dump() : ''
      const files = recordFiles(application)
      for (const [what, value] of Object.entries(malformed(issued))) {
        const response = await application.visitor().ask('whoAmI', {}, { cookie: `${name}=${value}` })
        see.require(response.status < 500, `${what}: status ${response.status}`)
        see.require(application.whoIn(response) === 'nobody', `${what}: signed in as ${application.whoIn(response)}`)
        const whole = response.headerLines.join('\n') + response.body.toString('latin1')
        see.require(value.length < 6 || !whole.includes(value), `${what}: it comes back in the answer`)
        see.require(response.header('x-injected') === undefined, `${what}: a header was injected`)
      }
      if (application.has('dump')) see.require((await application.dump()) === dump, 'the store has changed')
      see.require(String(recordFiles(application)) === String(files), 'files have appeared')
      see.note(`${Object.keys(malformed(issued)).length} kinds, all anonymous, none reflected`)
    },
  ),

  check(
    'id.cookie-only',
    'Only a cookie carries an id',
    'SMCS Used vs. Accepted Session ID Exchange Mechanisms; ASVS 5.0 14.2.1; WSTG-SESS-04; CVE-2026-26196',
    async (application, see) => {
      const visitor = await application.signedIn()
      const name = await application.sessionCookieName()
      const value = (await visitor.ticket()) ?? ''
      const { path } = application.route('whoAmI')
      const asked = async (what: string, target: string, asking = {}): Promise<void> => {
        const response = await application.visitor().send(target, { method: 'GET', ...asking })
        see.require(application.whoIn(response) === 'nobody', `${what}: ${application.whoIn(response)} is signed in`)
      }
      for (const key of [name, 'sid', 'session', 'session_id', 'PHPSESSID', 'jsessionid', 'token', 'access_token']) {
        await asked(`?${key}=`, `${path}?${key}=${value}`)
        await asked(`;${key}=`, `${path};${key}=${value}`)
        await asked(`a body with ${key}`, path, { method: 'POST', form: { [key]: value }, withoutToken: true })
        await asked(`JSON with ${key}`, path, { method: 'POST', json: { [key]: value }, withoutToken: true })
        await asked(`the header ${key}`, path, { headers: { [key]: value } })
      }
      await asked('Authorization', path, { headers: { Authorization: `Bearer ${value}` } })
      await asked('X-Session-Id', path, { headers: { 'X-Session-Id': value, 'X-Auth-Token': value } })
      await asked('Cookie2', path, { headers: { Cookie2: `${name}=${value}` } })
      see.require((await visitor.who()) !== 'nobody', 'the cookie itself does not work: nothing was shown')
      see.note('query, path, body and headers open nothing')
    },
  ),

  check(
    'id.never-echoed',
    'The id leaves the server in Set-Cookie only',
    'ASVS 5.0 3.3.4; WSTG-SESS-04',
    async (application, see) => {
      const { exchanges, tickets } = await journey(application)
      see.require(tickets.length > 0, 'no id was seen')
      for (const { method, path, response } of exchanges) {
        const others = response.headerLines.filter((line) => !/^set-cookie:/i.test(line)).join('\n')
        const isIn = tickets.some((ticket) => appearances(`${others}\n${response.text}`, spellings(ticket)).length > 0)
        see.require(!isIn, `${method} ${path.split('?')[0]}: the id is in the answer`)
      }
      see.note(`${exchanges.length} answers, ${tickets.length} ids`)
    },
  ),

  check(
    'id.generic-name',
    'The cookie’s name does not tell which library this is',
    'SMCS Session ID Name Fingerprinting',
    async (application, see) => {
      const name = await application.sessionCookieName()
      see.require(!famousNames.test(name), `${name} is a name that tools know`)
      see.note(name)
    },
  ),

  check(
    'id.dup-cookies',
    'Two cookies of one name have one declared outcome, and never mix two sessions',
    'RFC 6265bis 8.6, 4.2.1',
    async (application, see) => {
      const [first, second] = application.users(2) as [
        typeof application.description.users.first,
        typeof application.description.users.first,
      ]
      const one = await application.signedIn(first)
      const two = await application.signedIn(second)
      const name = await application.sessionCookieName()
      const [a, b] = [`${name}=${await one.ticket()}`, `${name}=${await two.ticket()}`]
      const unknown = `${name}=${likeOneOf(await manyTickets(application, 20))}`
      const before = application.has('log') ? await application.log() : ''
      const outcomes = new Map<string, string>()
      for (const [what, cookie] of Object.entries({
        'two valid ones': `${a}; ${b}`,
        'the other order': `${b}; ${a}`,
        'two lines': [a, b],
        'two lines in the other order': [b, a],
        'a valid and an unknown one': `${a}; ${unknown}`,
        'an unknown and a valid one': `${unknown}; ${a}`,
        'a valid and an empty one': `${a}; ${name}=`,
      })) {
        const seen = new Set<string>()
        for (let time = 0; time < 4; time++) seen.add(await application.visitor().who({ cookie }))
        outcomes.set(what, [...seen].join(' or '))
        see.require(seen.size === 1, `${what}: ${[...seen].join(', then ')}`)
        see.require(![...seen].some((who) => who.startsWith('status')), `${what}: ${[...seen]}`)
        if (!application.has('writeValue')) continue
        const mark = `mark-${what.replaceAll(' ', '-')}`
        await application.visitor().write('mark', mark, { cookie })
        const readers = [await one.read('mark'), await two.read('mark')].filter((value) => value?.includes(mark))
        see.require(readers.length < 2, `${what}: a write reached both sessions`)
      }
      if (application.has('log') && outcomes.get('two valid ones') === 'nobody') {
        see.require((await application.logSince(before)) !== '', 'the log says nothing of it')
      }
      see.require(
        (await one.who()) === first.name && (await two.who()) === second.name,
        'the sessions themselves suffered',
      )
      see.note(
        [...outcomes]
          .map(
            ([what, who]) => `${what}: ${who === first.name ? 'the first' : who === second.name ? 'the second' : who}`,
          )
          .join(', '),
      )
    },
  ),
]

/** What an attacker would send; the bytes as they go over the wire. */
function malformed(issued: string): { readonly [what: string]: string } {
  return {
    'an empty value': '',
    'one byte': 'x',
    '8 KB': 'A'.repeat(8_192),
    'two dots': '..',
    'a path upwards': '../../../../etc/passwd',
    'an encoded path': '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    'a path with backslashes': '..\\..\\windows\\win.ini',
    'a NUL': `${issued.slice(0, 8)}\0${issued.slice(9)}`,
    'CR and LF': `x\r\nX-Injected: 1`,
    'an encoded CR and LF': 'x%0d%0aX-Injected:%201',
    'a Kelvin sign': Buffer.from('\u212a'.repeat(8)).toString('latin1'),
    'bytes that are no UTF-8': '\xff\xfe\xc0\x80abcdef',
    __proto__: '__proto__',
    constructor: 'constructor',
    'an asterisk': '*',
    'a pattern': '[a-z]*?.*',
    'SQL in quotes': "' OR 1=1 -- ",
    'SQL that sleeps': "1'||pg_sleep(2)||'",
    'a MongoDB operator': '[$ne]=1',
    'a memcached command': 'x%0d%0aflush_all',
    'a template': ['$', '{7*7}{{7*7}}<%=7*7%>'].join(''),
    'a serialized object': 'O:8:"stdClass":0:{}',
    'JSON of an administrator': '{"userId":"admin","role":"admin"}',
    'a signed cookie': `s:${issued}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`,
    'an id cut short': issued.slice(0, -1),
    'an id and one more': `${issued}A`,
    'an id with its hash': createHash('sha256').update(issued).digest('hex'),
    'an id in capitals': issued.toUpperCase() === issued ? `${issued}x` : issued.toUpperCase(),
  }
}

/** The value and what it decodes to. */
function readings(ticket: string): Buffer[] {
  const plain = decodeURIComponent(ticket)
  const parts = [plain, ...plain.split('.'), plain.replace(/^s:/, '')]
  return parts.flatMap((part) => [
    Buffer.from(part),
    Buffer.from(part, 'base64url'),
    ...(/^([0-9a-f]{2})+$/i.test(part) ? [Buffer.from(part, 'hex')] : []),
  ])
}

/** As text, or as four or eight bytes: the seconds or milliseconds of this day. */
function holdsTime(ticket: string): boolean {
  const now = Date.now()
  const seconds = Math.floor(now / 1000)
  return readings(ticket).some((bytes) => {
    const numbers = bytes.toString('latin1').match(/\d{10,13}/g) ?? []
    if (numbers.some((text) => Math.abs(Number(text.slice(0, 10)) - seconds) < 86_400)) return true
    for (let at = 0; at + 4 <= bytes.length; at++) {
      if (Math.abs(bytes.readUInt32BE(at) - seconds) < 600) return true
    }
    return false
  })
}

function isJson(ticket: string): boolean {
  return readings(ticket).some((bytes) => {
    try {
      const value: unknown = JSON.parse(bytes.toString())
      return typeof value === 'object' && value !== null
    } catch {
      return false
    }
  })
}

function differingBits(one: string, other: string): number {
  const [a, b] = [bytesOf(one), bytesOf(other)]
  const length = Math.min(a.length, b.length)
  let bits = 0
  for (let at = 0; at < length; at++) {
    for (let rest = a[at]! ^ b[at]!; rest > 0; rest &= rest - 1) bits++
  }
  return length === 0 ? 0 : bits / (length * 8)
}

function bytesOf(ticket: string): Buffer {
  const plain = decodeURIComponent(ticket)
  return Buffer.from(plain, /^([0-9a-f]{2})+$/i.test(plain) ? 'hex' : 'base64url')
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
