import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'
import { buffer } from 'node:stream/consumers'

/** A shared cache as some are set up: it keeps every page that does not forbid it, its cookies too, for whoever asks next. */
export interface NaiveCache {
  readonly url: string
  /** The paths that it keeps. */
  kept(): string[]
  stop(): Promise<void>
}

type Kept = Pick<IncomingMessage, 'statusCode' | 'headers'> & { readonly body: Buffer }

export async function naiveCache(target: string): Promise<NaiveCache> {
  const kept = new Map<string, Kept>()
  const server = createServer(async (request, response) => {
    const key = request.url ?? '/'
    const known = request.method === 'GET' && kept.get(key)
    if (known) return response.writeHead(known.statusCode ?? 502, known.headers).end(known.body)
    const answer = await forward(target, request, response).catch(() => undefined)
    if (!answer) return response.destroy()
    const { 'transfer-encoding': _, ...headers } = answer.headers
    const { statusCode } = answer
    response.writeHead(statusCode ?? 502, headers)
    const mayKeep = statusCode === 200 && !/no-store|private/.test(headers['cache-control'] ?? '')
    if (request.method !== 'GET' || !mayKeep) return pipeline(answer, response, () => {})
    const body = await buffer(answer)
    kept.set(key, { statusCode, headers, body })
    return response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    kept: () => [...kept.keys()],
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Ends with its visitor: a stream of events has no end of its own. */
function forward(target: string, request: IncomingMessage, response: ServerResponse): Promise<IncomingMessage> {
  const { method, url, headers } = request
  return new Promise((resolve, reject) => {
    const asking = ask({ host: '127.0.0.1', port: new URL(target).port, method, path: url, headers })
    response.on('close', () => asking.destroy())
    asking.on('error', reject)
    asking.on('response', resolve)
    request.pipe(asking)
  })
}
