import type { DemoContext } from '../demo-env.ts'

/** Those that say nothing secret. Of the others, the name alone. */
const harmless = [
  'accept',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'connection',
  'host',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'upgrade-insecure-requests',
  'user-agent',
]

/**
 * The headers of this request, for a page that shows what a server sees. Undefined stands for a value that is not shown. Of the
 * demo's own cookies there are four characters each; those of other servers on this host are no business of ours.
 */
export function seenHeaders(c: DemoContext): [name: string, value: string | undefined][] {
  return Object.entries(c.req.header())
    .slice(0, 40)
    .map(([name, value]) => {
      if (name === 'cookie') return [name, c.get('logged').cookies.join('; ') || undefined]
      return [name.slice(0, 60), harmless.includes(name) ? value.slice(0, 200) : undefined]
    })
}
