import { type Context, Hono } from 'hono'
import { generateCookie, getCookie, setCookie } from 'hono/cookie'
import { csrf } from 'hono/csrf'
import { pairsOf } from '../cookies/cookie-pairs.ts'
import { brokenPromise, cellarPath, cookieTrials, trialPath } from '../cookies/cookie-trials.ts'
import { cookieNameOf, type Demo, type DemoContext, type DemoEnv, frameOf } from '../demo-env.ts'
import { readForm } from '../forms.ts'
import { page } from '../page.ts'
import { Cellar } from '../pages/cookies/cellar.tsx'
import { Cookies, type Trial } from '../pages/cookies.tsx'
import { themeCookie, themeOf } from '../theme.ts'

/**
 * The plain cookies that a visitor can play with. Not Secure, as there is nothing to protect: a Secure one, set over https,
 * could not be changed over http any more, and cookies ignore ports and schemes.
 */
export const plainCookies = { favourite: 'favourite', large: 'large' } as const

/** Name and value together: the last that a browser keeps, the first that it does not, and one beyond doubt. */
const sizes = [4096, 4097, 5000]

/** The lesson before: what a cookie is, with cookies of the visitor's own. It needs no session, and opens none. */
export function cookieRoutes(demo: Demo): Hono<DemoEnv> {
  const routes = new Hono<DemoEnv>()
  // Without a session there is nothing for the library's guard to look at.
  routes.use('/cookies', csrf())

  routes.get('/cookies', (c) => {
    const size = sizes.find((each) => String(each) === c.req.query('sent'))
    const back = pairsOf(c, [plainCookies.large])[0]
    return page(
      c,
      <Cookies
        frame={frameOf(c, demo)}
        favourite={getCookie(c, plainCookies.favourite)}
        sent={size === undefined ? undefined : { bytes: size, back: back ? back.length - 1 : 0 }}
        sizes={sizes}
        trials={trialsOf(c)}
        hasTried={c.req.query('tried') === 'all'}
        comesFromElsewhere={c.req.header('sec-fetch-site') === 'cross-site'}
        otherSite={otherSite(c)}
        cookies={pairsOf(c, ownNames(c)).map((pair) => ({
          name: pair.slice(0, pair.indexOf('=')),
          bytes: pair.length,
        }))}
        headerBytes={c.req.header('cookie')?.length ?? 0}
        theme={themeOf(getCookie(c, themeCookie))}
      />,
    )
  })

  routes.post('/cookies', async (c) => {
    const field = await readForm(c)
    const options = { path: '/', sameSite: 'Lax' } as const
    const action = field('do')
    switch (action) {
      case 'set':
        setCookie(c, plainCookies.favourite, field('value').trim().slice(0, 100), { ...options, maxAge: 3600 })
        return c.redirect('/cookies#yours', 303)
      case 'delete':
        setCookie(c, plainCookies.favourite, '', { ...options, maxAge: 0 })
        return c.redirect('/cookies#yours', 303)
      case 'try':
        for (const { line } of trialsOf(c)) c.header('Set-Cookie', line, { append: true })
        return c.redirect('/cookies?tried=all#attributes', 303)
      case 'large': {
        const size = sizes.find((each) => String(each) === field('size')) ?? 5000
        const value = 'x'.repeat(size - plainCookies.large.length)
        setCookie(c, plainCookies.large, value, { ...options, path: trialPath, maxAge: 60 })
        return c.redirect(`/cookies?sent=${size}#limit`, 303)
      }
      default:
        return c.redirect('/cookies', 303)
    }
  })

  routes.get(cellarPath, (c) =>
    page(
      c,
      <Cellar
        frame={{ ...frameOf(c, demo), path: '/cookies' }}
        came={trialsOf(c).flatMap(({ name, hasCome }) => (hasCome ? [name] : []))}
        host={c.req.header('host') ?? ''}
        otherSite={otherSite(c)}
      />,
    ),
  )

  function ownNames(c: DemoContext): string[] {
    const secret = (['sid', 'lab', 'shop', 'viewer'] as const).map((name) => cookieNameOf(c, name, demo.isSecure(c)))
    return [...secret, themeCookie, ...Object.values(plainCookies), ...cookieTrials.map(({ name }) => name)]
  }

  /** The same server by another name of this machine: for a browser that is another site. */
  function otherSite(c: DemoContext): string | undefined {
    const [, host = '', port = ''] = /^(localhost|127\.0\.0\.1)(:\d+)?$/.exec(c.req.header('host') ?? '') ?? []
    if (!host) return undefined
    return `${demo.isSecure(c) ? 'https' : 'http'}://${host === 'localhost' ? '127.0.0.1' : 'localhost'}${port}`
  }

  return routes
}

function trialsOf(c: Context): Trial[] {
  const real = cookieTrials.map(({ name, options, about }) => ({
    name,
    about,
    line: generateCookie(name, '1', { path: trialPath, ...options }),
  }))
  return [...real, brokenPromise].map((trial) => ({ ...trial, hasCome: getCookie(c, trial.name) !== undefined }))
}
