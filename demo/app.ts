import { Sessions, type Store } from 'coatcheck'
import { type CoatcheckOptions, coatcheck } from 'coatcheck/adapters/hono'
import { liveScript, panelStyle, Recorder, timesScript } from 'coatcheck/devtools'
import { csrf } from 'coatcheck/security/csrf'
import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { AssetFiles } from './asset-files.ts'
import { shopCookies } from './compare/cookie-shop.ts'
import type { ShopData } from './compare/shop.ts'
import type { Demo, DemoEnv, VisitorData } from './demo-env.ts'
import { errorPage } from './errors.tsx'
import { PhpLab } from './functions/php/php-lab.ts'
import { AttackLab } from './lab/attack-lab.ts'
import { weakCookies } from './lab/attacks/csrf.ts'
import { evilSite } from './lab/evil-site.tsx'
import { describe } from './login/client.ts'
import { FewAtATime, type FewAtATimeOptions } from './login/few-at-a-time.ts'
import { LoginLimiter } from './login/login-limiter.ts'
import { recordRequests } from './request-log.ts'
import { clientStorageRoutes } from './routes/client-storage.tsx'
import { compareRoutes } from './routes/compare.tsx'
import { cookieRoutes, plainCookies } from './routes/cookies.tsx'
import { dashboardRoutes } from './routes/dashboard.tsx'
import { deviceRoutes, sessionsPerUser } from './routes/devices.tsx'
import { functionRoutes } from './routes/functions.tsx'
import { homeRoutes } from './routes/home.tsx'
import { attackLabRoutes } from './routes/lab.tsx'
import { loginRoutes } from './routes/login.tsx'
import { practiceRoutes } from './routes/practices.tsx'
import { tourRoutes } from './routes/tour.tsx'
import type { LabData } from './seed-functions.ts'
import { themeCookie } from './theme.ts'
import { tourCookie } from './tour/progress.ts'

export interface DemoOptions {
  store: Store
  /** Where that store keeps its files, if it does: the demo shows the record as it lies there. */
  directory?: string | undefined
  /** What pages call the place where the records are, behind "in". Default: `a file` with a directory, else `the store`. */
  place?: string
  /** Milliseconds since 1970. Default: `Date.now`. */
  clock?: () => number
  /** Proxies that end https in front of the demo. Default: none. */
  trustProxy?: NonNullable<CoatcheckOptions['trustProxy']>
  hashing?: FewAtATimeOptions
  /** The PHP that runs beside the functions, by its path; `false` for none. Default: `php-cgi` or `php` of the PATH. */
  php?: string | false
  /** The runs of the attack lab. */
  attackLab?: AttackLab
}

/** The whole demo, ready for any server that Hono runs on. `close` waits until the sessions of requests under way are stored, for five seconds at most; the store is the caller's. */
export function createDemo({
  store,
  directory,
  place = directory ? 'a file' : 'the store',
  clock = Date.now,
  trustProxy = [],
  hashing = {},
  php,
  attackLab = new AttackLab({ clock, trustProxy }),
}: DemoOptions): { app: Hono<DemoEnv>; close: () => Promise<void> } {
  const common = { store, clock, guards: [csrf()] }
  const sessions = new Sessions<VisitorData>({ ...common, device: describe, sessionsPerUser })
  const lab = new Sessions<LabData>({ ...common, cookie: { name: 'lab' }, idleTimeout: '20m', initial: () => ({}) })
  const shop = new Sessions<ShopData>({ ...common, cookie: { name: 'shop' }, idleTimeout: '20m' })
  const isSecure = (c: Context) =>
    c.req.url.startsWith('https:') ||
    (trustProxy.length > 0 && /(^|,)\s*https$/i.test(c.req.header('x-forwarded-proto') ?? ''))
  const recorder = new Recorder({
    sessions,
    store,
    clock,
    sessionCookies: ['sid', 'lab', 'shop', ...attackLab.safeCookies],
    otherCookies: [
      themeCookie,
      tourCookie,
      ...Object.values(plainCookies),
      ...Object.values(shopCookies),
      ...weakCookies,
    ],
    viewerCookie: 'viewer',
  })
  const demo: Demo = {
    sessions,
    lab,
    recorder,
    store,
    directory,
    place,
    clock,
    assets: new AssetFiles(),
    limiter: new LoginLimiter({ clock }),
    hashing: new FewAtATime(hashing),
    trustProxy,
    isSecure,
  }
  const phpLab = new PhpLab({ program: php, clock })
  demo.assets.add('panels.css', panelStyle)
  demo.assets.add('times.js', timesScript)
  demo.assets.add('live.js', liveScript)

  const app = new Hono<DemoEnv>()
  app.onError((error, c) => errorPage(error, c, demo))
  app.notFound((c) => errorPage(new HTTPException(404, { message: 'There is no page at this address.' }), c, demo))

  // Under its name nothing else is served, and with headers of its own.
  app.use(evilSite(attackLab, demo.assets))
  app.use(safeHeaders)
  app.route('/', demo.assets.routes)
  app.use(recordRequests(recorder, { issues: takesPart, isSecure }))
  app.use(bodyLimit({ maxSize: 16 * 1024, onError: () => tooLarge() }))
  app.use(coatcheck(sessions, { trustProxy }), coatcheck(lab, { trustProxy }), coatcheck(shop, { trustProxy }))
  app.route('/', homeRoutes(demo))
  app.route('/', cookieRoutes(demo))
  app.route('/', clientStorageRoutes(demo))
  app.route('/', compareRoutes(demo, shop))
  app.route('/', loginRoutes(demo))
  app.route('/', dashboardRoutes(demo))
  app.route('/', deviceRoutes(demo))
  app.route('/', practiceRoutes(demo))
  app.route('/', functionRoutes(demo, phpLab))
  app.route('/', attackLabRoutes(demo, attackLab))
  app.route('/', tourRoutes(demo))
  for (const page of ['login', 'dashboard', 'logout']) app.all(`/${page}.php`, (c) => c.redirect(`/${page}`, 308))

  return {
    app,
    async close() {
      recorder.close()
      phpLab.close()
      await Promise.all([sessions.close({ within: '5s' }), lab.close({ within: '5s' }), shop.close({ within: '5s' })])
      await attackLab.close()
    },
  }
}

/** The lessons can be read without a cookie. From the login on, a browser's requests are remembered for it. */
function takesPart(path: string): boolean {
  return /^\/(login|logout|dashboard|functions|requests|record|coat|compare|devices|lab|practices|tour)\b/.test(path)
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
