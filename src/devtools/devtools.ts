import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { planCookie } from '../core/cookie.ts'
import type { Exchange } from '../core/exchange.ts'
import { answerOwn, notFound, type OwnAnswer } from './answer.tsx'
import { isForwarded, isLoopback, peerBeside } from './peer.ts'
import { Recorder, type RecorderOptions } from './recorder.ts'
import { watchHead } from './wire/watch-head.ts'

/** What is shown, where, and to whom. */
export interface DevtoolsOptions extends RecorderOptions {
  /** Below which the pages are. Default: `/__coatcheck`. */
  readonly path?: string
  /**
   * The peer's IP address, where the server passes it in a way that is not known here. Default: as `@hono/node-server`, Deno and Bun pass it beside the
   * request; on node:http, the socket's. Whoever has none gets a 404.
   */
  readonly address?: (request: Request, ...beside: unknown[]) => string | undefined
  /** The pages show what is stored for whoever asks. Only a server that is `production` by name and reached by nobody else may want this. Default: false. */
  readonly showSessionsEvenInProduction?: boolean
}

/** The wire and store panels, around an application's server. */
export interface Devtools {
  /** Around the handler of a server on the Fetch API: `devtools.fetch(app.fetch)`. Whatever the server passes beside the request is passed on. */
  fetch<Rest extends readonly unknown[]>(
    handler: (request: Request, ...rest: Rest) => Response | Promise<Response>,
  ): (request: Request, ...rest: Rest) => Promise<Response>
  /** Around a listener of node:http, such as an Express application: `createServer(devtools.node(app))`. */
  node(listener: (request: IncomingMessage, response: ServerResponse) => unknown): RequestListener
  /** For a server that is told to stop: ends the streams of open pages, and forgets what was recorded. */
  close(): void
}

/**
 * The wire and store panels for the server of an application that is being developed: what each request brought, what the library did, what went back; and the
 * visitor's record as it is stored. Making them is switching them on: a server that doesn't call this has nothing of them.
 *
 * They answer this machine alone, show a browser nothing but its own requests and its own session, and record it from the moment that it first opens one
 * of their pages. They show no body, no query, no header but cookies, of those four characters, and mask what is stored under keys such as `password` or `apiKey`.
 *
 * Throws where NODE_ENV is `production`, unless `showSessionsEvenInProduction` is set.
 *
 * @example
 * const store = fileStore('./sessions')
 * const sessions = new Sessions({ store })
 * const devtools = createDevtools({ sessions, store })
 * createServer(devtools.node(coatcheck(sessions, handler))).listen(3000, '127.0.0.1') // http://localhost:3000/__coatcheck
 */
export function createDevtools(options: DevtoolsOptions): Devtools {
  const {
    path = '/__coatcheck',
    address = (request, ...rest) => peerBeside(request, rest),
    clock = Date.now,
    sessions,
  } = options
  if (process.env.NODE_ENV === 'production' && options.showSessionsEvenInProduction !== true) {
    throw new Error(
      'coatcheck/devtools shows sessions, and NODE_ENV is "production": create them in development only, or set showSessionsEvenInProduction',
    )
  }
  if (!/^(\/[\w.~-]+)+$/.test(path)) throw new TypeError(`path must be like /__coatcheck, got ${JSON.stringify(path)}`)
  const recorder = new Recorder(options)

  /** Undefined: none of ours. */
  function pageOf(pathname: string): string | undefined {
    return pathname === path || pathname.startsWith(`${path}/`) ? pathname.slice(path.length) : undefined
  }

  /** A proxy on this machine has strangers behind it, and a name that was pointed at this machine has a stranger's page in front (DNS rebinding). */
  function isOfThisMachine(exchange: Exchange): boolean {
    const { secure, host } = exchange
    return (
      isLoopback(exchange.address) &&
      !isForwarded((name) => exchange.header(name)) &&
      planCookie('x', secure, host) !== undefined
    )
  }

  async function answer(exchange: Exchange, page: string): Promise<OwnAnswer> {
    if (!isOfThisMachine(exchange)) return notFound
    try {
      return await answerOwn({ exchange, page, path, sessions, recorder, clock })
    } catch {
      // Why is the store's to say, in its own events.
      return {
        ...notFound,
        status: 503,
        headers: { ...notFound.headers, 'retry-after': '2' },
        body: 'The session could not be read.\n',
      }
    }
  }

  return {
    fetch:
      (handler) =>
      async (request, ...rest) => {
        const { pathname } = new URL(request.url)
        const exchange = fetchExchange(request, address(request, ...rest))
        const page = pageOf(pathname)
        if (page !== undefined) {
          const { status, headers, body } = await answer(exchange, page)
          return new Response(status === 204 ? null : body, { status, headers })
        }
        const arrival = { ...exchange, path: pathname }
        if (!isOfThisMachine(exchange) || !recorder.find(arrival)) return handler(request, ...rest)
        const recording = recorder.begin(arrival)
        try {
          const response = await recording.run(() => handler(request, ...rest))
          const { status, headers } = response
          recording.end({ status, location: headers.get('location') ?? undefined, setCookies: headers.getSetCookie() })
          return response
        } catch (error) {
          recording.end({ status: 500, setCookies: [] })
          throw error
        }
      },

    node: (listener) => (request, response) => {
      const exchange = nodeExchange(request, response)
      const pathname = (request.url ?? '/').split(/[?#]/, 1)[0] ?? '/'
      const page = pageOf(pathname)
      if (page !== undefined) return void answer(exchange, page).then((own) => send(own, request, response))
      const arrival = { ...exchange, path: pathname }
      if (!isOfThisMachine(exchange) || !recorder.find(arrival)) return listener(request, response)
      const recording = recorder.begin(arrival)
      watchHead(response, (head) => recording.end(head))
      return recording.run(() => listener(request, response))
    },

    close: () => recorder.close(),
  }
}

function fetchExchange(request: Request, address: string | undefined): Exchange {
  const { signal } = request
  return {
    method: request.method,
    header: (name) => request.headers.get(name) ?? undefined,
    secure: request.url.startsWith('https:'),
    host: request.headers.get('host') ?? new URL(request.url).host,
    address,
    isAborted: signal.aborted,
    onClose: (listener) => signal.addEventListener('abort', listener, { once: true }),
  }
}

function nodeExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  return {
    method: request.method ?? 'GET',
    header: (name) => String(request.headers[name] ?? '') || undefined,
    secure: (request.socket as TLSSocket).encrypted === true,
    host: request.headers.host ?? '',
    address: request.socket.remoteAddress,
    isAborted: false,
    onClose: (listener) => void response.once('close', listener),
  }
}

async function send(
  { status, headers, body }: OwnAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.writeHead(status, headers)
  if (request.method === 'HEAD' || typeof body === 'string')
    return void response.end(request.method === 'HEAD' ? undefined : body)
  // A client that takes nothing is cut off by the stream itself, which waits for nobody.
  for await (const part of body) response.write(part)
  response.end()
}
