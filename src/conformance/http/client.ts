import { Connection, type ConnectionOptions, ExchangeError } from './connection.ts'
import type { HttpResponse } from './http-response.ts'
import { requestBytes } from './request-bytes.ts'

/** One request, said comfortably. What is not given is not sent, beside Host, Connection, and what the body needs. */
export interface RequestOptions {
  /** Default: POST where there is a body, else GET. */
  readonly method?: string
  /**
   * Sent in this order; of several values, one line each. Names go out as they are written. A name given here replaces the
   * line that would be added by itself (Host, Cookie, Content-Type, …); `[]` leaves that line out.
   */
  readonly headers?: { readonly [name: string]: string | readonly string[] }
  /** One Cookie line, as it is. Several: one line each, as RFC 6265bis §4.2.1 wants servers to tolerate. */
  readonly cookie?: string | readonly string[]
  /** A form's fields, sent as application/x-www-form-urlencoded. */
  readonly form?: { readonly [name: string]: string } | readonly (readonly [name: string, value: string])[]
  /** Sent as application/json. */
  readonly json?: unknown
  /** Sent as it is, without a Content-Type. */
  readonly body?: string | Uint8Array
  /** Milliseconds. Default: the client's. */
  readonly deadline?: number
}

export interface HttpClientOptions extends ConnectionOptions {
  /** Uses a connection again for later requests: faster by far over TLS. Default: false, each request has one of its own. */
  readonly keepAlive?: boolean
  /** Headers of every request. */
  readonly headers?: RequestOptions['headers']
}

/** Requests to one origin over raw sockets. It keeps no cookies, follows no redirect, and changes no byte: see `Browser` for that. */
export class HttpClient {
  /** Scheme, host and port, such as `https://localhost:3000`. */
  readonly origin: string
  readonly #host: string
  readonly #options: HttpClientOptions
  readonly #idle: { readonly connection: Connection; readonly since: number }[] = []

  constructor(origin: string | URL, options: HttpClientOptions = {}) {
    const url = new URL(origin)
    this.origin = url.origin
    this.#host = url.host
    this.#options = options
  }

  get(path: string, options: RequestOptions = {}): Promise<HttpResponse> {
    return this.request(path, { method: 'GET', ...options })
  }

  post(path: string, options: RequestOptions = {}): Promise<HttpResponse> {
    return this.request(path, { method: 'POST', ...options })
  }

  /** `path` is the request target, written as it is. Rejects with an `ExchangeError`. */
  request(path: string, options: RequestOptions = {}): Promise<HttpResponse> {
    const { body, type } = bodyOf(options)
    const method = options.method ?? (body === undefined ? 'GET' : 'POST')
    const own: Headers = [
      ['Host', this.#host],
      ['Connection', this.#options.keepAlive ? 'keep-alive' : 'close'],
      ...listed(options.cookie ?? []).map((line): Header => ['Cookie', line]),
      ...(type === undefined ? [] : [['Content-Type', type] as const]),
      ...lengthOf(method, body),
    ]
    const headers = withGiven(withGiven(own, this.#options.headers ?? {}), options.headers ?? {})
    const bytes = requestBytes({ method, target: path, headers, ...(body !== undefined && { body }) })
    return this.send(bytes, { method, ...(options.deadline !== undefined && { deadline: options.deadline }) })
  }

  /** Exactly these bytes, and the response to them. `method` tells whether the response has a body. */
  async send(
    bytes: string | Uint8Array,
    { method = 'GET', deadline }: { method?: string; deadline?: number } = {},
  ): Promise<HttpResponse> {
    const options = { isHead: method === 'HEAD', ...(deadline !== undefined && { deadline }) }
    // RFC 9110 §9.2.2: what is safe may be sent again.
    const isSafe = ['GET', 'HEAD', 'OPTIONS'].includes(method)
    const used = this.#takeIdle(isSafe ? Number.POSITIVE_INFINITY : 1000)
    if (used) {
      try {
        return await this.#exchange(used, bytes, options)
      } catch (error) {
        // The server may have closed an idle connection just now.
        const isLateClose = error instanceof ExchangeError && error.fault === 'closed' && !error.hasBegun
        if (!isLateClose || !isSafe) throw error
      }
    }
    return this.#exchange(await Connection.open(this.origin, this.#options), bytes, options)
  }

  /** Closes the connections that are kept. */
  close(): void {
    for (const { connection } of this.#idle.splice(0)) connection.close()
  }

  async #exchange(
    connection: Connection,
    bytes: string | Uint8Array,
    options: { isHead: boolean; deadline?: number },
  ): Promise<HttpResponse> {
    try {
      return await connection.exchange(bytes, options)
    } finally {
      if (this.#options.keepAlive && connection.isUsable) this.#idle.push({ connection, since: performance.now() })
      else connection.close()
    }
  }

  /** Servers close what has been idle for some seconds: what must not be sent twice gets none that is near it. */
  #takeIdle(maxIdleMs: number): Connection | undefined {
    for (;;) {
      const idle = this.#idle.pop()
      if (!idle) return undefined
      if (idle.connection.isUsable && performance.now() - idle.since <= maxIdleMs) return idle.connection
      idle.connection.close()
    }
  }
}

type Header = readonly [name: string, value: string]
type Headers = readonly Header[]

function bodyOf({ form, json, body }: RequestOptions): { body?: string | Uint8Array; type?: string } {
  if (form !== undefined) {
    const pairs = Array.isArray(form) ? form.map(([name, value]): [string, string] => [name, value]) : { ...form }
    const text = new URLSearchParams(pairs as Record<string, string>).toString()
    return { body: text, type: 'application/x-www-form-urlencoded' }
  }
  if (json !== undefined) return { body: JSON.stringify(json), type: 'application/json' }
  return body === undefined ? {} : { body }
}

/** RFC 9110 §8.6: a method that means to have content says so even when there is none. */
function lengthOf(method: string, body: string | Uint8Array | undefined): Headers {
  if (body === undefined && !['POST', 'PUT', 'PATCH'].includes(method)) return []
  return [['Content-Length', String(Buffer.byteLength(body ?? ''))]]
}

function withGiven(own: Headers, given: NonNullable<RequestOptions['headers']>): Headers {
  const names = new Set(Object.keys(given).map((name) => name.toLowerCase()))
  const lines = Object.entries(given).flatMap(([name, values]) => listed(values).map((value): Header => [name, value]))
  return [...own.filter(([name]) => !names.has(name.toLowerCase())), ...lines]
}

function listed(values: string | readonly string[]): readonly string[] {
  return typeof values === 'string' ? [values] : values
}
