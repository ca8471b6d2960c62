import { randomBytes } from 'node:crypto'
import type { Sessions } from 'coatcheck'
import { Hono } from 'hono'
import { getCookie } from 'hono/cookie'
import { act, type Experiments, notepad } from '../compare/actions.ts'
import { CookieShop } from '../compare/cookie-shop.ts'
import type { ShopData } from '../compare/shop.ts'
import { pairsOf } from '../cookies/cookie-pairs.ts'
import { cookieNameOf, type Demo, type DemoContext, type DemoEnv, frameOf } from '../demo-env.ts'
import { readForm } from '../forms.ts'
import { page } from '../page.ts'
import { Compare } from '../pages/compare.tsx'
import { readRawRecord } from '../raw-record.ts'

const mostViews = 6

/** The same shop twice: one believes its cookies, the other keeps a session. */
export function compareRoutes(demo: Demo, shop: Sessions<ShopData>): Hono<DemoEnv> {
  const key = randomBytes(32)
  const experiments = new WeakMap<object, Experiments>()
  let visits = 0
  const routes = new Hono<DemoEnv>()

  routes.get('/compare', async (c) => {
    const session = await shop.open(c, { mode: 'read-only' })
    const left = await new CookieShop(c, key).read()
    const ticket = ticketOf(c)
    const bytes = pairsOf(c, [ticket.name]).join('; ').length
    const seen = seenOf(c)
    seen.views.push({ after: seen.last ?? '', left: left.bytes, right: bytes })
    if (seen.views.length > mostViews) seen.views.shift()
    delete seen.last
    return page(
      c,
      <Compare
        frame={frameOf(c, demo)}
        left={left}
        right={{
          customer: session.data.customer,
          name: ticket.name,
          start: ticket.value?.slice(0, 4),
          bytes,
          handle: session.handle,
          record: session.id && (await readRawRecord(demo, session.id)),
          steps: c.get('logged').steps.map(({ text }) => text),
        }}
        seen={seen}
        visits={++visits}
        copy={getCookie(c, notepad.cookies)}
        ticketCopy={getCookie(c, notepad.ticket)?.slice(0, 4)}
        keepsNoCookies={keepsNoCookies(c)}
      />,
    )
  })

  routes.post('/compare', async (c) => {
    // First of all: its guard refuses another site's page before anything is changed, cookies included.
    const session = await shop.open(c)
    const field = await readForm(c)
    const cookies = new CookieShop(c, key)
    const left = await cookies.read()
    const seen = seenOf(c)
    const place = await act(field('do'), { c, field, cookies, left, session, seen, ticket: ticketOf(c) })
    seen.last = field('do')
    return c.redirect(`/compare#${place}`, 303)
  })

  function ticketOf(c: DemoContext) {
    const secure = demo.isSecure(c)
    const name = cookieNameOf(c, 'shop', secure)
    return { name, secure, value: getCookie(c, name) }
  }

  function seenOf(c: DemoContext): Experiments {
    const viewer = c.get('viewer')
    const seen = experiments.get(viewer) ?? { views: [] }
    experiments.set(viewer, seen)
    return seen
  }

  return routes
}

/** Sent here by a form of this very page, whose answer has set several. */
function keepsNoCookies(c: DemoContext): boolean {
  const referer = c.req.header('referer') ?? ''
  return !c.req.header('cookie') && URL.canParse(referer) && new URL(referer).pathname === '/compare'
}
