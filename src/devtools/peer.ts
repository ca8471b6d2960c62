import { isIP } from 'node:net'

/** Whether the other end of a connection is this machine. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

/**
 * Who asks, where a server on the Fetch API passes it beside the request: `@hono/node-server`, Deno and Bun, each in its way. Undefined where none
 * says so.
 */
export function peerBeside(request: Request, [beside]: readonly unknown[]): string | undefined {
  if (typeof beside !== 'object' || beside === null) return undefined
  const { incoming, remoteAddr, requestIP } = beside as {
    incoming?: { socket?: { remoteAddress?: string } }
    remoteAddr?: { hostname?: string }
    requestIP?: (request: Request) => { address?: string } | null
  }
  if (incoming) return incoming.socket?.remoteAddress
  if (remoteAddr) return remoteAddr.hostname
  return typeof requestIP === 'function' ? requestIP.call(beside, request)?.address : undefined
}

/** A proxy on this machine, whose visitors are anybody: their own address stands in such a header. */
export function isForwarded(header: (name: string) => string | undefined): boolean {
  return ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via', 'cf-connecting-ip'].some(
    (name) => header(name) !== undefined,
  )
}
