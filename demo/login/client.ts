import { getConnInfo } from '@hono/node-server/conninfo'
import type { Device } from 'coatcheck'
import { describeDevice } from 'coatcheck/security/device'
import type { Context } from 'hono'
import ipaddr from 'ipaddr.js'

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
  if (!ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  if (parsed.toString() === '::1') return '127.0.0.1'
  if (parsed.kind() === 'ipv4') return parsed.toString()
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${(parsed as ipaddr.IPv6).toNormalizedString().split('%')[0]}/64`)}/64`
}

/** What a session keeps of the device that logged in: for the page "your devices". */
export const describe = describeDevice({ address: 'network' })

/** The browser's family and the system's, without versions: an update is no theft. */
export function agentOf(userAgent: string): string {
  const { browser, os } = describe({
    header: (name) => (name === 'user-agent' ? userAgent : undefined),
    address: undefined,
  })
  return nameOf({ browser: browser?.replace(/ \d+$/, ''), os })
}

/** Such as `Firefox 143 on Windows`. */
export function nameOf({ browser, os }: Pick<Device, 'browser' | 'os'>): string {
  return os ? `${browser ?? 'a browser'} on ${os}` : (browser ?? 'an unknown client')
}
