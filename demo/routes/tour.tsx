import { Hono } from 'hono'
import { getCookie } from 'hono/cookie'
import { HTTPException } from 'hono/http-exception'
import { cookieNameOf, type Demo, type DemoContext, type DemoEnv, frameOf } from '../demo-env.ts'
import { readForm } from '../forms.ts'
import { page } from '../page.ts'
import { TourOverview, TourPage } from '../pages/tour.tsx'
import { excerptOf } from '../source-lines.ts'
import { endTour, keepProgress, progressOf } from '../tour/progress.ts'
import { tourSteps } from '../tour/steps.ts'

/** The guided path: six steps, each with a prediction, an action and the visitor's own requests as evidence. */
export function tourRoutes(demo: Demo): Hono<DemoEnv> {
  const { sessions } = demo
  const routes = new Hono<DemoEnv>()
  const excerpts = tourSteps.map(({ lines }) => lines.flatMap((each) => excerptOf(each) ?? []))

  routes.get('/tour', (c) => page(c, <TourOverview frame={frameOf(c, demo)} progress={progressOf(c)} />))

  routes.get('/tour/:step', async (c) => {
    const number = stepOf(c)
    const { userId } = await sessions.open(c, { mode: 'read-only', touch: false })
    const { guesses = [] } = progressOf(c) ?? {}
    keepProgress(c, { step: number, guesses })
    const view = (
      <TourPage
        frame={{ ...frameOf(c, demo), tour: undefined }}
        number={number}
        guess={guesses[number - 1]}
        scene={{
          requests: c.get('viewer').requests,
          hasTicket: getCookie(c, cookieNameOf(c, 'sid', demo.isSecure(c))) !== undefined,
          isLoggedIn: userId !== undefined,
        }}
        excerpts={excerpts[number - 1] ?? []}
        origin={new URL(c.req.url).origin}
        now={demo.clock()}
      />
    )
    return page(c, view)
  })

  routes.post('/tour/tamper', async (c) => {
    // Its guard refuses another site's page; the session itself is left as it is.
    await sessions.open(c, { mode: 'read-only', touch: false })
    const name = cookieNameOf(c, 'sid', demo.isSecure(c))
    const ticket = getCookie(c, name)
    if (ticket) {
      const changed = (ticket.startsWith('A') ? 'B' : 'A') + ticket.slice(1)
      const secure = demo.isSecure(c) ? '; Secure' : ''
      c.header('Set-Cookie', `${name}=${changed}; Path=/; HttpOnly; SameSite=Lax${secure}`, { append: true })
    }
    return c.redirect('/tour/3#evidence', 303)
  })

  routes.post('/tour/end', async (c) => {
    await sessions.open(c, { mode: 'read-only', touch: false })
    endTour(c)
    return c.redirect('/tour', 303)
  })

  routes.post('/tour/:step', async (c) => {
    const number = stepOf(c)
    await sessions.open(c, { mode: 'read-only', touch: false })
    const guess = (await readForm(c))('guess')
    if (guess === '0' || guess === '1') {
      const guesses = [...(progressOf(c)?.guesses ?? [])]
      guesses[number - 1] = guess === '0' ? 0 : 1
      keepProgress(c, { step: number, guesses })
    }
    return c.redirect(`/tour/${number}#do`, 303)
  })

  return routes
}

function stepOf(c: DemoContext): number {
  const number = Number(c.req.param('step'))
  if (!tourSteps[number - 1]) throw new HTTPException(404, { message: 'The tour has no such step.' })
  return number
}
