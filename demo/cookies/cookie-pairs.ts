import type { Context } from 'hono'

/** Those of the request's cookies that bear one of these names, as they arrived. */
export function pairsOf(c: Context, names: readonly string[]): string[] {
  return (c.req.header('cookie') ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => names.includes(pair.slice(0, Math.max(0, pair.indexOf('=')))))
}
