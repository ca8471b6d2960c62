import type { MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'

/**
 * Refuses requests that change something and that another site's page made, without a token in every form: browsers say
 * where a request comes from. The rules are those of Go's `http.CrossOriginProtection`: `Sec-Fetch-Site` decides where it is
 * sent; over plain http to another host than this machine it isn't, so there `Origin` is compared with the host; a client that
 * sends neither is no browser, and has no visitor's cookies to abuse.
 */
export const sameOriginOnly: MiddlewareHandler = async (c, next) => {
  if (!['GET', 'HEAD', 'OPTIONS'].includes(c.req.method)) {
    const site = c.req.header('sec-fetch-site')
    const origin = c.req.header('origin')
    const isOurs = site ? site === 'same-origin' || site === 'none' : !origin || hostOf(origin) === c.req.header('host')
    if (!isOurs) throw new HTTPException(403, { message: 'This request was made by the page of another site.' })
  }
  await next()
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
