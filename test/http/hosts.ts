import { createServer, type Server } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createAdaptorServer } from '@hono/node-server'
import type { CommitsSessions } from 'coatcheck'
import { coatcheck as honoCoatcheck } from 'coatcheck/adapters/hono'
import { type CoatcheckOptions, coatcheck as nodeCoatcheck } from 'coatcheck/adapters/node'
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

export const hosts: { readonly [name: string]: Host } = {
  node(application, sessions, options) {
    const outermost = sessions.reduceRight<Parameters<typeof nodeCoatcheck>[1]>(
      (handler, each) => nodeCoatcheck(each, handler, options),
      async (request, response) => {
        const url = new URL(request.url ?? '/', 'http://localhost')
        const {
          status = 200,
          headers,
          body,
        } = await application({
          request,
          method: request.method ?? '',
          path: url.pathname,
          query: url.searchParams,
          body: async () => {
            let text = ''
            for await (const chunk of request.setEncoding('utf8')) text += chunk
            return text
          },
        })
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
}

async function* encoded(texts: AsyncIterable<string>): AsyncIterable<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const text of texts) yield encoder.encode(text)
}
