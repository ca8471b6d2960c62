import { Hono } from 'hono'
import { getCookie } from 'hono/cookie'
import { cookieNameOf, type Demo, type DemoContext, type DemoEnv, frameOf } from '../demo-env.ts'
import { clientOf } from '../login/client.ts'
import { page } from '../page.ts'
import { Dashboard } from '../pages/dashboard.tsx'
import { RecordPage } from '../pages/record.tsx'
import { Requests } from '../pages/requests.tsx'
import { cut, isPanelRequest, livePath } from '../request-log.ts'

export function dashboardRoutes(demo: Demo): Hono<DemoEnv> {
  const { sessions, recorder, clock } = demo
  const routes = new Hono<DemoEnv>()

  routes.get('/dashboard', async (c) => {
    const session = await sessions.open(c, { touch: !isPanelRequest(c) })
    const { userId, id, handle, createdAt, authenticatedAt, lastSeenAt, expiresAt, absoluteExpiresAt, data } = session
    if (!userId || !id || !handle || !createdAt || !lastSeenAt || !expiresAt || !absoluteExpiresAt) {
      return c.redirect(keepsNoCookies(c) ? '/login?cookie=missing' : '/login', 303)
    }
    const name = cookieNameOf(c, 'sid', demo.isSecure(c))
    const value = getCookie(c, name) ?? ''
    const client = clientOf(c)
    const then = data.client
    const hasMoved = then && (then.agent !== client.agent || then.address !== client.address)
    return page(
      c,
      <Dashboard
        frame={frameOf(c, demo)}
        username={data.username ?? userId}
        data={data}
        cookie={{ name, start: value.slice(0, 4), bytes: value.length, attributes: attributesOf(c, name) }}
        login={loginOf(c, name)}
        now={clock()}
        createdAt={createdAt.getTime()}
        authenticatedAt={(authenticatedAt ?? createdAt).getTime()}
        expiresAt={expiresAt.getTime()}
        absoluteExpiresAt={absoluteExpiresAt.getTime()}
        handle={handle}
        view={await recorder.view(c.get('viewer').recorded, session)}
        place={demo.place}
        isRemembered={session.isRemembered}
        client={hasMoved ? { then, now: client } : undefined}
        requests={c.get('viewer').requests.slice(-6)}
      />,
    )
  })

  routes.get('/requests', (c) =>
    page(c, <Requests frame={frameOf(c, demo)} requests={c.get('viewer').requests} now={clock()} />),
  )

  routes.get('/record', async (c) => {
    const session = await sessions.open(c, { mode: 'read-only', touch: false })
    const view = await recorder.view(c.get('viewer').recorded, session)
    return page(c, <RecordPage frame={frameOf(c, demo)} view={view} place={demo.place} />)
  })

  /** Read-only, so that it waits for nobody and nobody for it. It ends with the session, with the client, and with the server. */
  routes.get(livePath, async (c) => {
    const session = await sessions.open(c, { mode: 'read-only', touch: false })
    const stream = recorder.stream(c.get('viewer').recorded, session)
    c.header('Cache-Control', 'no-store')
    // Too many are open, or this browser is not known: an EventSource stops at it, and the page tries again after a while.
    if (!stream) return c.body(null, 204)
    c.header('Content-Type', 'text/event-stream')
    return c.body(stream.body)
  })

  return routes
}

/** The login page hands every browser a cookie. One that comes from there without it does not keep any. */
function keepsNoCookies(c: DemoContext): boolean {
  const referer = c.req.header('referer') ?? ''
  return !c.req.header('cookie') && URL.canParse(referer) && new URL(referer).pathname === '/login'
}

/** The newest Set-Cookie line of this session that the log remembers, without its value. */
function attributesOf(c: DemoContext, name: string): string | undefined {
  const lines = c.get('viewer').requests.flatMap(({ answer }) => answer?.setCookies ?? [])
  const line = lines.findLast((each) => each.startsWith(`${name}=`))
  return line?.slice(line.indexOf(';') + 1).trim()
}

function loginOf(c: DemoContext, name: string) {
  const login = c.get('viewer').login
  const startOf = (pairs: string[] | undefined) =>
    pairs
      ?.find((pair) => pair.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .split(';')[0]
  const after = startOf(login?.request.answer?.setCookies)
  // Somebody may have logged in with another cookie since, or the cookie may have been replaced by the clock.
  if (!login || after !== cut(getCookieOf(c, name))) return undefined
  return { before: startOf(login.request.cookies), after, oldCookie: login.oldCookie }
}

function getCookieOf(c: DemoContext, name: string): string {
  return getCookie(c, name) ?? ''
}
