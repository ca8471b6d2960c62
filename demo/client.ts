import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'

/** Who is asking, coarsely: enough to notice that a session moved, too little to follow anybody. */
export interface Client {
  /** Such as `Firefox on Windows`. */
  agent: string
  /** An IPv4 address, or the /64 network of an IPv6 one. */
  address: string
}

export function clientOf(c: Context): Client {
  return { agent: agentOf(c.req.header('user-agent') ?? ''), address: addressOf(c) }
}

function addressOf(c: Context): string {
  // Without a socket (`app.request()` in a test) there is no address.
  const remote = c.env && 'incoming' in c.env ? getConnInfo(c).remote.address : undefined
  return remote === undefined ? 'unknown' : networkOf(remote)
}

/**
 * Addresses that belong to the same visitor: one who is given an IPv6 network has 2^64 of them. A browser that opens
 * `localhost` may take ::1 now and 127.0.0.1 next.
 */
export function networkOf(address: string): string {
  const v4 = /^(?:::ffff:)?(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (v4) return v4
  if (address === '::1') return '127.0.0.1'
  const [head = '', tail] = address.split('%')[0]!.split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  return `${[...groups, ...Array<string>(missing).fill('0')].slice(0, 4).join(':')}::/64`
}

/** The browser's family and the system's, without versions: an update is no theft. */
export function agentOf(userAgent: string): string {
  const family = firstOf(userAgent, [
    [/\bEdg/, 'Edge'],
    [/\bOPR\//, 'Opera'],
    [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
    [/Chrome\/|\bCriOS\/|\bChromium\//, 'Chrome'],
    [/\bSafari\//, 'Safari'],
    [/^curl\//, 'curl'],
  ])
  const system = firstOf(userAgent, [
    [/Android/, 'Android'],
    [/iPhone|iPad/, 'iOS'],
    [/Windows/, 'Windows'],
    [/Mac OS X/, 'macOS'],
    [/CrOS/, 'ChromeOS'],
    [/Linux/, 'Linux'],
  ])
  return system ? `${family ?? 'A browser'} on ${system}` : (family ?? 'An unknown client')
}

function firstOf(text: string, names: [RegExp, string][]): string | undefined {
  return names.find(([pattern]) => pattern.test(text))?.[1]
}
