import type { MiddlewareHandler } from 'hono'
import type { AssetFiles } from '../asset-files.ts'
import { EvilPage } from '../pages/lab/evil.tsx'
import type { AttackLab } from './attack-lab.ts'

/**
 * The attacker's site: this same server under another name, which makes it another site to a browser. It serves one page for
 * each forged-request run, and that page's style; nothing of the demo can be reached under this name.
 */
export function evilSite(lab: AttackLab, assets: AssetFiles): MiddlewareHandler {
  const style = assets.address('lab.css')
  return async (c, next) => {
    const host = (c.req.header('host') ?? '').toLowerCase()
    if (!/^evil\.localhost(:\d+)?$/.test(host)) return next()
    const url = new URL(c.req.url)
    if (c.req.method === 'GET' && url.pathname + url.search === style) return assets.routes.request(style)

    const run = lab.find(/^\/lab\/evil\/([\w-]+)$/.exec(url.pathname)?.[1] ?? '')
    if (c.req.method !== 'GET' || run?.attack.name !== 'csrf') return c.text('There is nothing here.\n', 404)
    const { origin } = run.place
    // What the demo's own pages may not: send a form and ask for an image elsewhere, at this one address.
    const policy = `default-src 'none'; style-src 'self'; img-src ${origin}; form-action ${origin}; frame-ancestors 'none'; base-uri 'none'`
    return c.html(`<!DOCTYPE html>${<EvilPage run={run} style={style} />}`, 200, {
      'Content-Security-Policy': policy,
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'strict-origin',
    })
  }
}
