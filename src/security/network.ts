import ipaddr from 'ipaddr.js'

/** The address in its one usual spelling (RFC 5952), IPv4 within IPv6 as IPv4, without a zone. Undefined for what is no address. Never throws. */
export function plainAddress(address: string | undefined): string | undefined {
  return parse(address)?.toString()
}

/**
 * The network that the address belongs to: the first 24 bits of IPv4, the first 48 of IPv6, which stay as they are while the devices
 * of a household or an office change theirs (RFC 6177, RFC 8981). Undefined for what is no address. Never throws.
 */
export function networkOf(address: string | undefined): string | undefined {
  const parsed = parse(address)
  if (!parsed) return undefined
  const bits = parsed.kind() === 'ipv4' ? 24 : 48
  const bytes = parsed.toByteArray().map((byte, index) => (index < bits / 8 ? byte : 0))
  return `${ipaddr.fromByteArray(bytes)}/${bits}`
}

function parse(address: string | undefined): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const [text = ''] = address?.slice(0, 64).split('%') ?? []
  // `127.1` and `0x7f000001` are spellings of an address, too, which no socket gives.
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text) ? ipaddr.process(text) : undefined
}
