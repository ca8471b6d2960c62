import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Place } from './place.ts'

/** Who a client of the lab plays. A header says it, for the evidence alone. */
export type Part = 'attacker' | 'thief' | 'browser' | 'tab 1' | 'tab 2'

export const partHeader = 'x-lab-part'

/** A real HTTP client of this very server, over a connection of its own. It keeps cookies as a browser does, and follows no redirect. */
export class LabClient {
  readonly #place: Place
  readonly #path: string
  readonly #part: Part
  readonly #cookies = new Map<string, string>()

  constructor({ place, path }: { place: Place; path: string }, part: Part, cookie?: string) {
    this.#place = place
    this.#path = path
    this.#part = part
    if (cookie) this.#keep(cookie)
  }

  /** The Cookie header of its next request. */
  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** Resolve to the answer's status. */
  get(action: string): Promise<number> {
    return this.#send('GET', action)
  }

  post(action: string, fields: Record<string, string> = {}): Promise<number> {
    return this.#send('POST', action, new URLSearchParams(fields).toString())
  }

  #send(method: string, action: string, body?: string): Promise<number> {
    const { origin, server } = this.#place
    const { host, protocol } = new URL(origin)
    const headers = {
      host,
      [partHeader]: this.#part,
      ...(this.cookie && { cookie: this.cookie }),
      // For a proxy that it goes around.
      ...(protocol === 'https:' && !server.isEncrypted && { 'x-forwarded-proto': 'https' }),
      ...(body !== undefined && { origin, 'content-type': 'application/x-www-form-urlencoded' }),
    }
    const options = {
      method,
      host: server.host,
      port: server.port,
      path: `${this.#path}/${action}`,
      headers,
      agent: false as const,
      signal: AbortSignal.timeout(8_000),
    }
    return new Promise((resolve, reject) => {
      // It talks to itself: nobody else need vouch for the certificate.
      const request = server.isEncrypted
        ? httpsRequest({ ...options, rejectUnauthorized: false })
        : httpRequest(options)
      request.on('error', reject)
      request.on('response', (response) => {
        for (const line of response.headers['set-cookie'] ?? []) this.#keep(line)
        response.resume().on('end', () => resolve(response.statusCode ?? 0))
      })
      request.end(body)
    })
  }

  #keep(setCookie: string): void {
    const [pair = '', ...attributes] = setCookie.split(/;\s*/)
    const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
    const isOver = attributes.some((each) => /^(max-age=0|expires=.* 1970 )/i.test(each))
    if (isOver) this.#cookies.delete(name)
    else this.#cookies.set(name, value)
  }
}
