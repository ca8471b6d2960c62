import { Sessions } from 'coatcheck'
import { type CoatcheckOptions, coatcheck } from 'coatcheck/adapters/hono'
import { csrf } from 'coatcheck/security/csrf'
import type { FileStore } from 'coatcheck/stores/file'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { AssetFiles } from './asset-files.ts'
import { cookieNameOf, type Demo, type DemoEnv, type VisitorData } from './demo-env.ts'
import { errorPage } from './errors.tsx'
import { FewAtATime, type FewAtATimeOptions } from './few-at-a-time.ts'
import { watchLibrary } from './library-steps.ts'
import { LoginLimiter } from './login-limiter.ts'
import { RequestLog } from './request-log.ts'
import { dashboardRoutes } from './routes/dashboard.tsx'
import { functionRoutes } from './routes/functions.tsx'
import { homeRoutes, plainCookies } from './routes/home.tsx'
import { loginRoutes } from './routes/login.tsx'
import type { LabData } from './seed-functions.ts'
import { themeCookie } from './theme.ts'

export interface DemoOptions {
  store: FileStore
  /** Where that store keeps its files: the demo shows the record as it lies there. */
  directory: string
  /** Milliseconds since 1970. Default: `Date.now`. */
  clock?: () => number
  /** Proxies that end https in front of the demo. Default: none. */
  trustProxy?: NonNullable<CoatcheckOptions['trustProxy']>
  hashing?: FewAtATimeOptions
}

/** The whole demo, ready for any server that Hono runs on. `close` waits until the sessions of requests under way are stored, for five seconds at most; the store is the caller's. */
export function createDemo({ store, directory, clock = Date.now, trustProxy = [], hashing = {} }: DemoOptions): {
  app: Hono<DemoEnv>
  close: () => Promise<void>
} {
  const common = { store, clock, guards: [csrf()] }
  const sessions = new Sessions<VisitorData>(common)
  const lab = new Sessions<LabData>({ ...common, cookie: { name: 'lab' }, idleTimeout: '20m', initial: () => ({}) })
  const isSecure = (c: Context) =>
    c.req.url.startsWith('https:') ||
    (trustProxy.length > 0 && /(^|,)\s*https$/i.test(c.req.header('x-forwarded-proto') ?? ''))
  const demo: Demo = {
    sessions,
    lab,
    store,
    directory,
    clock,
    assets: new AssetFiles(),
    limiter: new LoginLimiter({ clock }),
    hashing: new FewAtATime(hashing),
    isSecure,
  }
  const log = new RequestLog({
    clock,
    cookie: (c) => ({ name: cookieNameOf(c, 'viewer', isSecure(c)), secure: isSecure(c) }),
    ownCookies: (c) => [
      cookieNameOf(c, 'sid', isSecure(c)),
      cookieNameOf(c, 'lab', isSecure(c)),
      themeCookie,
      ...Object.values(plainCookies),
    ],
  })

  const app = new Hono<DemoEnv>()
  app.onError((error, c) => errorPage(error, c, demo))
  app.notFound((c) => errorPage(new HTTPException(404, { message: 'There is no page at this address.' }), c, demo))

  app.use(safeHeaders)
  app.route('/', demo.assets.routes)
  app.use(log.middleware(takesPart))
  app.use(bodyLimit({ maxSize: 16 * 1024, onError: () => tooLarge() }))
  app.use(coatcheck(sessions, { trustProxy }), coatcheck(lab, { trustProxy }))
  app.route('/', homeRoutes(demo))
  app.route('/', loginRoutes(demo))
  app.route('/', dashboardRoutes(demo))
  app.route('/', functionRoutes(demo))
  for (const page of ['login', 'dashboard', 'logout']) app.all(`/${page}.php`, (c) => c.redirect(`/${page}`, 308))

  const stopWatching = watchLibrary()
  return {
    app,
    async close() {
      await Promise.all([sessions.close({ within: '5s' }), lab.close({ within: '5s' })])
      stopWatching()
    },
  }
}

/** The lessons can be read without a cookie. From the login on, a browser's requests are remembered for it. */
function takesPart(path: string): boolean {
  return /^\/(login|logout|dashboard|functions|requests|coat)\b/.test(path)
}

/** No inline script or style anywhere, nothing from elsewhere, no framing, nowhere to send a form but here. */
const safeHeaders: MiddlewareHandler = async (c, next) => {
  await next()
  c.header(
    'Content-Security-Policy',
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; " +
      "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  )
  c.header('X-Content-Type-Options', 'nosniff')
  c.header('Referrer-Policy', 'same-origin')
  c.header('Cross-Origin-Opener-Policy', 'same-origin')
  c.header('Cross-Origin-Resource-Policy', 'same-origin')
}

function tooLarge(): never {
  throw new HTTPException(413, { message: 'More than 16 KB arrived; no form of this demo sends that much.' })
}
