import { type Check, check } from '../check.ts'
import { type HttpResponse, readStrictly } from '../http/index.ts'
import { inParallel } from '../in-parallel.ts'
import { journey } from '../journey.ts'
import { NotApplicable } from '../not-applicable.ts'
import { openWebSocket } from '../web-socket.ts'

export const netChecks: readonly Check[] = [
  check(
    'net.https-only',
    'Over plain http there is no session: visitors are sent to https first',
    'SMCS Transport Layer Security; NIST SP 800-63B-4 5.1.1; WSTG-SESS-09; ASVS 5.0 12.2.1',
    async (application, see) => {
      const { plainUrl, users } = application.description
      if (plainUrl === undefined) throw new NotApplicable('the description has no `plainUrl`')
      const page = await application.visitor(plainUrl).send(application.description.routes.page?.path ?? '/')
      see.require([301, 302, 307, 308].includes(page.status), `a page answers ${page.status}`)
      see.require(
        /^https:/.test(page.header('location') ?? ''),
        `it is sent to ${page.header('location') ?? 'nowhere'}`,
      )
      const visitor = application.visitor(plainUrl)
      const signedIn = await visitor.signIn(users.first, { withoutToken: true })
      see.require(signedIn.status >= 300, `signing in answers ${signedIn.status}`)
      see.require(page.setCookies.length + signedIn.setCookies.length === 0, 'a cookie was set')
      see.note(`${page.status} to https, no cookie`)
    },
  ),

  check(
    'net.hsts',
    'Every answer tells browsers to use https for a year or more, on every host below too',
    'ASVS 5.0 3.4.1; RFC 6797',
    async (application, see) => {
      if (!application.isSecure) throw new NotApplicable('the base URL is plain http, where browsers ignore the header')
      const { exchanges } = await journey(application)
      for (const { method, path, response } of exchanges) {
        const value = response.header('strict-transport-security') ?? ''
        const seconds = Number(/max-age="?(\d+)/i.exec(value)?.[1] ?? 0)
        const isGood = seconds >= 31_536_000 && /includesubdomains/i.test(value)
        see.require(isGood, `${method} ${path}: ${value === '' ? 'not there' : value}`)
      }
      see.note(`on ${exchanges.length} answers`)
    },
  ),

  check(
    'net.proxy-trust',
    'X-Forwarded-Proto is believed from a trusted proxy only, and then the cookie is Secure',
    'ASVS 5.0 4.1.3, 15.3.4; CVE-2023-28708',
    async (application, see) => {
      const { proxy, plainUrl } = application.description
      const untrustedUrl = proxy?.untrustedUrl ?? plainUrl
      if (!untrustedUrl && !proxy?.trustedUrl) throw new NotApplicable('the description has no `proxy`')
      const name = await application.sessionCookieName()
      const headers = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '203.0.113.7', Forwarded: 'proto=https' }
      if (untrustedUrl) {
        const response = await application.visitor(untrustedUrl).signIn(application.user(), { headers })
        const isSecure = response.setCookies.map(readStrictly).some((cookie) => isSessionOverHttps(cookie, name))
        see.require(!isSecure, 'a stranger’s X-Forwarded-Proto is believed')
        see.note('a stranger’s is ignored')
      }
      if (proxy?.trustedUrl) {
        const { host } = new URL(application.origin)
        const visitor = application.visitor(proxy.trustedUrl)
        const response = await visitor.signIn(application.user(), { headers: { ...headers, Host: host } })
        const cookies = response.setCookies.map(readStrictly)
        see.require(cookies.length > 0, `signing in by the trusted proxy sets no cookie (status ${response.status})`)
        for (const { attributes } of cookies) {
          const isSecure = attributes.some(([attribute]) => attribute.toLowerCase() === 'secure')
          see.require(isSecure, 'behind the trusted proxy the cookie is not Secure')
        }
        see.note('behind a trusted one the cookie is Secure')
      } else see.note('no trusted proxy is described')
    },
  ),

  check(
    'net.no-store-vary',
    'What a session had a part in is kept by no cache',
    'SMCS Web Content Caching; ASVS 5.0 14.3.2; CVE-2023-30861, CVE-2024-26144, CVE-2025-48947, CVE-2025-64762',
    async (application, see) => {
      const user = application.user()
      const visitor = application.visitor()
      const judge = (what: string, response: HttpResponse): void => {
        const caching = response.header('cache-control') ?? ''
        see.require(/no-store/i.test(caching), `${what}: Cache-Control is ${caching === '' ? 'not there' : caching}`)
        const vary = response.header('vary') ?? ''
        see.require(/(^|[,\s])(cookie|\*)([,\s]|$)/i.test(vary), `${what}: Vary is ${vary === '' ? 'not there' : vary}`)
      }
      judge('signing in', await visitor.signIn(user))
      judge('a page that reads', await visitor.ask('whoAmI'))
      judge('HEAD', await visitor.ask('whoAmI', {}, { method: 'HEAD' }))
      judge('a conditional request', await visitor.ask('whoAmI', {}, { headers: { 'If-None-Match': '*' } }))
      if (application.has('writeValue')) judge('a write', await visitor.write('cached', 'mark-of-the-first'))
      if (application.has('readValue')) {
        judge('a value', await visitor.ask('readValue', { key: 'cached' }))
        judge('an error', await visitor.ask('readValue', { key: 'no-such-key' }))
      }
      if (application.has('listSessions')) judge('the list of sessions', await visitor.ask('listSessions'))
      const { rotation } = application.description.limits ?? {}
      if (rotation && application.description.clockHeader) {
        const at = Date.now() + (rotation.everySeconds + 1) * 1000
        const renewed = await visitor.ask('whoAmI', {}, { at })
        judge('a renewal', renewed)
        see.require(renewed.setCookies.length > 0, 'the renewal sets no cookie')
      }
      if (application.has('signOut')) judge('a logout', await visitor.signOut())
      const { exchanges } = await journey(application)
      for (const { method, path, response } of [...visitor.exchanges, ...exchanges]) {
        const isPersonal = response.setCookies.length > 0 || response.text.includes('mark-of-the-first')
        see.require(
          !isPersonal || !isKeptBySharedCache(method, response),
          `${method} ${path}: a shared cache would give it to the next visitor`,
        )
      }
      see.note(
        `no-store and Vary: Cookie on ${visitor.exchanges.length} kinds of answers; a shared cache keeps nothing of a visitor’s`,
      )
    },
  ),

  check(
    'net.no-bleed',
    'Many visitors at once: each sees what is theirs',
    'ASVS 5.0 15.4.1; CVE-2026-40155',
    async (application, see, { visitors }) => {
      application.needs('writeValue', 'readValue')
      let requests = 0
      await inParallel(visitors, 8, async (index) => {
        const visitor = await application.signedIn()
        const mark = `mark-${index}-of-${visitor.user!.name}`
        await visitor.write('mark', mark)
        await Promise.all(
          Array.from({ length: 20 }, async (_, request) => {
            requests++
            const one = visitor.copy()
            const seen = request % 2 === 0 ? await one.who() : await one.read('mark')
            const isTheirs = request % 2 === 0 ? seen === visitor.user!.name : seen?.includes(mark) === true
            see.require(isTheirs, `a visitor was shown ${describe(seen)}`)
          }),
        )
      })
      see.note(`${visitors} visitors, ${requests} requests, 160 at a time`)
    },
  ),

  check(
    'net.websocket',
    'A WebSocket is opened for pages of this origin and signed-in visitors, and closes with the session',
    'ASVS 5.0 4.4.2, 4.4.3, 4.4.4',
    async (application, see) => {
      const { path } = application.route('webSocket')
      const visitor = await application.signedIn()
      const open = (origin: string | undefined, cookie: string) =>
        openWebSocket(application.origin, path, {
          ...application.description.headers,
          ...(origin !== undefined && { Origin: origin }),
          ...(cookie !== '' && { Cookie: cookie }),
        })
      const statusOf = async (origin: string | undefined, cookie: string): Promise<number> => {
        const socket = await open(origin, cookie)
        socket.close()
        return socket.status
      }
      const foreign = await statusOf('https://evil.example', visitor.cookieHeader)
      see.require(foreign === 403, `from another origin: status ${foreign}`)
      const opaque = await statusOf('null', visitor.cookieHeader)
      see.require(opaque === 403, `from an opaque origin: status ${opaque}`)
      const nobody = await statusOf(application.origin, '')
      see.require(nobody === 401 || nobody === 403, `without a session: status ${nobody}`)
      const socket = await open(application.origin, visitor.cookieHeader)
      see.require(socket.status === 101, `from this origin, signed in: status ${socket.status}`)
      if (application.has('signOut') && socket.status === 101) {
        await visitor.signOut()
        see.require(await socket.closedWithin(5_000), 'it is still open five seconds after the logout')
      }
      socket.close()
      see.note('403 from elsewhere; closed by the logout')
    },
  ),
]

function isSessionOverHttps({ name, value, attributes }: ReturnType<typeof readStrictly>, session: string): boolean {
  const isSecure = attributes.some(([attribute]) => attribute.toLowerCase() === 'secure')
  return value !== '' && (isSecure || /^__(host|secure)-/i.test(name)) && name === session
}

/** What a simple shared cache does: it looks at the status and at Cache-Control, and at nothing else (not at Vary, as many don't). */
function isKeptBySharedCache(method: string, response: HttpResponse): boolean {
  const caching = response.header('cache-control') ?? ''
  if (!['GET', 'HEAD'].includes(method) || /no-store|private/i.test(caching)) return false
  return [200, 203, 204, 300, 301, 304, 308, 404, 410].includes(response.status)
}

function describe(seen: string | undefined): string {
  return seen === undefined ? 'an error' : JSON.stringify(seen.slice(0, 60))
}
