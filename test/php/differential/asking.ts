import { type IncomingHttpHeaders, request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly setCookies: readonly string[]
  readonly body: string
  /** Between these two, in milliseconds, it was answered. */
  readonly during: readonly [from: number, to: number]
}

/** One POST on a connection of its own. */
export function post(url: string, cookie: string, body: string): Promise<Answer> {
  const from = Date.now()
  return new Promise((resolve, reject) => {
    const headers = { connection: 'close', 'content-length': Buffer.byteLength(body), ...(cookie && { cookie }) }
    const asked = request(url, { method: 'POST', headers, agent: false }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part) => parts.push(part)).on('error', reject)
      response.on('end', () => {
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          setCookies: response.headers['set-cookie'] ?? [],
          body: Buffer.concat(parts).toString('utf8'),
          during: [from, Date.now()],
        })
      })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}
