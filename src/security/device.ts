import type { Exchange } from '../core/exchange.ts'
import type { Device } from '../core/record-body.ts'
import { networkOf, plainAddress } from './network.ts'
import { readUserAgent } from './user-agent.ts'

/** What `describeDevice` is told. */
export interface DescribeDeviceOptions {
  /**
   * How much of the visitor's address is kept: all of it; its network (IPv4: 24 bits, IPv6: 48), such as `203.0.113.0/24`; nothing. It is
   * personal data, and stays in the record until the session ends. Default: `network`.
   */
  readonly address?: 'full' | 'network' | 'none'
}

/**
 * What "your devices" can say of the device that a user signed in with: browser and major version, operating system, kind of device,
 * address. Taken from `User-Agent` and the connection, so it is a help for people and proves nothing: whoever sends the
 * request writes the header. What is not known is left out. Needs the packages `bowser` and `ipaddr.js`.
 *
 * @example
 * const sessions = new Sessions({ store, device: describeDevice() })
 * // session.device: { browser: 'Firefox 143', os: 'Windows', type: 'desktop', address: '203.0.113.0/24' }
 */
export function describeDevice({
  address: detail = 'network',
}: DescribeDeviceOptions = {}): (exchange: Pick<Exchange, 'header' | 'address'>) => Device {
  const addressOf = { full: plainAddress, network: networkOf, none: () => undefined }[detail]
  if (!addressOf) throw new TypeError(`address must be 'full', 'network' or 'none', got ${JSON.stringify(detail)}`)
  return (exchange) => {
    const { browser, version, os, type } = readUserAgent(exchange.header('user-agent'))
    const address = detail === 'none' ? undefined : addressOf(exchange.address)
    return {
      ...(browser !== undefined && { browser: version === undefined ? browser : `${browser} ${version}` }),
      ...(os !== undefined && { os }),
      ...(type !== undefined && { type }),
      ...(address !== undefined && { address }),
    }
  }
}
