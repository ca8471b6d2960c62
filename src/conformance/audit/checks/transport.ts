import { HttpClient } from '../../http/client.ts'
import { ExchangeError } from '../../http/connection.ts'
import { type Check, NotAskable } from '../check.ts'
import type { Site } from '../site.ts'

const oneYear = 31_536_000

/** What goes over plain http. */
export const transport: readonly Check[] = [
  {
    id: 'plain-http',
    severity: 'high',
    title: 'The site works over plain http',
    fix: 'Redirect every request to https, and set no cookie before that.',
    sources: ['ASVS 5.0 12.2.1', 'OWASP WSTG-SESS-09', 'NIST SP 800-63B-4 §5.1.1'],
    async look(site) {
      if (!site.isHttps) {
        if (isThisMachine(site)) throw new NotAskable('over plain http on this machine: audit its https address')
        return { seen: `the session goes over ${new URL(site.options.url).origin}` }
      }
      const url = plainUrlOf(site)
      if (url === undefined) throw new NotAskable('where the site answers plain http is to be said by --plain')
      const client = new HttpClient(url, withoutAddress(site))
      try {
        const response = await client.get(new URL(url).pathname)
        if (response.setCookies.some((line) => site.cookieNames.some((name) => line.startsWith(`${name}=`)))) {
          return { seen: `GET ${url} sets the session cookie` }
        }
        return response.status < 300 ? { seen: `GET ${url} is a page, no redirect`, severity: 'medium' } : undefined
      } catch (error) {
        // Nobody there: nobody to be overheard.
        if (error instanceof ExchangeError) return undefined
        throw error
      }
    },
  },
  {
    id: 'hsts',
    severity: 'low',
    title: 'Browsers are not told to use https only',
    fix: 'Send `Strict-Transport-Security: max-age=31536000; includeSubDomains` with every response.',
    sources: ['ASVS 5.0 3.4.1', 'RFC 6797 §6.1'],
    look(site) {
      if (!site.isHttps) throw new NotAskable('browsers heed it over https only')
      if (isThisMachine(site)) throw new NotAskable('not for a name of this machine, which is used for much else')
      // What was sent malformed may have been answered by the server before the site.
      const { exchanges } = site.first.visitor
      const without = exchanges.find(({ response }) => response.header('strict-transport-security') === undefined)
      if (without) return { seen: `${without.method} ${without.path} has no Strict-Transport-Security` }
      const header = exchanges[0]!.response.header('strict-transport-security') ?? ''
      const maxAge = Number(/max-age="?(\d+)/i.exec(header)?.[1] ?? 0)
      if (maxAge < oneYear) return { seen: `its max-age is ${maxAge} seconds, less than a year` }
      return /includeSubDomains/i.test(header) ? undefined : { seen: 'it does not include subdomains' }
    },
  },
]

function plainUrlOf({ options }: Site): string | undefined {
  if (options.plainUrl !== undefined) return options.plainUrl
  const { port, hostname, pathname } = new URL(options.url)
  return port === '' && !options.connection?.connectTo ? `http://${hostname}${pathname}` : undefined
}

function withoutAddress({ options: { connection = {} } }: Site) {
  const { connectTo: _, ...others } = connection
  return others
}

/** RFC 6797 §8.1.1: an address can't be a known host either. */
function isThisMachine({ options }: Site): boolean {
  const { hostname } = new URL(options.url)
  return /^(.+\.)?localhost$|^[\d.]+$|^\[/.test(hostname)
}
