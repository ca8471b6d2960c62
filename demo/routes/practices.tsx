import { randomBytes } from 'node:crypto'
import type { ReadonlySession, SessionId } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/hono'
import { Hono } from 'hono'
import { getCookie } from 'hono/cookie'
import { cookieNameOf, type Demo, type DemoContext, type DemoEnv, frameOf, type VisitorData } from '../demo-env.ts'
import { clientOf } from '../login/client.ts'
import { page } from '../page.ts'
import { Practices } from '../pages/practices.tsx'
import { type Facts, judgePractices } from '../practices.ts'
import { addStep, type Viewer } from '../request-log.ts'

/** The table of best practices, each judged by what this visitor's own requests and this response show. */
export function practiceRoutes(demo: Demo): Hono<DemoEnv> {
  const { sessions, clock } = demo
  const routes = new Hono<DemoEnv>()

  routes.get('/practices', async (c) => {
    const session = await sessions.open(c, { mode: 'read-only' })
    c.header('Cache-Control', 'no-store')
    const facts = await factsOf(c, session)
    const name = cookieNameOf(c, 'sid', facts.isSecure)
    return page(
      c,
      <Practices frame={frameOf(c, demo)} {...judgePractices(facts)} isSecure={facts.isSecure} cookieName={name} />,
    )
  })

  async function factsOf(c: DemoContext, session: ReadonlySession<VisitorData>): Promise<Facts> {
    const { userId, id, data, expiresAt, absoluteExpiresAt } = session
    const isSecure = demo.isSecure(c)
    const name = cookieNameOf(c, 'sid', isSecure)
    const viewer = c.get('viewer')
    const now = clock()
    return {
      isSecure,
      isLoggedIn: userId !== undefined,
      setCookie: userId === undefined ? undefined : ticketLine(viewer, name),
      login: loginOf(viewer, name),
      client: userId !== undefined && data.client ? { opened: data.client, seen: clientOf(c) } : undefined,
      left:
        userId !== undefined && expiresAt && absoluteExpiresAt
          ? { idle: expiresAt.getTime() - now, absolute: absoluteExpiresAt.getTime() - now }
          : undefined,
      logout: logoutOf(viewer, name),
      ...(await tryOut(c, name)),
      record: userId !== undefined && id ? await searchRecord(id, getCookie(c, name) ?? '') : undefined,
      cacheControl: c.res.headers.get('cache-control') ?? '',
    }
  }

  /** Requests that the server makes to itself, so that what they do is seen and not promised. */
  const ownRequests = new Hono<DemoEnv>()
    .use(coatcheck(sessions, { trustProxy: demo.trustProxy }))
    .get('*', async (c) => c.json((await sessions.open(c)).isStored))
    .post('*', async (c) => {
      await sessions.open(c, { mode: 'shared' })
      return c.body(null, 204)
    })

  async function tryOut(c: DemoContext, name: string): Promise<Pick<Facts, 'madeUp' | 'foreignForm'>> {
    const proxied = c.req.header('x-forwarded-proto')
    const common = { host: c.req.header('host') ?? '', ...(proxied && { 'x-forwarded-proto': proxied }) }
    addStep({ text: 'The demo tries a made-up ticket' })
    const cookie = `${name}=${randomBytes(48).toString('base64url')}`
    const answer = await ownRequests.request(c.req.url, { headers: { ...common, cookie } }, c.env)
    const isAdopted = answer.ok && ((await answer.json()) === true || answer.headers.getSetCookie().length > 0)
    addStep({ text: 'The demo sends itself a form of another site' })
    const headers = { ...common, origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' }
    const { status } = await ownRequests.request(c.req.url, { method: 'POST', headers }, c.env)
    return {
      madeUp: answer.ok ? (isAdopted ? 'adopted' : 'ignored') : undefined,
      foreignForm: status === 403 ? 'refused' : status === 204 ? 'accepted' : undefined,
    }
  }

  async function searchRecord(id: SessionId, ticket: string): Promise<Facts['record']> {
    addStep({ text: 'The demo searches the record for the ticket' })
    const record = await demo.store.read(id, { now: clock(), signal: AbortSignal.timeout(2_000) })
    if (!record) return undefined
    const { body, ...fields } = record
    const text = JSON.stringify(fields) + Buffer.from(body).toString('latin1')
    const parts = Array.from({ length: Math.max(0, ticket.length - 7) }, (_, at) => ticket.slice(at, at + 8))
    return { place: demo.place, holdsTicket: parts.some((part) => text.includes(part)) }
  }

  return routes
}

/** The newest line that brought this browser a ticket, as the log of its requests has it. */
function ticketLine({ requests, login }: Viewer, name: string): string | undefined {
  return [...(login ? [login.request] : []), ...requests]
    .flatMap(({ answer }) => answer?.setCookies ?? [])
    .findLast((line) => line.startsWith(`${name}=`))
}

function loginOf({ login }: Viewer, name: string): Facts['login'] {
  if (!login) return undefined
  const valueIn = (pairs: readonly string[] = []) =>
    pairs
      .find((pair) => pair.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .split(';')[0]
  const { request, oldCookie } = login
  return { before: valueIn(request.cookies), after: valueIn(request.answer?.setCookies), oldCookie }
}

function logoutOf({ requests }: Viewer, name: string): Facts['logout'] {
  const logout = requests.findLast(({ method, path }) => method === 'POST' && path === '/logout')
  const lines = logout?.answer?.setCookies.filter((line) => line.startsWith(`${name}=`)) ?? []
  // Who was not logged in has nothing to clear.
  if (!logout || lines.length === 0) return undefined
  return {
    deletesRecord: logout.steps.some(({ text }) => /destroyed/.test(text)),
    expiresCookie: lines.some(isExpiring),
  }
}

function isExpiring(line: string): boolean {
  const expires = /; Expires=([^;]+)/i.exec(line)?.[1]
  return expires !== undefined && Date.parse(expires) <= 0
}
