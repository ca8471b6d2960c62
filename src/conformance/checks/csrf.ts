import { type Check, check } from '../check.ts'
import { fillRoute } from '../route.ts'
import { fromNowhere, writeWith } from '../unsafe-write.ts'
import type { Visitor } from '../visitor.ts'

const elsewhere = 'https://evil.example'

export const csrfChecks: readonly Check[] = [
  check(
    'csrf.token',
    'An unsafe request that does not say where it comes from needs a token of this very session',
    'ASVS 5.0 3.5.1; NIST SP 800-63B-4 5.1; WSTG-SESS-05; CVE-2022-24895',
    async (application, see) => {
      application.needs('writeValue', 'readValue')
      const early = application.visitor()
      await early.write('before', 'the sign-in')
      const hasTokens = application.has('csrfToken') && application.description.csrf !== undefined
      const tokenBefore = hasTokens ? await early.token() : ''
      await early.signIn(application.user())
      const stranger = await application.signedIn()
      const visitor = await application.signedIn()
      const refused = async (what: string, who: Visitor, token: string | undefined): Promise<void> => {
        const value = `without-right-${what.replaceAll(' ', '-')}`
        const response = await writeWith(who, { value, ...(token !== undefined && { token }) })
        see.require(response.status === 403, `${what}: status ${response.status}`)
        see.require((await who.read('unsafe'))?.includes(value) !== true, `${what}: it was stored`)
      }
      await refused('no token', visitor, undefined)
      if (!hasTokens) return see.note('no tokens are described, and a request without origin is refused')
      const token = await visitor.token()
      await refused('an empty token', visitor, '')
      await refused('a wrong token', visitor, flipped(token))
      await refused('half a token', visitor, token.slice(0, token.length / 2))
      await refused('another session’s token', visitor, await stranger.token())
      await refused('a token from before the sign-in', early, tokenBefore)
      const right = await writeWith(visitor, { token, value: 'with-the-right-token' })
      see.require(right.status < 400, `the right token: status ${right.status}`)
      see.require(
        (await visitor.read('unsafe'))?.includes('with-the-right-token') === true,
        'the right token: not stored',
      )
      see.note('missing, wrong, cut, another’s and earlier ones: 403')
    },
  ),

  check(
    'csrf.fetch-metadata',
    'An unsafe request from another site, or another host of this site, is refused',
    'CSRFCS Fetch Metadata; ASVS 5.0 3.5.1',
    async (application, see) => {
      application.needs('writeValue', 'readValue')
      const own = application.origin
      const { hostname, port, protocol } = new URL(own)
      const matrix: readonly [headers: Record<string, string>, isAllowed: boolean][] = [
        [{ 'Sec-Fetch-Site': 'same-origin', Origin: own }, true],
        [{ 'Sec-Fetch-Site': 'same-origin' }, true],
        [{ 'Sec-Fetch-Site': 'cross-site', Origin: elsewhere }, false],
        [{ 'Sec-Fetch-Site': 'cross-site', Origin: own }, false],
        [{ 'Sec-Fetch-Site': 'cross-site' }, false],
        [{ 'Sec-Fetch-Site': 'same-site', Origin: `${protocol}//sub.${hostname}` }, false],
        [{ 'Sec-Fetch-Site': 'same-site' }, false],
        [{ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-User': '?1' }, false],
        [{ 'Sec-Fetch-Site': 'something-new' }, false],
        [{ 'Sec-Fetch-Site': 'Same-Origin, cross-site' }, false],
        [{ Origin: own }, true],
        [{ Origin: elsewhere }, false],
        [{ Origin: 'null' }, false],
        [{ Origin: `${own}.evil.example` }, false],
        [{ Origin: own.replace('://', '://evil.') }, false],
        [{ Origin: `${protocol}//${hostname}:${Number(port || 443) + 1}` }, false],
        [{ Origin: elsewhere, Referer: `${own}/` }, false],
        [{ Referer: `${elsewhere}/?${own}/` }, false],
      ]
      let counter = 0
      for (const [headers, isAllowed] of matrix) {
        const visitor = await application.signedIn()
        const value = `matrix-${++counter}`
        const what = Object.entries(headers)
          .map(([name, text]) => `${name}: ${text}`)
          .join(', ')
        const needsToken =
          isAllowed && application.description.csrf && application.description.csrf.needed !== 'without-origin'
        const token = needsToken ? { token: await visitor.token() } : {}
        const response = await writeWith(visitor, { headers, value, ...token })
        const isStored = (await visitor.read('unsafe'))?.includes(value) === true
        if (isAllowed) see.require(isStored, `${what}: refused with ${response.status}`)
        else
          see.require(
            response.status === 403 && !isStored,
            `${what}: ${isStored ? 'stored' : 'not stored'}, status ${response.status}`,
          )
      }
      see.note(`${matrix.length} combinations`)
    },
  ),

  check('csrf.safe-methods', 'GET, HEAD and OPTIONS change nothing', 'ASVS 5.0 3.5.3', async (application, see) => {
    application.needs('signOut')
    const visitor = await application.signedIn()
    const user = visitor.user!.name
    const { path } = fillRoute(application.route('signOut'), {})
    const tried: [what: string, path: string, asking: Parameters<Visitor['send']>[1]][] = [
      ['GET', path, { method: 'GET' }],
      ['HEAD', path, { method: 'HEAD' }],
      ['OPTIONS', path, { method: 'OPTIONS' }],
      ['GET with an override in a header', path, { method: 'GET', headers: { 'X-HTTP-Method-Override': 'POST' } }],
      ['GET with an override in the query', `${path}?_method=POST`, { method: 'GET' }],
    ]
    for (const [what, target, asking] of tried) {
      const response = await visitor.send(target, asking)
      see.require((await visitor.who()) === user, `${what} signs out`)
      if (what === 'GET') see.require([405, 404, 200].includes(response.status), `GET answers ${response.status}`)
      if (what === 'GET') see.note(`GET of the logout answers ${response.status}`)
    }
    if (!application.has('writeValue') || !application.has('readValue')) return
    const write = fillRoute(application.route('writeValue'), { key: 'safe', value: 'by-a-safe-method' })
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      await visitor.send(`${write.path}?value=by-a-safe-method`, { method })
      see.require((await visitor.read('safe'))?.includes('by-a-safe-method') !== true, `${method} stores`)
    }
  }),

  check(
    'csrf.content-type',
    'A form of another site can’t speak to a handler of JSON',
    'ASVS 5.0 3.5.2',
    async (application, see) => {
      application.needs('readValue')
      const { path, request } = fillRoute(application.route('jsonWrite'), { key: 'json', value: 'by-a-form' })
      const text = JSON.stringify(request.json)
      const visitor = await application.signedIn()
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        undefined,
      ]) {
        const headers = type === undefined ? {} : { 'Content-Type': type }
        const response = await visitor.send(path, { method: request.method ?? 'POST', body: text, headers })
        see.require(response.status >= 400 && response.status < 500, `${type ?? 'no type'}: status ${response.status}`)
        see.require((await visitor.read('json'))?.includes('by-a-form') !== true, `${type ?? 'no type'}: it was stored`)
        see.note(`${type?.split(';')[0] ?? 'no type'}: ${response.status}`)
      }
      const right = await visitor.ask('jsonWrite', { key: 'json', value: 'as-json' })
      see.require(right.status < 400, `application/json: status ${right.status}`)
      see.require((await visitor.read('json'))?.includes('as-json') === true, 'application/json: not stored')
    },
  ),

  check('csrf.login', 'Nobody is signed in by another site', 'CSRFCS Login CSRF', async (application, see) => {
    for (const [what, headers] of Object.entries({
      'cross-site': { ...fromNowhere, 'Sec-Fetch-Site': 'cross-site', Origin: elsewhere },
      'from another origin, by Origin alone': { ...fromNowhere, Origin: elsewhere },
    })) {
      const visitor = application.visitor()
      const response = await visitor.signIn(application.user(), { headers, withoutToken: true })
      see.require(response.status === 403, `${what}: status ${response.status}`)
      see.require((await visitor.who()) === 'nobody', `${what}: signed in`)
    }
    see.note('403')
  }),
]

/** The same length and alphabet, another token. */
function flipped(token: string): string {
  return [...token].reverse().join('') === token ? `x${token.slice(1)}` : [...token].reverse().join('')
}
