import type { HttpBindings } from '@hono/node-server'
import type { Sessions } from 'coatcheck'
import type { FileStore } from 'coatcheck/stores/file'
import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import type { AssetFiles } from './asset-files.ts'
import type { FewAtATime } from './few-at-a-time.ts'
import type { LoginLimiter } from './login-limiter.ts'
import type { Frame } from './pages/layout.tsx'
import type { LogEnv } from './request-log.ts'
import type { LabData } from './seed-functions.ts'
import { themeCookie, themeOf } from './theme.ts'

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
  store: FileStore
  /** Where the store keeps its files. */
  directory: string
  clock: () => number
  assets: AssetFiles
  limiter: LoginLimiter
  hashing: FewAtATime
  /** Whether the browser's connection is https. */
  isSecure: (c: Context) => boolean
}

export type DemoEnv = LogEnv & { Bindings: Partial<HttpBindings> }
export type DemoContext = Context<DemoEnv>

export function frameOf(c: DemoContext, { assets }: Demo): Frame {
  return { path: c.req.path, theme: themeOf(getCookie(c, themeCookie)), asset: assets.address }
}

/** The library's rule (`SessionsOptions.cookie.name`): `__Host-sid` over https, `sid-3000` over http on this machine. */
export function cookieNameOf(c: Context, name: 'sid' | 'lab' | 'viewer', isSecure: boolean): string {
  return isSecure ? `__Host-${name}` : `${name}-${/:(\d+)$/.exec(c.req.header('host') ?? '')?.[1] ?? '80'}`
}
