import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { AuditError } from 'coatcheck/conformance/audit'
import { type Auditing, auditedOverHttps, auditOf, credentials, foundIn, servedPlainly } from './audited.ts'
import { type ShopHabits, soundShop, weakShop } from './weak-shop.ts'

/** A shop with one weakness, and the findings: what they follow from by themselves is said beside them. */
interface WeakShop {
  readonly habits: Partial<ShopHabits>
  readonly found: readonly string[]
  readonly seen?: RegExp
}

const attributes = (change: (attributes: string) => string): string => change(soundShop.attributes)
/** A cookie without Secure or with a Domain can't have the prefix. */
const plainName = { cookieName: 'id' }

const weakShops: Readonly<Record<string, WeakShop>> = {
  'whose cookie has no prefix': { habits: plainName, found: ['medium cookie-prefix'], seen: /called id/ },
  'whose cookie is not Secure': {
    habits: { ...plainName, attributes: attributes((text) => text.replace('Secure; ', '')) },
    found: ['high cookie-secure', 'medium cookie-prefix'],
  },
  'whose cookie scripts can read': {
    habits: { attributes: attributes((text) => text.replace('HttpOnly; ', '')) },
    found: ['high cookie-httponly'],
  },
  'whose cookie says nothing of other sites': {
    habits: { attributes: attributes((text) => text.replace('; SameSite=Lax', '')) },
    found: ['medium cookie-samesite'],
    seen: /without SameSite/,
  },
  'whose cookie goes with every site’s requests': {
    habits: { attributes: attributes((text) => text.replace('Lax', 'None')) },
    found: ['medium cookie-samesite'],
    seen: /SameSite=None/,
  },
  'whose cookie is for the whole domain': {
    habits: { cookieName: '__Secure-id', attributes: `${soundShop.attributes}; Domain=shop.example` },
    found: ['low cookie-prefix', 'medium cookie-domain'],
  },
  'whose cookie outlives the browser': {
    habits: { attributes: `${soundShop.attributes}; Max-Age=3600` },
    found: ['low cookie-lifetime'],
  },
  'whose cookie names its software': { habits: { cookieName: '__Host-connect.sid' }, found: ['low cookie-name'] },
  'whose cookie is written oddly': {
    habits: { attributes: attributes((text) => text.replace('; Secure', ' ; Secure')) },
    found: ['low cookie-grammar'],
  },
  'that sets its cookie twice': { habits: { setsTwice: true }, found: ['low cookie-twice'] },
  'that sets a cookie that no browser keeps': {
    habits: { moreCookies: ['__Secure-theme=dark'] },
    found: ['low cookie-refused'],
    seen: /^__Secure-theme: /,
  },
  'with nine kilobytes of cookies': {
    habits: {
      moreCookies: ['a', 'b', 'c'].map((name) => `${name}=${'x'.repeat(3000)}; Secure; HttpOnly; SameSite=Lax`),
    },
    found: ['low cookie-size'],
  },
  'that makes a session for everybody': {
    habits: { beginsAt: 'first page' },
    found: ['low early-session'],
    seen: /^GET \/ sets __Host-id/,
  },
  'whose login form is sent by GET': { habits: { loginMethod: 'get' }, found: ['high login-by-get'] },
  'that keeps the id at the login': {
    habits: { beginsAt: 'login page', renewsAtLogin: 'never' },
    found: ['high id-kept-at-login'],
  },
  'that keeps the id when the same user logs in again': {
    habits: { renewsAtLogin: 'for another user' },
    found: ['medium id-kept-at-login'],
  },
  'that leaves the anonymous id alive': {
    habits: { beginsAt: 'login page', endsOldAtLogin: false },
    found: ['high old-id-alive'],
  },
  'that leaves the id of an earlier login alive': {
    habits: { endsOldAtLogin: false },
    found: ['medium old-id-alive'],
  },
  'that adopts what it is given instead of an id': {
    habits: { beginsAt: 'login page', adopts: true },
    found: ['high made-up-id'],
    seen: /leaves a made-up one/,
  },
  'that signs in the id which was planted': {
    habits: { renewsAtLogin: 'never', adopts: true },
    found: ['high made-up-id', 'medium id-kept-at-login'],
    seen: /planted before a login/,
  },
  'that can’t read some cookies': {
    habits: { readValue: decodeURIComponent },
    found: ['medium malformed-id'],
    seen: /percent sign alone.*500/,
  },
  'that shows the cookie': { habits: { shows: 'the cookie' }, found: ['medium id-echoed', 'medium id-reflected'] },
  'that shows the id to scripts': { habits: { shows: 'the id' }, found: ['medium id-echoed'] },
  'that takes the id from the address': { habits: { takesIdFromUrl: true }, found: ['high id-in-url'] },
  'that takes the first of two cookies': {
    habits: { ...plainName, ofTwo: 'first' },
    found: ['low doubled-cookie', 'medium cookie-prefix'],
    seen: /first one/,
  },
  'that takes the last of two cookies': {
    habits: { ...plainName, ofTwo: 'last' },
    found: ['low doubled-cookie', 'medium cookie-prefix'],
    seen: /last one/,
  },
  'that decodes the names of cookies': {
    habits: { readName: decodeURIComponent },
    found: ['medium cookie-name-variants'],
    seen: /%5f_Host-id/,
  },
  'that lets caches keep its cookie': {
    habits: { beginsAt: 'login page', cacheControlOfForms: 'public, max-age=60' },
    found: ['high cookie-cached'],
  },
  'that does not keep caches from its cookie': {
    habits: { beginsAt: 'login page', cacheControlOfForms: undefined },
    found: ['medium cookie-cached'],
  },
  'that lets caches keep its pages': { habits: { cacheControl: undefined }, found: ['medium page-cached'] },
  'that lets browsers keep its pages': { habits: { cacheControl: 'private' }, found: ['low page-cached'] },
  'whose logout ends nothing': { habits: { logoutEnds: false }, found: ['high logout-leaves-session'] },
  'where a request under way undoes a logout': {
    habits: { savesAtTheEnd: true },
    found: ['high logout-undone'],
    seen: /^after a POST \/me/,
  },
  'whose logout leaves the cookie': { habits: { logoutClears: false }, found: ['low logout-leaves-cookie'] },
  'with a logout by link': { habits: { logoutBy: ['GET', 'POST'] }, found: ['low logout-by-get'] },
  'with a logout by link only': { habits: { logoutBy: ['GET'] }, found: ['low logout-by-get'] },
  'where other sites can log in': {
    habits: { guards: { login: false, logout: 'same origin' } },
    found: ['medium cross-site-login'],
  },
  'where sibling hosts can log out': {
    habits: { guards: { login: true, logout: 'same site' } },
    found: ['low cross-site-logout'],
    seen: /same-site/,
  },
  'with ids of 40 bits': {
    habits: { makeId: () => randomBytes(5).toString('hex') },
    found: ['high id-guessable'],
    seen: /40 random bits/,
  },
  'with UUIDs': { habits: { makeId: () => randomUUID() }, found: ['low id-guessable'] },
  'with ids of 40 bits for everybody': {
    habits: { beginsAt: 'login page', makeId: () => randomBytes(5).toString('hex') },
    found: ['high id-guessable'],
  },
  'whose ids hold the user’s name': {
    habits: {
      makeId: (user = 'nobody') =>
        `${Buffer.from(user).toString('base64url')}.${randomBytes(32).toString('base64url')}`,
    },
    found: ['high id-meaningful'],
    seen: /username/,
  },
  'whose ids are JSON': {
    habits: { makeId: () => Buffer.from(`{"sid":"${randomBytes(32).toString('hex')}"}`).toString('base64url') },
    found: ['medium id-meaningful'],
  },
  'that says nothing of https': { habits: { hsts: undefined }, found: ['low hsts'] },
  'that says it for a day': { habits: { hsts: 'max-age=86400; includeSubDomains' }, found: ['low hsts'] },
  'that says it for this host alone': { habits: { hsts: 'max-age=31536000' }, found: ['low hsts'] },
}

describe('an audit of a shop', { concurrency: 8 }, () => {
  for (const [name, { habits, found, seen = /./ }] of Object.entries(weakShops)) {
    it(`${name} finds that, and nothing else`, async (t) => {
      const report = await auditedOverHttps(t, weakShop(habits))
      assert.deepEqual(foundIn(report), found)
      const texts = report.findings.map((finding) => finding.seen)
      assert.ok(
        texts.some((text) => seen.test(text)),
        texts.join('\n'),
      )
    })
  }

  const sound: Readonly<Record<string, readonly [Partial<ShopHabits>, Auditing?]>> = {
    'as it should be': [{}],
    'with a session from the login page on': [{ beginsAt: 'login page' }],
    'with a token in the form': [{ usesToken: true }],
    'with a token in the form alone': [{ usesToken: true, guards: { login: false, logout: 'same origin' } }],
    'whose login page is somewhere else': [{ usesToken: true }, { login: '/account' }],
    'of few words': [{ isTerse: true }],
    'that logs in by JSON': [{ takesJson: true }, { send: 'json', login: '/login' }],
  }
  for (const [name, [habits, request]] of Object.entries(sound)) {
    it(`${name} finds nothing`, async (t) => {
      const report = await auditedOverHttps(t, weakShop(habits), request)
      assert.deepEqual(report.findings, [])
      assert.deepEqual(report.sessionCookies, ['__Host-id'])
    })
  }

  it('knows no weakness that no shop here has, and none that docs/audit.md does not tell of', async (t) => {
    const { passed, skipped } = await auditedOverHttps(t, weakShop())
    const known = [...passed, ...skipped.map(({ id }) => id)].sort()
    const shown = Object.values(weakShops).flatMap(({ found }) => found.map((each) => each.split(' ')[1]!))
    assert.deepEqual([...new Set([...shown, 'plain-http'])].sort(), known)
    const documentation = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8')
    const told = [...documentation.matchAll(/^\| `(\w[\w-]*)`/gm)].map(([, id]) => id!)
    assert.deepEqual(told.sort(), known)
  })

  it('looks for every weakness at once', async (t) => {
    const report = await auditedOverHttps(
      t,
      weakShop({
        cookieName: 'connect.sid',
        attributes: 'Path=/',
        beginsAt: 'first page',
        renewsAtLogin: 'never',
        adopts: true,
        ofTwo: 'first',
        cacheControl: undefined,
        logoutEnds: false,
        hsts: undefined,
      }),
    )
    assert.equal(report.findings[0]?.severity, 'high')
    assert.equal(report.findings.at(-1)?.severity, 'low')
    assert.ok(report.findings.length >= 12, foundIn(report).join(' '))
  })
})

describe('over plain http', () => {
  it('a page is a finding, and the session’s cookie a worse one', async (t) => {
    const page = await servedPlainly(t, (_, response) => void response.end('hello'))
    assert.deepEqual(foundIn(await auditedOverHttps(t, weakShop(), { plainUrl: page })), ['medium plain-http'])
    const cookie = await servedPlainly(t, (_, response) => void response.setHeader('set-cookie', '__Host-id=1').end())
    assert.deepEqual(foundIn(await auditedOverHttps(t, weakShop(), { plainUrl: cookie })), ['high plain-http'])
  })

  it('a redirect is none, and neither is nobody', async (t) => {
    const redirecting = await servedPlainly(
      t,
      (_, response) => void response.writeHead(308, { location: 'https://shop.example/' }).end(),
    )
    assert.deepEqual(foundIn(await auditedOverHttps(t, weakShop(), { plainUrl: redirecting })), [])
    assert.deepEqual(foundIn(await auditedOverHttps(t, weakShop(), { plainUrl: 'http://127.0.0.1:1/' })), [])
  })

  it('on this machine, what needs https is not asked', async (t) => {
    const url = await servedPlainly(t, weakShop({ cookieName: 'id', attributes: 'Path=/; HttpOnly; SameSite=Lax' }))
    const report = await auditOf(url)
    assert.deepEqual(report.findings, [])
    assert.deepEqual(
      report.skipped.map(({ id }) => id),
      ['cookie-prefix', 'cookie-secure', 'plain-http', 'hsts'],
    )
  })
})

describe('an audit can’t be run', () => {
  it('when nobody answers', async () => {
    await assert.rejects(auditOf('http://127.0.0.1:1/'), (error) => {
      assert.ok(error instanceof AuditError)
      return /can't be reached: .*ECONNREFUSED/.test(error.message)
    })
  })

  it('when the login does not work', async (t) => {
    const wrong = { fields: { ...credentials, password: 'guessed' } }
    await assert.rejects(auditedOverHttps(t, weakShop(), wrong), /the login was answered with 401/)
  })

  it('when no browser would keep the cookie', async (t) => {
    const listener = weakShop({ attributes: 'Path=/; HttpOnly; SameSite=Lax' })
    await assert.rejects(auditedOverHttps(t, listener), /none keeps the cookie __Host-id: its name promises/)
  })

  it('when the form leads to another site', async (t) => {
    const form = '<form method=post action=https://id.example/><input name=username><input name=password></form>'
    const url = await servedPlainly(t, (_, response) => void response.end(form))
    await assert.rejects(auditOf(url), /the login form of \/login leads to https:\/\/id\.example/)
  })

  it('when the page looks the same to everybody', async (t) => {
    await assert.rejects(auditedOverHttps(t, weakShop(), { me: '/' }), /\/ looks the same before and after the login/)
  })
})
