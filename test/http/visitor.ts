import { type Agent, type IncomingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The Set-Cookie lines, in order. */
  readonly setCookies: readonly string[]
  readonly body: string
}

/** Milliseconds after which a test is told that no answer comes. */
const patience = 10_000

export interface Asking {
  readonly headers?: { readonly [name: string]: string | readonly string[] }
  readonly body?: string
}

/** A browser, as far as cookies go: one jar, which every answer may change, and any number of requests at once. */
export class Visitor {
  readonly port: number
  readonly cookies = new Map<string, string>()
  readonly #agent: Agent

  constructor(port: number, agent: Agent) {
    this.port = port
    this.#agent = agent
  }

  get(path: string, asking?: Asking): Promise<Answer> {
    return this.ask('GET', path, asking)
  }

  post(path: string, asking?: Asking): Promise<Answer> {
    return this.ask('POST', path, asking)
  }

  /** Follows no redirect. */
  async ask(method: string, path: string, { headers = {}, body }: Asking = {}): Promise<Answer> {
    const cookie = this.cookieHeader
    const answer = await new Promise<Answer>((resolve, reject) => {
      const asking = request({
        host: '127.0.0.1',
        port: this.port,
        agent: this.#agent,
        method,
        path,
        headers: { ...(cookie !== '' && { cookie }), ...headers },
      })
      const timer = setTimeout(() => asking.destroy(new Error(`${method} ${path}: no answer`)), patience)
      asking.on('close', () => clearTimeout(timer))
      asking.on('error', reject)
      asking.on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('error', reject)
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const { statusCode = 0, headers } = response
          resolve({
            status: statusCode,
            headers,
            setCookies: headers['set-cookie'] ?? [],
            body: Buffer.concat(chunks).toString(),
          })
        })
      })
      asking.end(body)
    })
    for (const line of answer.setCookies) this.#keep(line)
    return answer
  }

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** The session cookie's value. */
  get ticket(): string | undefined {
    return this.cookies.get(`sid-${this.port}`) ?? this.cookies.get('__Host-sid')
  }

  /** Another holder of the same cookies. */
  copy(): Visitor {
    const copy = new Visitor(this.port, this.#agent)
    for (const [name, value] of this.cookies) copy.cookies.set(name, value)
    return copy
  }

  #keep(line: string): void {
    const [pair = ''] = line.split(';')
    const name = pair.slice(0, pair.indexOf('='))
    if (/; Expires=Thu, 01 Jan 1970 /.test(line)) this.cookies.delete(name)
    else this.cookies.set(name, pair.slice(name.length + 1))
  }
}

/** A connection to say anything on, to the byte. */
export class Wire {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #isClosed = false
  #wake: () => void = () => {}

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1')
    this.#socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  send(text: string | Uint8Array): this {
    this.#socket.write(text)
    return this
  }

  /** Everything received so far, once it satisfies the condition or the other side has closed. */
  async until(isEnough: (text: string) => boolean): Promise<string> {
    while (!this.#isClosed && !isEnough(this.text)) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.text
  }

  closed(): Promise<string> {
    return this.until(() => false)
  }

  get text(): string {
    return this.#received.toString('latin1')
  }

  /** Goes away without a word. */
  async drop(): Promise<void> {
    this.#socket.destroy()
    await this.closed()
  }
}

/** One request in exactly these bytes, and all that comes back. The header lines are as given, joined by CRLF. */
export async function say(
  port: number,
  requestLine: string,
  lines: readonly (string | Uint8Array)[] = [],
): Promise<string> {
  const wire = new Wire(port).send(`${requestLine}\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n`)
  for (const line of lines) wire.send(line).send('\r\n')
  return wire.send('\r\n').closed()
}

export function statusOf(response: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(response)?.[1])
}

export function bodyOf(response: string): string {
  return response.slice(response.indexOf('\r\n\r\n') + 4)
}
