import type { DemoContext } from '../demo-env.ts'

/** Where the demo is, as the visitor's browser and as the lab's own clients see it. */
export interface Place {
  /** Such as `http://localhost:3000`. */
  origin: string
  /** Where the lab's clients connect to: this very server, whatever the Host header says. */
  server: { host: string; port: number; isEncrypted: boolean }
}

/** The lab is for the machine that it runs on. Anywhere else it would be an attack on whoever uses it. */
export function isThisMachine(host: string): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host)
}

/** Undefined where the lab can't be: under a name that is not this machine's, or without a connection. */
export function placeOf(c: DemoContext, isSecure: boolean): Place | undefined {
  const host = c.req.header('host') ?? ''
  const socket = c.env && 'incoming' in c.env ? c.env.incoming?.socket : undefined
  if (!isThisMachine(host) || !socket?.localAddress || !socket.localPort) return undefined
  return {
    origin: `${isSecure ? 'https' : 'http'}://${host}`,
    server: { host: socket.localAddress, port: socket.localPort, isEncrypted: 'encrypted' in socket },
  }
}

/** The name under which the same server is another site: a browser needs no DNS for it. */
export function evilOrigin({ origin }: Pick<Place, 'origin'>): string {
  const { protocol, port } = new URL(origin)
  return `${protocol}//evil.localhost${port && `:${port}`}`
}

/** The library's rule: `__Host-name` over https, `name-3000` over http on this machine. */
export function cookieNameAt(origin: string, name: string): string {
  return origin.startsWith('https:') ? `__Host-${name}` : `${name}-${/:(\d+)$/.exec(origin)?.[1] ?? '80'}`
}
