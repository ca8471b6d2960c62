import type { IncomingMessage, OutgoingHttpHeader, RequestListener, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { publicText, SessionError } from '../core/errors.ts'
import type { Exchange, ResponseHeaders } from '../core/exchange.ts'
import { cacheControlFor, varyOnCookie } from './shared/caching.ts'
import { isForwardedHttps, type TrustProxy, trustedProxies } from './shared/trusted-proxy.ts'

/** What the adapter needs of a `Sessions`, whatever its data. */
export interface CommitsSessions {
  attach(request: object, exchange: Exchange): boolean
  commit(request: object): Promise<ResponseHeaders> | undefined
}

export interface CoatcheckOptions {
  readonly trustProxy?: TrustProxy
  /**
   * Answers, at once, a request that failed: the handler threw, or its session could not be committed. Nothing of the
   * response has left yet, and what the handler still writes goes nowhere. Default: a `SessionError`'s status and a line of text; 500 for anything else, reported by `console.error`.
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
      () => sessions.commit(request),
      (error) => onError(error, request, response),
    )
    try {
      await handler(request, response)
    } catch (error) {
      if (!held.hasBegun) held.answer(() => onError(error, request, response))
      else if (!(await held.hasFailed)) {
        report(error)
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

type Method = 'writeHead' | 'write' | 'end' | 'flushHeaders'

const methods: readonly Method[] = ['writeHead', 'write', 'end', 'flushHeaders']

type AnyMethod = (...args: never[]) => unknown

interface Call {
  readonly method: Method
  args: unknown[]
}

/**
 * Holds what is written to a response until the session is committed, then lets it go in order. A request that never opened
 * its session is held for no time at all.
 */
class HeldResponse {
  readonly #response: ServerResponse
  readonly #commit: () => Promise<ResponseHeaders> | undefined
  readonly #fail: (error: unknown) => void
  /** The response's methods as they were: Node's, or those of whoever holds it too. */
  readonly #own = new Map<Method, PropertyDescriptor | undefined>()
  readonly #next = {} as Record<Method, AnyMethod>
  readonly #held = {} as Record<Method, AnyMethod>
  /** What was written meanwhile. Undefined: the response is not held. */
  #calls: Call[] | undefined = []
  #committing: Promise<boolean> | undefined

  constructor(
    response: ServerResponse,
    commit: () => Promise<ResponseHeaders> | undefined,
    fail: (error: unknown) => void,
  ) {
    this.#response = response
    this.#commit = commit
    this.#fail = fail
    for (const method of methods) {
      this.#own.set(method, Object.getOwnPropertyDescriptor(response, method))
      this.#next[method] = response[method] as AnyMethod
      this.#held[method] = (...args: unknown[]) => this.#intercept(method, args)
      this.#replace(method, this.#held[method])
    }
  }

  get hasBegun(): boolean {
    return this.#committing !== undefined || this.#calls === undefined
  }

  /** Whether the commit failed, so that the error was answered in the handler's stead. */
  get hasFailed(): Promise<boolean> {
    return this.#committing ?? Promise.resolve(false)
  }

  /** Commits first, as a decision such as a logout holds although the handler threw, then answers in the handler's stead. */
  answer(respond: () => void): void {
    this.#begin(respond)
  }

  async commitUnanswered(): Promise<void> {
    if (this.hasBegun) return
    this.#begin(() => {})
    await this.#committing
  }

  #intercept(method: Method, args: unknown[]): unknown {
    if (!this.#committing) this.#begin(undefined)
    const calls = this.#calls
    if (!calls) return this.#pass({ method, args })
    calls.push({ method, args })
    return method === 'write' ? false : this.#response
  }

  #begin(respond: (() => void) | undefined): void {
    const committing = this.#commit()
    if (!committing) {
      this.#letGo()
      if (respond) this.#answer([], respond)
      return
    }
    this.#showHeadersSent(true)
    this.#committing = committing.then(
      (headers) => {
        const calls = this.#letGo()
        if (respond) this.#answer(headers, respond)
        else return this.#replay(calls, headers)
        return false
      },
      (error) => {
        this.#answerError(error, this.#letGo(), [])
        return true
      },
    )
  }

  /** What was held. From now on calls pass, whoever has kept one of the methods. */
  #letGo(): Call[] {
    const calls = this.#calls ?? []
    this.#calls = undefined
    this.#showHeadersSent(false)
    for (const method of methods) {
      // Whoever has wrapped a method since (a compression) goes on doing so.
      if (this.#response[method] !== this.#held[method]) continue
      const own = this.#own.get(method)
      if (own) Object.defineProperty(this.#response, method, own)
      else delete (this.#response as Partial<ServerResponse>)[method]
    }
    return calls
  }

  #pass({ method, args }: Call): unknown {
    return this.#next[method].apply(this.#response, args as never[])
  }

  /** Says whether it failed: what Node refuses, such as a header with a line break, it can only refuse now. */
  #replay(calls: Call[], headers: ResponseHeaders): boolean {
    const response = this.#response
    const hasWrites = calls.some(({ method }) => method === 'write')
    let wasFull = false
    try {
      const [first] = calls
      if (first?.method === 'writeHead') first.args = adoptHead(response, first.args)
      addHeaders(response, headers)
      for (let call = calls.shift(); call; call = calls.shift()) {
        const answer = this.#pass(call)
        if (call.method === 'write') wasFull = answer === false
      }
    } catch (error) {
      this.#answerError(error, calls, headers)
      return true
    }
    // Each held write answered "full"; a pipe waits for this.
    if (hasWrites && !wasFull) response.emit('drain')
    return false
  }

  #answerError(error: unknown, unwritten: readonly Call[], headers: ResponseHeaders): void {
    this.#answer(headers, () => this.#fail(error))
    // The handler goes on writing its own answer, to no one.
    for (const method of methods) this.#replace(method, swallow(this.#response, method))
    for (const { args } of unwritten) callBack(args)
  }

  /** Nothing that the handler had set for its own answer goes out with this one: no Location, no Content-Length. */
  #answer(headers: ResponseHeaders, respond: () => void): void {
    const response = this.#response
    try {
      if (!response.headersSent) {
        clear(response)
        addHeaders(response, headers)
      }
      respond()
    } catch (error) {
      report(error)
      response.destroy()
    }
  }

  #replace(method: Method, value: AnyMethod): void {
    Object.defineProperty(this.#response, method, { configurable: true, writable: true, value })
  }

  /** An error handler that asks must not begin a second answer. */
  #showHeadersSent(isShown: boolean): void {
    if (isShown) Object.defineProperty(this.#response, 'headersSent', { configurable: true, get: () => true })
    else delete (this.#response as { headersSent?: boolean }).headersSent
  }
}

/** Turns the headers given to `writeHead` into set ones, so that ours can join them, and returns what is left to pass on. */
function adoptHead(response: ServerResponse, args: unknown[]): unknown[] {
  const [status, ...rest] = args
  const message = typeof rest[0] === 'string' ? [rest.shift()] : []
  const given = rest.find((value) => typeof value === 'object' && value !== null)
  if (Array.isArray(given)) {
    const pairs: unknown[][] = Array.isArray(given[0])
      ? given
      : given.flatMap((name, index) => (index % 2 ? [] : [[name, given[index + 1]]]))
    for (const name of new Set(pairs.map(([name]) => String(name)))) response.removeHeader(name)
    for (const [name, value] of pairs) response.appendHeader(String(name), value as string | string[])
  } else {
    for (const [name, value] of Object.entries(given ?? {})) {
      if (value !== undefined) response.setHeader(name, value as OutgoingHttpHeader)
    }
  }
  return [status, ...message]
}

function addHeaders(response: ServerResponse, headers: ResponseHeaders): void {
  const setsCookie = headers.some(([name]) => name === 'set-cookie')
  for (const [name, value] of headers) {
    const existing = response.getHeader(name)
    const text = existing === undefined ? undefined : String(existing)
    if (name === 'set-cookie') response.appendHeader(name, value)
    else response.setHeader(name, name === 'vary' ? varyOnCookie(text) : cacheControlFor(text, setsCookie))
  }
}

function clear(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.statusCode = 200
  response.statusMessage = undefined as unknown as string
}

function swallow(response: ServerResponse, method: Method): AnyMethod {
  return (...args: unknown[]) => {
    callBack(args)
    return method === 'write' ? true : response
  }
}

function callBack(args: unknown[]): void {
  const callback = args.findLast((value) => typeof value === 'function')
  if (callback) queueMicrotask(callback as () => void)
}

function answerError(error: unknown, _request: IncomingMessage, response: ServerResponse): void {
  const isOurs = error instanceof SessionError
  if (!isOurs) report(error)
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
  const retry = isOurs && error.retryAfter !== undefined ? { 'retry-after': String(error.retryAfter) } : {}
  response.writeHead(isOurs ? error.status : 500, { ...headers, ...retry })
  response.end(isOurs ? publicText(error) : '500: Internal Server Error\n')
}

function report(error: unknown): void {
  console.error(error)
}
