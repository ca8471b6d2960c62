import { Agent, request } from 'node:http'

const connections = 8

/** What is asked of a server: the same request again and again, over eight connections that stay open, a visitor on each. */
export interface Workload {
  readonly title: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** The size of each visitor's session; without it they send no cookie. */
  readonly bytes?: number
}

export const workloads: readonly Workload[] = [
  { title: 'no cookie', method: 'GET', path: '/read' },
  { title: 'read, 500 B', method: 'GET', path: '/read', bytes: 500 },
  { title: 'read, 20 KB', method: 'GET', path: '/read', bytes: 20_000 },
  { title: 'write, 500 B', method: 'POST', path: '/write', bytes: 500 },
  { title: 'write, 20 KB', method: 'POST', path: '/write', bytes: 20_000 },
]

/** A visitor: a connection and a cookie. */
export class Visitor {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #port: number
  #cookie = ''

  constructor(port: number) {
    this.#port = port
  }

  /** For a server without sessions: the same request, a cookie that nobody reads included. */
  carryCookie(): void {
    this.#cookie = `sid-${this.#port}=${'A'.repeat(64)}`
  }

  /** Signs nobody in: stores that much, and keeps the cookie. */
  async fill(bytes: number): Promise<void> {
    await this.send('POST', `/fill/${bytes}`, (line) => {
      this.#cookie = line.split(';')[0] ?? ''
    })
  }

  send(method: string, path: string, onCookie?: (line: string) => void): Promise<void> {
    const headers = this.#cookie ? { cookie: this.#cookie } : {}
    const options = { host: '127.0.0.1', port: this.#port, method, path, headers, agent: this.#agent }
    return new Promise((resolve, reject) => {
      request(options, (response) => {
        for (const line of response.headers['set-cookie'] ?? []) onCookie?.(line)
        if (response.statusCode !== 200) reject(new Error(`${method} ${path} answered ${response.statusCode}`))
        response.resume().on('end', resolve)
      })
        .on('error', reject)
        .end()
    })
  }
}

export async function visitors(port: number, bytes: number | undefined, hasSessions: boolean): Promise<Visitor[]> {
  const all = Array.from({ length: connections }, () => new Visitor(port))
  if (bytes === undefined) return all
  if (hasSessions) await Promise.all(all.map((visitor) => visitor.fill(bytes)))
  else for (const visitor of all) visitor.carryCookie()
  return all
}

/** At most that many requests in at most that time. Says how many there were. */
export async function run(
  all: readonly Visitor[],
  { method, path }: Workload,
  most: number,
  ms: number,
): Promise<number> {
  const endsAt = performance.now() + ms
  let count = 0
  await Promise.all(
    all.map(async (visitor) => {
      while (count < most && performance.now() < endsAt) {
        count++
        await visitor.send(method, path)
      }
    }),
  )
  return count
}
