import type { Context, MiddlewareHandler } from 'hono'
import type { CommitsSessions, Exchange, ResponseHeaders } from '../core/exchange.ts'
import { joined } from './shared/caching.ts'
import { isForwardedHttps, type TrustProxy, trustedProxies, visitorAddress } from './shared/trusted-proxy.ts'

/** What the middleware believes of a request. */
export interface CoatcheckOptions {
  readonly trustProxy?: TrustProxy
}

/**
 * Middleware that commits the session before the first byte of the response leaves. Handlers open it with
 * `await sessions.open(c)`; a route that does not costs nothing.
 *
 * A commit that fails is thrown as the `SessionError` that it is: `app.onError` may answer it, and Hono's own error handler
 * answers with its status.
 *
 * @example
 * const app = new Hono().use(coatcheck(sessions))
 */
export function coatcheck(sessions: CommitsSessions, { trustProxy }: CoatcheckOptions = {}): MiddlewareHandler {
  const isTrusted = trustedProxies(trustProxy)
  return async (c, next) => {
    const isFirst = sessions.attach(c, new HonoExchange(c, isTrusted))
    try {
      await (isFirst && sessions.within ? sessions.within(c, next) : next())
    } catch (thrown) {
      // Hono leaves what is no Error to whoever called it.
      if (isFirst) await sessions.commit(c, { hasFailed: true })
      throw thrown
    }
    const committing = isFirst ? sessions.commit(c, { hasFailed: c.error !== undefined }) : undefined
    if (!committing) return
    try {
      addHeaders(c, await committing)
    } catch (error) {
      // Hono copies the headers of a response that is replaced, or those set for it where there is none yet: a redirect's
      // Location, a Cache-Control. An empty response has none to copy.
      c.res = undefined
      c.res = new Response(null)
      throw error
    }
  }
}

function addHeaders(c: Context, headers: ResponseHeaders): void {
  const setsCookie = headers.some(([name]) => name === 'set-cookie')
  const own = changeableHeaders(c)
  for (const header of headers) {
    const [name, value] = header
    if (name === 'set-cookie') own.append(name, value)
    else own.set(name, joined(header, own.get(name) ?? undefined, setsCookie))
  }
}

/** Those of the response as it is, as `c.header` would copy it, body and all; of a copy where they can't be changed (a fetched response). */
function changeableHeaders(c: Context): Headers {
  try {
    c.res.headers.delete('coatcheck-probe')
  } catch {
    c.res = new Response(c.res.body, c.res)
  }
  return c.res.headers
}

/** What `@hono/node-server` passes as bindings; other runtimes pass none of it. */
interface NodeBindings {
  readonly incoming?: {
    readonly socket?: { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean }
  }
  readonly outgoing?: { readonly destroyed: boolean; once(event: 'close', listener: () => void): unknown }
}

class HonoExchange implements Exchange {
  readonly #context: Context
  readonly #isTrusted: (address: string | undefined) => boolean

  constructor(context: Context, isTrusted: (address: string | undefined) => boolean) {
    this.#context = context
    this.#isTrusted = isTrusted
  }

  get method(): string {
    return this.#context.req.method
  }

  header(name: string): string | undefined {
    return this.#context.req.header(name)
  }

  get secure(): boolean {
    const socket = this.#node.incoming?.socket
    // On Node the URL repeats what the client wrote in its request line, which may be `GET https://…`.
    if (socket ? socket.encrypted : this.#context.req.url.startsWith('https:')) return true
    return this.#isTrusted(socket?.remoteAddress) && isForwardedHttps(this.header('x-forwarded-proto'))
  }

  get host(): string {
    return this.header('host') ?? new URL(this.#context.req.url).host
  }

  get address(): string | undefined {
    return visitorAddress(this.#node.incoming?.socket?.remoteAddress, this.header('x-forwarded-for'), this.#isTrusted)
  }

  get isAborted(): boolean {
    return this.#node.outgoing?.destroyed ?? this.#context.req.raw.signal.aborted
  }

  onClose(listener: () => void): void {
    if (this.isAborted) listener()
    else if (this.#node.outgoing) this.#node.outgoing.once('close', listener)
    else this.#context.req.raw.signal.addEventListener('abort', listener, { once: true })
  }

  get #node(): NodeBindings {
    return (this.#context.env ?? {}) as NodeBindings
  }
}
