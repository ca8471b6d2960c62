import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { publicText, SessionError } from '../core/errors.ts'
import type { CommitsSessions, Exchange } from '../core/exchange.ts'
import { HeldResponse } from './shared/held-response.ts'
import { isForwardedHttps, type TrustProxy, trustedProxies } from './shared/trusted-proxy.ts'

export interface CoatcheckOptions {
  readonly trustProxy?: TrustProxy
  /**
   * Answers, at once, a request that failed: the handler threw, or its session could not be committed. Nothing of the
   * response has left yet, and what the handler still writes goes nowhere. Default: a `SessionError`'s status and a line
   * of text; 500 for anything else, reported by `console.error`.
   */
  readonly onError?: (error: unknown, request: IncomingMessage, response: ServerResponse) => void
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

/**
 * A listener for `http.createServer` that commits the session before the first byte of the response leaves, however the
 * handler writes it: `writeHead`, `write`, `end`, a pipe, `flushHeaders`. The handler opens it with `await sessions.open(request)`.
 *
 * @example
 * createServer(coatcheck(sessions, async (request, response) => {
 *   const session = await sessions.open(request)
 *   response.end(`visit no. ${++session.data.visits}`)
 * }))
 */
export function coatcheck(
  sessions: CommitsSessions,
  handler: Handler,
  options: CoatcheckOptions = {},
): RequestListener {
  const isTrusted = trustedProxies(options.trustProxy)
  const onError = options.onError ?? answerError
  return async (request, response) => {
    if (!sessions.attach(request, new NodeExchange(request, response, isTrusted))) return handler(request, response)
    const held = new HeldResponse(
      response,
      (hasFailed) => sessions.commit(request, { hasFailed }),
      (error) => onError(error, request, response),
    )
    try {
      await handler(request, response)
    } catch (error) {
      if (!held.hasBegun) held.answer(() => onError(error, request, response))
      else if (!(await held.hasFailed)) {
        console.error(error)
        // Too late for an answer: the client must see that what it has is not whole.
        if (!response.writableEnded) response.destroy()
      }
    } finally {
      // The client has gone and nothing was written: what the handler decided, a logout above all, still holds.
      if (response.destroyed) await held.commitUnanswered()
    }
  }
}

class NodeExchange implements Exchange {
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

  get isAborted(): boolean {
    return this.#response.destroyed
  }

  onClose(listener: () => void): void {
    if (this.#response.destroyed) listener()
    else this.#response.once('close', listener)
  }
}

function answerError(error: unknown, _request: IncomingMessage, response: ServerResponse): void {
  const isOurs = error instanceof SessionError
  if (!isOurs) console.error(error)
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
  const retry = isOurs && error.retryAfter !== undefined ? { 'retry-after': String(error.retryAfter) } : {}
  response.writeHead(isOurs ? error.status : 500, { ...headers, ...retry })
  response.end(isOurs ? publicText(error) : '500: Internal Server Error\n')
}
