import { BlockList, isIP } from 'node:net'

/**
 * The proxies whose `X-Forwarded-Proto` is believed: addresses or ranges such as `'10.0.0.0/8'`, or `'loopback'` for those on
 * this machine. Default: none. A header from anyone else is ignored, as every visitor can send one.
 */
export type TrustProxy = readonly string[]

/** Throws a TypeError for what is neither an address nor a range. */
export function trustedProxies(trustProxy: TrustProxy = []): (address: string | undefined) => boolean {
  if (trustProxy.length === 0) return () => false
  const list = new BlockList()
  for (const entry of trustProxy.flatMap((name) => (name === 'loopback' ? ['127.0.0.0/8', '::1'] : [name]))) {
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    const bits = prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix)
    if (isIP(address) === 0 || !/^\d+$/.test(prefix ?? '0') || bits > (family === 'ipv6' ? 128 : 32)) {
      throw new TypeError(
        `trustProxy: ${JSON.stringify(entry)} is no IP address, no range such as '10.0.0.0/8', and not 'loopback'`,
      )
    }
    list.addSubnet(address, bits, family)
  }
  return (address) => {
    // A server on `::` sees IPv4 peers as ::ffff:10.0.0.1.
    const plain = address?.replace(/^::ffff:(?=\d+\.)/i, '')
    return plain !== undefined && isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
  }
}

/** The scheme that the nearest trusted proxy saw: the last value of the list, as each proxy appends its own. */
export function isForwardedHttps(forwardedProto: string | undefined): boolean {
  return forwardedProto?.split(',').at(-1)?.trim().toLowerCase() === 'https'
}
