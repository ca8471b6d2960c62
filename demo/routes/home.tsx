import { Hono } from 'hono'
import { setCookie } from 'hono/cookie'
import { csrf } from 'hono/csrf'
import { type Demo, type DemoEnv, frameOf } from '../demo-env.ts'
import { readForm } from '../forms.ts'
import { page } from '../page.ts'
import { Home } from '../pages/home.tsx'
import { ownPage, themeCookie, themeOf } from '../theme.ts'
import { lastLogin } from '../tour/steps.ts'

/** The lesson, and the colour switch: pages that need no session, and open none. */
export function homeRoutes(demo: Demo): Hono<DemoEnv> {
  const routes = new Hono<DemoEnv>()
  // Without a session there is nothing for the library's guard to look at.
  routes.use('/theme', csrf())

  routes.get('/', (c) =>
    page(
      c,
      <Home
        frame={frameOf(c, demo)}
        yours={lastLogin(c.get('viewer').requests)}
        isExample={c.req.query('diagram') === 'example'}
        now={demo.clock()}
      />,
    ),
  )

  routes.post('/theme', async (c) => {
    const field = await readForm(c)
    const theme = themeOf(field('theme'))
    const kept = theme === 'auto' ? 0 : 365 * 24 * 3600
    setCookie(c, themeCookie, theme, { path: '/', sameSite: 'Lax', maxAge: kept })
    return c.redirect(ownPage(field('back')), 303)
  })

  return routes
}
