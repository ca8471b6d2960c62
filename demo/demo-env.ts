import type { HttpBindings } from '@hono/node-server'
import type { Sessions, Store } from 'coatcheck'
import type { CoatcheckOptions } from 'coatcheck/adapters/hono'
import type { Recorder } from 'coatcheck/devtools'
import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import type { AssetFiles } from './asset-files.ts'
import type { FewAtATime } from './login/few-at-a-time.ts'
import type { LoginLimiter } from './login/login-limiter.ts'
import type { Frame } from './pages/layout.tsx'
import type { LogEnv } from './request-log.ts'
import type { LabData } from './seed-functions.ts'
import { themeCookie, themeOf } from './theme.ts'
import { progressOf } from './tour/progress.ts'

/** What a visitor's session holds. Before login at most a coat, to see that it stays. */
export interface VisitorData {
  user_id?: number
  username?: string
  coat?: string
  /** Who logged in, coarsely: a change is reported, never punished. */
  client?: { agent: string; address: string }
}

/** What the routes work with. */
export interface Demo {
  sessions: Sessions<VisitorData>
  /** A second one beside it, under a cookie of its own, for trying the functions out. It gives no rights anywhere. */
  lab: Sessions<LabData>
  /** What the pages show of requests and records. */
  recorder: Recorder
  store: Store
  /** Where the store keeps its files, if it does. */
  directory?: string | undefined
  /** Where the records are, behind "in": `a file`, `Redis`. */
  place: string
  clock: () => number
  assets: AssetFiles
  limiter: LoginLimiter
  hashing: FewAtATime
  /** Proxies that end https in front of the demo, for requests that it makes to itself as well. */
  trustProxy: NonNullable<CoatcheckOptions['trustProxy']>
  /** Whether the browser's connection is https. */
  isSecure: (c: Context) => boolean
}

export type DemoEnv = LogEnv & { Bindings: Partial<HttpBindings> }
export type DemoContext = Context<DemoEnv>

export function frameOf(c: DemoContext, { assets }: Demo): Frame {
  const theme = themeOf(getCookie(c, themeCookie))
  return { path: c.req.path, theme, asset: assets.address, tour: progressOf(c)?.step }
}

/** The library's rule (`SessionsOptions.cookie.name`): `__Host-sid` over https, `sid-3000` over http on this machine. */
export function cookieNameOf(c: Context, name: 'sid' | 'lab' | 'shop' | 'viewer', isSecure: boolean): string {
  return isSecure ? `__Host-${name}` : `${name}-${/:(\d+)$/.exec(c.req.header('host') ?? '')?.[1] ?? '80'}`
}
