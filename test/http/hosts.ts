import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createAdaptorServer } from '@hono/node-server'
import { type CommitsSessions, SessionError } from 'coatcheck'
import { coatcheck as expressCoatcheck } from 'coatcheck/adapters/express'
import { coatcheck as fetchCoatcheck } from 'coatcheck/adapters/fetch'
import { coatcheck as honoCoatcheck } from 'coatcheck/adapters/hono'
import { type CoatcheckOptions, coatcheck as nodeCoatcheck } from 'coatcheck/adapters/node'
import express from 'express'
import { type Context, Hono } from 'hono'
import type { ContentfulStatusCode, RedirectStatusCode } from 'hono/utils/http-status'

/** One request, as the shared application sees it on every host. */
export interface Visit {
  /** What this host's handlers pass to `sessions.open`. */
  readonly request: object
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  body(): Promise<string>
}

/** What the application answers. */
export interface Reply {
  readonly status?: number
  readonly headers?: { readonly [name: string]: string }
  readonly body?: string | AsyncIterable<string>
}

export type Application = (visit: Visit) => Promise<Reply>

type Host = (
  application: Application,
  sessions: readonly CommitsSessions[],
  options: Pick<CoatcheckOptions, 'trustProxy'>,
) => Server

interface ExpressResponse extends ServerResponse {
  status(code: number): this
  set(headers: { readonly [name: string]: string }): this
  redirect(status: number, url: string): void
  send(body?: string): this
}

interface NodeBindings {
  readonly incoming: IncomingMessage
}

type FetchHandler = (request: Request, bindings: NodeBindings) => Promise<Response>

export const hosts: { readonly [name: string]: Host } = {
  node(application, sessions, options) {
    const outermost = sessions.reduceRight<Parameters<typeof nodeCoatcheck>[1]>(
      (handler, each) => nodeCoatcheck(each, handler, options),
      async (request, response) => {
        const { status = 200, headers, body } = await application(visitOf(request))
        response.writeHead(status, { ...headers })
        if (body === undefined || typeof body === 'string') response.end(body)
        else await pipeline(Readable.from(body), response).catch(() => {})
      },
    )
    return createServer((request, response) => void outermost(request, response))
  },

  hono(application, sessions, options) {
    const app = new Hono()
    for (const each of sessions) app.use(honoCoatcheck(each, options))
    app.all('*', async (c: Context) => {
      const url = new URL(c.req.url)
      const {
        status = 200,
        headers,
        body,
      } = await application({
        request: c,
        method: c.req.method,
        path: url.pathname,
        query: url.searchParams,
        body: () => c.req.text(),
      })
      if (headers?.location) return c.redirect(headers.location, status as RedirectStatusCode)
      const stream = typeof body === 'object' ? ReadableStream.from(encoded(body)) : (body ?? null)
      return c.body(stream as string, status as ContentfulStatusCode, { ...headers })
    })
    return createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server
  },

  express(application, sessions, options) {
    // In a test environment Express does not report what a handler threw.
    const app = express().set('etag', false).set('env', 'production')
    for (const each of sessions) app.use(expressCoatcheck(each, options))
    app.all('/{*path}', async (request: IncomingMessage, response: ExpressResponse) => {
      const { status = 200, headers, body } = await application(visitOf(request))
      response.status(status).set({ ...headers })
      if (headers?.location) response.redirect(status, headers.location)
      else if (typeof body === 'object') await pipeline(Readable.from(body), response).catch(() => {})
      else response.send(body)
    })
    return createServer(app)
  },

  fetch(application, sessions, { trustProxy = [] }) {
    const outermost = sessions.reduceRight<FetchHandler>(
      (handler, each) =>
        fetchCoatcheck(each, handler, {
          isSecure: (request, { incoming }) =>
            trustProxy.includes('loopback') &&
            incoming.socket.remoteAddress === '127.0.0.1' &&
            request.headers.get('x-forwarded-proto')?.split(',').at(-1)?.trim() === 'https',
          onError(error) {
            if (error instanceof SessionError) return error.getResponse()
            console.error(error)
            return new Response('500: Internal Server Error\n', { status: 500 })
          },
        }),
      async (request) => {
        const url = new URL(request.url)
        const {
          status = 200,
          headers,
          body,
        } = await application({
          request,
          method: request.method,
          path: url.pathname,
          query: url.searchParams,
          body: () => request.text(),
        })
        const stream = typeof body === 'object' ? ReadableStream.from(encoded(body)) : (body ?? null)
        return new Response(stream as ReadableStream, { status, headers: { ...headers } })
      },
    )
    return createAdaptorServer({ fetch: outermost as never, overrideGlobalObjects: false }) as Server
  },
}

function visitOf(request: IncomingMessage): Visit {
  const url = new URL(request.url ?? '/', 'http://localhost')
  return {
    request,
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    async body() {
      let text = ''
      for await (const chunk of request.setEncoding('utf8')) text += chunk
      return text
    },
  }
}

async function* encoded(texts: AsyncIterable<string>): AsyncIterable<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const text of texts) yield encoder.encode(text)
}
