import { request as ask, createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
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
    const answer = (request.method === 'GET' && kept.get(key)) || (await forward(target, request))
    const mayKeep = answer.statusCode === 200 && !/no-store|private/.test(answer.headers['cache-control'] ?? '')
    if (request.method === 'GET' && mayKeep) kept.set(key, answer)
    response.writeHead(answer.statusCode ?? 502, answer.headers).end(answer.body)
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

function forward(target: string, request: IncomingMessage): Promise<Kept> {
  const { method, url, headers } = request
  return new Promise((resolve, reject) => {
    const asking = ask({ host: '127.0.0.1', port: new URL(target).port, method, path: url, headers })
    asking.on('error', reject)
    asking.on('response', async (answer) => {
      const { 'transfer-encoding': _, ...rest } = answer.headers
      resolve({ statusCode: answer.statusCode, headers: rest, body: await buffer(answer) })
    })
    request.pipe(asking)
  })
}
