import { Hono } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import { csrf } from 'hono/csrf'
import { type Demo, type DemoEnv, frameOf } from '../demo-env.ts'
import { readForm } from '../forms.ts'
import { page } from '../page.ts'
import { ClientStorage } from '../pages/client-storage.tsx'
import { Cookies } from '../pages/cookies.tsx'
import { Home } from '../pages/home.tsx'
import { ownPage, themeCookie, themeOf } from '../theme.ts'

/**
 * The plain cookies that a visitor can play with. Not Secure, as there is nothing to protect: a Secure one, set over https,
 * could not be changed over http any more, and cookies ignore ports and schemes.
 */
export const plainCookies = { favourite: 'favourite', large: 'large' } as const

const largeBytes = 5000

/** The lesson, its two neighbours, and the colour switch: pages that need no session, and open none. */
export function homeRoutes(demo: Demo): Hono<DemoEnv> {
  const routes = new Hono<DemoEnv>()
  // Without a session there is nothing for the library's guard to look at.
  for (const path of ['/cookies', '/theme']) routes.use(path, csrf())

  routes.get('/', (c) => page(c, <Home frame={frameOf(c, demo)} secure={demo.isSecure(c)} />))

  routes.get('/client-storage', (c) => page(c, <ClientStorage frame={frameOf(c, demo)} />))

  routes.get('/cookies', (c) => {
    const sent =
      c.req.query('sent') === String(largeBytes)
        ? { bytes: largeBytes, back: getCookie(c, 'large')?.length ?? 0 }
        : undefined
    return page(c, <Cookies frame={frameOf(c, demo)} favourite={getCookie(c, 'favourite')} sent={sent} />)
  })

  routes.post('/cookies', async (c) => {
    const field = await readForm(c)
    const options = { path: '/', sameSite: 'Lax' } as const
    switch (field('do')) {
      case 'set':
        setCookie(c, plainCookies.favourite, field('value').trim().slice(0, 100), { ...options, maxAge: 3600 })
        return c.redirect('/cookies#yours', 303)
      case 'delete':
        setCookie(c, plainCookies.favourite, '', { ...options, maxAge: 0 })
        return c.redirect('/cookies#yours', 303)
      case 'large':
        setCookie(c, plainCookies.large, 'x'.repeat(largeBytes), { ...options, maxAge: 60 })
        return c.redirect(`/cookies?sent=${largeBytes}#limit`, 303)
      default:
        return c.redirect('/cookies', 303)
    }
  })

  routes.post('/theme', async (c) => {
    const field = await readForm(c)
    const theme = themeOf(field('theme'))
    const kept = theme === 'auto' ? 0 : 365 * 24 * 3600
    setCookie(c, themeCookie, theme, { path: '/', sameSite: 'Lax', maxAge: kept })
    return c.redirect(ownPage(field('back')), 303)
  })

  return routes
}
