import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Exchange } from '../../core/exchange.ts'
import { isForwardedHttps, visitorAddress } from './trusted-proxy.ts'

/** A request and a response of `node:http`. */
export class NodeExchange implements Exchange {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #isTrusted: (address: string | undefined) => boolean

  constructor(request: IncomingMessage, response: ServerResponse, isTrusted: (address: string | undefined) => boolean) {
    this.#request = request
    this.#response = response
    this.#isTrusted = isTrusted
  }

  get method(): string {
    return this.#request.method ?? 'GET'
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }

  get secure(): boolean {
    const { socket } = this.#request
    if ((socket as Partial<TLSSocket>).encrypted) return true
    return this.#isTrusted(socket.remoteAddress) && isForwardedHttps(this.header('x-forwarded-proto'))
  }

  get host(): string {
    return this.header('host') ?? this.header(':authority') ?? ''
  }

  get address(): string | undefined {
    return visitorAddress(this.#request.socket.remoteAddress, this.header('x-forwarded-for'), this.#isTrusted)
  }

  get isAborted(): boolean {
    return this.#response.destroyed
  }

  onClose(listener: () => void): void {
    if (this.#response.destroyed) listener()
    else this.#response.once('close', listener)
  }
}
