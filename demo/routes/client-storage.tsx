import { Hono } from 'hono'
import { seenHeaders } from '../cookies/seen-headers.ts'
import { type Demo, type DemoEnv, frameOf } from '../demo-env.ts'
import { page } from '../page.ts'
import { ClientStorage } from '../pages/client-storage.tsx'

/** The lesson after: what lies in the browser and never comes here. */
export function clientStorageRoutes(demo: Demo): Hono<DemoEnv> {
  const routes = new Hono<DemoEnv>()
  routes.get('/client-storage', (c) => page(c, <ClientStorage frame={frameOf(c, demo)} headers={seenHeaders(c)} />))
  return routes
}
