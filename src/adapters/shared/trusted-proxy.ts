import { BlockList, isIP } from 'node:net'

/**
 * The proxies whose `X-Forwarded-Proto` and `X-Forwarded-For` are believed: addresses or ranges such as `'10.0.0.0/8'`, or `'loopback'` for those on
 * this machine. Default: none. A header from anyone else is ignored, as every visitor can send one.
 */
export type TrustProxy = readonly string[]

/** Throws a TypeError for what is neither an address nor a range. */
export function trustedProxies(trustProxy: TrustProxy = []): (address: string | undefined) => boolean {
  if (trustProxy.length === 0) return () => false
  const list = new BlockList()
  for (const entry of trustProxy.flatMap((name) => (name === 'loopback' ? ['127.0.0.0/8', '::1'] : [name]))) {
    const [address = '', prefix, ...rest] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    const bits = prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix)
    if (
      rest.length > 0 ||
      isIP(address) === 0 ||
      !/^\d+$/.test(prefix ?? '0') ||
      bits > (family === 'ipv6' ? 128 : 32)
    ) {
      throw new TypeError(
        `trustProxy: ${JSON.stringify(entry)} is no IP address, no range such as '10.0.0.0/8', and not 'loopback'`,
      )
    }
    list.addSubnet(address, bits, family)
  }
  return (address) => {
    const plain = plainAddress(address)
    return plain !== undefined && isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
  }
}

/** The scheme that the nearest trusted proxy saw: the last value of the list, as each proxy appends its own. */
export function isForwardedHttps(forwardedProto: string | undefined): boolean {
  return forwardedProto?.split(',').at(-1)?.trim().toLowerCase() === 'https'
}

/**
 * The visitor's address: the peer's, or, where that is a trusted proxy, the last one of `X-Forwarded-For` that no trusted proxy has. What
 * stands before it came from the visitor, who can write anything there.
 */
export function visitorAddress(
  peer: string | undefined,
  forwardedFor: string | undefined,
  isTrusted: (address: string | undefined) => boolean,
): string | undefined {
  let address = plainAddress(peer)
  const hops = forwardedFor?.split(',') ?? []
  while (isTrusted(address) && hops.length > 0) {
    const hop = plainAddress(hops.pop()!.trim())
    if (hop === undefined || isIP(hop) === 0) break
    address = hop
  }
  return address
}

/** A server on `::` sees IPv4 peers as ::ffff:10.0.0.1. */
function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.)/i, '')
}
