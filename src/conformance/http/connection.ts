import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectSecure, type TLSSocket } from 'node:tls'
import type { HttpResponse } from './http-response.ts'
import { MalformedResponse, ResponseReader } from './response-reader.ts'

/** How to reach an origin. */
export interface ConnectionOptions {
  /**
   * Whose word to take for a certificate. `loopback` (default): an authority's, or nobody's when the other end is this
   * very machine, where a certificate is mostly self-signed and nobody is in between. `authorities`: always an authority's.
   */
  readonly trust?: 'loopback' | 'authorities'
  /** Certificates of further authorities, PEM. */
  readonly ca?: string
  /** Connects to this address instead, with the origin's name in TLS (and in the Host line that the caller writes): to give a server on this machine any name. */
  readonly connectTo?: { readonly host: string; readonly port: number }
  /** Milliseconds for connecting, and for each exchange. Default: 10 000. */
  readonly deadline?: number
}

/** Why no response came. */
export type ExchangeFault = 'unreachable' | 'certificate' | 'deadline' | 'closed' | 'malformed'

/** No response, and why: the connection was refused, its certificate is not trusted, it closed early, or time was up. */
export class ExchangeError extends Error {
  override readonly name: string = 'ExchangeError'
  readonly fault: ExchangeFault
  /** Whether any byte of a response had come. */
  readonly hasBegun: boolean

  constructor(fault: ExchangeFault, message: string, options: { cause?: unknown; hasBegun?: boolean } = {}) {
    super(message, { cause: options.cause })
    this.fault = fault
    this.hasBegun = options.hasBegun ?? false
  }
}

/** What one exchange may be told. */
export interface ExchangeOptions {
  /** The request was a HEAD: its response has no body, whatever Content-Length says. */
  readonly isHead?: boolean
  /** Milliseconds. Default: the connection's. */
  readonly deadline?: number
}

/** One TCP or TLS connection, on which requests go one after the other, to the byte. */
export class Connection {
  readonly #socket: Socket
  readonly #deadline: number
  #isUsable = true

  private constructor(socket: Socket, deadline: number) {
    this.#socket = socket
    this.#deadline = deadline
    // Between exchanges nobody else listens, and an error without a listener would end the process.
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isUsable = false
    })
  }

  /** Of the URL only scheme, host and port count. Rejects with an `ExchangeError`. */
  static async open(origin: string | URL, options: ConnectionOptions = {}): Promise<Connection> {
    const url = new URL(origin)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new TypeError(`not an http(s) URL: ${url.href}`)
    const { deadline = 10_000 } = options
    return new Connection(await connected(url, options, deadline), deadline)
  }

  /** Whether another request can be sent on it. */
  get isUsable(): boolean {
    return this.#isUsable && !this.#socket.destroyed
  }

  /** Sends the beginning of a request: `exchange` sends the rest, as late as one likes. */
  begin(bytes: string | Uint8Array): void {
    this.#socket.write(bytesOf(bytes))
  }

  /**
   * Sends exactly these bytes and reads one response. A string stands for its characters' low bytes (latin1), so `'\xA0'`,
   * `'\0'` and a lone `'\n'` arrive as they are. One exchange at a time. Rejects with an `ExchangeError`, and then the
   * connection is closed.
   */
  exchange(bytes: string | Uint8Array, options: ExchangeOptions = {}): Promise<HttpResponse> {
    const { deadline = this.#deadline, isHead = false } = options
    const socket = this.#socket
    const reader = new ResponseReader({ isHead })
    return new Promise((resolve, reject) => {
      const finish = (outcome: HttpResponse | ExchangeError): void => {
        clearTimeout(timer)
        socket.off('data', read).off('end', end).off('close', closed).off('error', failed)
        const isResponse = !(outcome instanceof ExchangeError)
        if (!isResponse || !reader.leavesConnectionUsable) this.close()
        isResponse ? resolve(outcome) : reject(outcome)
      }
      const fail = (fault: ExchangeFault, message: string, cause?: unknown): void =>
        finish(new ExchangeError(fault, message, { cause, hasBegun: reader.hasBegun }))
      const attempt = (step: () => HttpResponse | undefined): HttpResponse | undefined => {
        try {
          return step()
        } catch (error) {
          if (!(error instanceof MalformedResponse)) throw error
          fail('malformed', error.message, error)
          return undefined
        }
      }
      const read = (chunk: Buffer): void => {
        const response = attempt(() => reader.push(chunk))
        if (response) finish(response)
      }
      const end = (): void => {
        const response = attempt(() => reader.end())
        if (response) finish(response)
        else
          fail(
            'closed',
            reader.hasBegun ? 'the server closed within a response' : 'the server closed without a response',
          )
      }
      const closed = (): void => end()
      const failed = (error: Error): void => fail('closed', `the connection broke: ${error.message}`, error)
      const timer = setTimeout(() => fail('deadline', `no complete response within ${deadline} ms`), deadline)
      if (!this.isUsable) return fail('closed', 'the connection is closed')
      socket.on('data', read).on('end', end).on('close', closed).on('error', failed)
      socket.write(bytesOf(bytes))
    })
  }

  close(): void {
    this.#isUsable = false
    this.#socket.destroy()
  }
}

function bytesOf(bytes: string | Uint8Array): Uint8Array {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
}

/** One exchange on a connection of its own. */
export async function exchange(
  origin: string | URL,
  bytes: string | Uint8Array,
  options: ConnectionOptions & ExchangeOptions = {},
): Promise<HttpResponse> {
  const connection = await Connection.open(origin, options)
  try {
    return await connection.exchange(bytes, options)
  } finally {
    connection.close()
  }
}

function connected(url: URL, options: ConnectionOptions, deadline: number): Promise<Socket> {
  const isSecure = url.protocol === 'https:'
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const { host, port } = options.connectTo ?? { host: hostname, port: Number(url.port || (isSecure ? 443 : 80)) }
  return new Promise((resolve, reject) => {
    const socket = isSecure ? connectSecure(secureOptions(hostname, host, port, options)) : connectPlain({ host, port })
    const fail = (fault: ExchangeFault, message: string, cause?: unknown): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(new ExchangeError(fault, message, { cause }))
    }
    const timer = setTimeout(() => fail('deadline', `${url.origin} did not accept within ${deadline} ms`), deadline)
    socket.once('error', (error) => fail('unreachable', `${url.origin} can't be reached: ${reasonOf(error)}`, error))
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      const distrust = isSecure ? reasonForDistrust(socket as TLSSocket, options.trust ?? 'loopback') : undefined
      if (distrust) return fail('certificate', `the certificate of ${url.origin} is not trusted: ${distrust}`)
      clearTimeout(timer)
      socket.removeAllListeners('error')
      socket.setNoDelay(true)
      resolve(socket)
    })
  })
}

function secureOptions(hostname: string, host: string, port: number, { ca }: ConnectionOptions) {
  return {
    host,
    port,
    // The verdict is looked at, before anything is sent, once it is known whose machine has answered.
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(hostname) === 0 && { servername: hostname }),
    ...(ca !== undefined && { ca }),
  }
}

function reasonForDistrust(socket: TLSSocket, trust: 'loopback' | 'authorities'): string | undefined {
  if (socket.authorized) return undefined
  if (trust === 'loopback' && /^(::ffff:)?127\.|^::1$/.test(socket.remoteAddress ?? '')) return undefined
  return String(socket.authorizationError)
}

/** Of an error for several addresses, each one's. */
function reasonOf(error: Error): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ')
  return error.message
}
