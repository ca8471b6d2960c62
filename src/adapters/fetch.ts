import { SessionError } from '../core/errors.ts'
import type { CommitsSessions, Exchange, ResponseHeaders } from '../core/exchange.ts'
import { joined } from './shared/caching.ts'
import { isFailing, setFailing } from './shared/failing.ts'

/** What the handler believes of a request, and who answers when it fails. */
export interface CoatcheckOptions<Rest extends readonly unknown[] = []> {
  /**
   * Whether the browser's connection is https. Default: what the request's URL says, which is right where the server itself
   * speaks https, and on platforms that do it for you.
   *
   * Behind a proxy the URL says http, and a `Request` does not tell who sent it. So believe a header only if the proxy sets it
   * itself and nobody reaches the server around the proxy, or check the peer that your server passes beside the request.
   *
   * @example
   * // Deno behind a proxy on the same machine
   * isSecure: (request, { remoteAddr }) =>
   *   remoteAddr.hostname === '127.0.0.1' && request.headers.get('x-forwarded-proto') === 'https'
   */
  readonly isSecure?: (request: Request, ...rest: Rest) => boolean
  /**
   * The visitor's IP address, where the server passes it beside the request: for `device` and the guards that look at it. Default: unknown.
   *
   * @example
   * address: (request, { remoteAddr }) => remoteAddr.hostname // Deno
   */
  readonly address?: (request: Request, ...rest: Rest) => string | undefined
  /**
   * Answers a request that failed: the handler threw, or its session could not be committed. Default: a `SessionError` is
   * answered with its status and a line of text; anything else is thrown on to the server. Then the cookie that a sign-out
   * clears can't be sent. The record is gone all the same, so that the cookie left in the browser opens nothing.
   */
  readonly onError?: (error: unknown, request: Request, ...rest: Rest) => Response | Promise<Response>
}

/**
 * A handler for any server on the Fetch API (`Deno.serve`, `Bun.serve`, a Worker's `fetch`, Next.js's route handlers) that
 * commits the session before the response is returned. The handler opens it with `await sessions.open(request)`. Whatever the
 * server passes beside the request is passed on.
 *
 * The response of a handler that opened its session is returned as a copy with the headers added: it may be immutable, or one
 * that the handler returns to every visitor. Its body goes through unread. What can't be copied, `Response.error()` and a
 * 101 that switches protocols, is returned as it is, and carries no cookie.
 *
 * @example
 * Deno.serve(coatcheck(sessions, async (request) => {
 *   const session = await sessions.open(request)
 *   return new Response(`visit no. ${++session.data.visits}`)
 * }))
 */
export function coatcheck<Rest extends readonly unknown[] = []>(
  sessions: CommitsSessions,
  handler: (request: Request, ...rest: Rest) => Response | Promise<Response>,
  options: CoatcheckOptions<Rest> = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  const { isSecure, address, onError } = options
  return async (request, ...rest) => {
    const exchange = new FetchExchange(request, {
      isSecure: isSecure && (() => isSecure(request, ...rest)),
      address: address && (() => address(request, ...rest)),
    })
    if (!sessions.attach(request, exchange)) return handler(request, ...rest)
    let response: Response
    let headers: ResponseHeaders = []
    try {
      response = await (sessions.within
        ? sessions.within(request, () => handler(request, ...rest))
        : handler(request, ...rest))
    } catch (thrown) {
      setFailing(request, true)
      return await answerFailure(thrown, true)
    }
    try {
      const committing = sessions.commit(request, { hasFailed: isFailing(request) })
      if (!committing) return exchange.observe(response)
      headers = await committing
    } catch (error) {
      setFailing(request, true)
      await response.body?.cancel().catch(() => {})
      return await answerFailure(error, false)
    }
    return exchange.observe(withHeaders(response, headers))

    async function answerFailure(thrown: unknown, isHandlers: boolean): Promise<Response> {
      let error = thrown
      try {
        if (isHandlers) headers = (await sessions.commit(request, { hasFailed: true })) ?? []
      } catch (failure) {
        // The sign-out did not hold: that is what the visitor must hear.
        if (!(thrown instanceof SessionError)) console.error(thrown)
        error = failure
      }
      exchange.close()
      return withHeaders(onError ? await onError(error, request, ...rest) : answerOrThrow(error), headers)
    }
  }
}

function answerOrThrow(error: unknown): Response {
  if (error instanceof SessionError) return error.getResponse()
  throw error
}

/** Never changes the response that it is given: a handler may return one and the same to everyone, and with it a cookie. */
function withHeaders(response: Response, added: ResponseHeaders): Response {
  if (added.length === 0 || response.status < 200) return response
  const headers = new Headers(response.headers)
  const setsCookie = added.some(([name]) => name === 'set-cookie')
  for (const header of added) {
    const [name, value] = header
    if (name === 'set-cookie') headers.append(name, value)
    else headers.set(name, joined(header, headers.get(name) ?? undefined, setsCookie))
  }
  const { body, status, statusText } = response
  return new Response(body, { status, statusText, headers })
}

/** What a `Request` does not tell. */
interface Peer {
  readonly isSecure: (() => boolean) | undefined
  readonly address: (() => string | undefined) | undefined
}

class FetchExchange implements Exchange {
  readonly #request: Request
  readonly #peer: Peer
  readonly #listeners: (() => void)[] = []
  #isClosed = false

  constructor(request: Request, peer: Peer) {
    this.#request = request
    this.#peer = peer
  }

  get method(): string {
    return this.#request.method
  }

  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? undefined
  }

  get secure(): boolean {
    // Asked for at `open`. A server may only notice that the client has gone for those who hold the signal by then.
    void this.#request.signal
    return this.#peer.isSecure?.() ?? this.#request.url.startsWith('https:')
  }

  get address(): string | undefined {
    return this.#peer.address?.()
  }

  get host(): string {
    return this.header('host') ?? new URL(this.#request.url).host
  }

  get isAborted(): boolean {
    return this.#request.signal.aborted
  }

  onClose(listener: () => void): void {
    if (this.#listeners.length === 0) this.#request.signal.addEventListener('abort', this.close, { once: true })
    this.#listeners.push(listener)
    if (this.isAborted || this.#isClosed) this.close()
  }

  readonly close = (): void => {
    this.#isClosed = true
    for (const listener of this.#listeners.splice(0)) listener()
  }

  /** The Fetch API does not say when a response has ended: where someone asked to be told, its body passes by here. */
  observe(response: Response): Response {
    if (this.#listeners.length === 0) return response
    const { body, status, statusText, headers } = response
    if (!body) {
      this.close()
      return response
    }
    return new Response(watched(body, this.close), { status, statusText, headers })
  }
}

/** The same stream, part by part as it is asked for. */
function watched(body: ReadableStream<Uint8Array>, close: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) return controller.enqueue(value)
          close()
          controller.close()
        } catch (error) {
          close()
          throw error
        }
      },
      cancel(reason) {
        close()
        return reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
