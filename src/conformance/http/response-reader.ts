import { HttpResponse } from './http-response.ts'

/** Longer heads and bodies are refused: an audited server must not be able to fill the memory. */
const maxHeadBytes = 256 * 1024

/** A response that is no HTTP/1.1, or too long. */
export class MalformedResponse extends Error {
  override readonly name: string = 'MalformedResponse'
}

type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }

/** Reads one response from bytes that come in any pieces (RFC 9112 §6-§7). */
export class ResponseReader {
  readonly #isHead: boolean
  readonly #maxBodyBytes: number
  readonly #interim: number[] = []
  #head: HttpResponse | undefined
  #framing: Framing = { kind: 'none' }
  /** What has come and is not read yet. */
  #pending: Buffer[] = []
  #pendingBytes = 0
  #body: Buffer[] = []
  #bodyBytes = 0
  #isInTrailer = false

  constructor({ isHead = false, maxBodyBytes = 16 * 1024 * 1024 }: { isHead?: boolean; maxBodyBytes?: number } = {}) {
    this.#isHead = isHead
    this.#maxBodyBytes = maxBodyBytes
  }

  /** Whether anything has come yet. */
  hasBegun = false

  /** The response, once these bytes have completed it. */
  push(chunk: Buffer): HttpResponse | undefined {
    this.hasBegun ||= chunk.length > 0
    this.#pending.push(chunk)
    this.#pendingBytes += chunk.length
    return this.#head ? this.#readBody() : this.#readHead()
  }

  /** The other side has closed: complete only if the response was meant to last until then. */
  end(): HttpResponse | undefined {
    if (!this.#head || this.#framing.kind !== 'until-close') return undefined
    return this.#complete([])
  }

  /** Whether the connection can carry another request: the response said where it ends, nobody wants to close, nothing follows. */
  get leavesConnectionUsable(): boolean {
    const connection = this.#head?.header('connection')?.toLowerCase() ?? ''
    const isPersistent = this.#head?.statusLine.startsWith('HTTP/1.1') === true && !/\bclose\b/.test(connection)
    return isPersistent && this.#framing.kind !== 'until-close' && this.#pendingBytes === 0
  }

  #readHead(): HttpResponse | undefined {
    const bytes = this.#joined()
    const end = bytes.indexOf('\r\n\r\n')
    if (end === -1 && bytes.length <= maxHeadBytes) return undefined
    if (end === -1 || end > maxHeadBytes) throw new MalformedResponse('the response head is longer than 256 KB')
    const [statusLine = '', ...headerLines] = bytes.toString('latin1', 0, end).split('\r\n')
    const head = new HttpResponse({ statusLine, headerLines })
    if (Number.isNaN(head.status)) {
      throw new MalformedResponse(`the response begins with ${JSON.stringify(statusLine.slice(0, 80))}`)
    }
    this.#keep(bytes.subarray(end + 4))
    if (head.status < 200 && head.status !== 101) {
      this.#interim.push(head.status)
      return this.#readHead()
    }
    this.#head = head
    this.#framing = framingOf(head, this.#isHead)
    return this.#readBody()
  }

  #readBody(): HttpResponse | undefined {
    if (this.#framing.kind === 'none') return this.#complete([])
    if (this.#framing.kind === 'chunked') return this.#readChunks()
    const wanted = this.#framing.kind === 'length' ? this.#framing.bytes - this.#bodyBytes : Number.POSITIVE_INFINITY
    this.#take(Math.min(wanted, this.#pendingBytes))
    return this.#framing.kind === 'length' && this.#bodyBytes === this.#framing.bytes ? this.#complete([]) : undefined
  }

  #readChunks(): HttpResponse | undefined {
    while (!this.#isInTrailer) {
      const bytes = this.#joined()
      const lineEnd = bytes.indexOf('\r\n')
      if (lineEnd === -1) {
        if (bytes.length > 4096) throw new MalformedResponse('a chunk’s size line is longer than 4 KB')
        return undefined
      }
      const size = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(bytes.toString('latin1', 0, lineEnd))?.[1]
      if (size === undefined) throw new MalformedResponse('a chunk has no size')
      const length = Number.parseInt(size, 16)
      if (length === 0) {
        this.#keep(bytes.subarray(lineEnd + 2))
        this.#isInTrailer = true
      } else {
        if (bytes.length < lineEnd + 2 + length + 2) {
          if (this.#bodyBytes + length > this.#maxBodyBytes) this.#refuseLength()
          return undefined
        }
        if (bytes.toString('latin1', lineEnd + 2 + length, lineEnd + 4 + length) !== '\r\n') {
          throw new MalformedResponse('a chunk is longer than its size')
        }
        this.#keep(bytes.subarray(lineEnd + 2))
        this.#take(length)
        this.#keep(this.#joined().subarray(2))
      }
    }
    const bytes = this.#joined()
    const end = bytes.toString('latin1', 0, 2) === '\r\n' ? 0 : bytes.indexOf('\r\n\r\n')
    if (end === -1) {
      if (bytes.length > maxHeadBytes) throw new MalformedResponse('the trailer is longer than 256 KB')
      return undefined
    }
    const trailerLines = end === 0 ? [] : bytes.toString('latin1', 0, end).split('\r\n')
    this.#keep(bytes.subarray(end === 0 ? 2 : end + 4))
    return this.#complete(trailerLines)
  }

  #complete(trailerLines: readonly string[]): HttpResponse {
    const { statusLine, headerLines } = this.#head!
    const body = Buffer.concat(this.#body)
    return new HttpResponse({ statusLine, headerLines, body, trailerLines, interim: this.#interim })
  }

  /** Moves bytes from what is pending to the body. */
  #take(length: number): void {
    if (this.#bodyBytes + length > this.#maxBodyBytes) this.#refuseLength()
    const bytes = this.#joined()
    this.#body.push(bytes.subarray(0, length))
    this.#bodyBytes += length
    this.#keep(bytes.subarray(length))
  }

  #refuseLength(): never {
    throw new MalformedResponse(`the response is longer than ${this.#maxBodyBytes} bytes`)
  }

  #joined(): Buffer {
    if (this.#pending.length !== 1) this.#keep(Buffer.concat(this.#pending))
    return this.#pending[0]!
  }

  #keep(rest: Buffer): void {
    this.#pending = [rest]
    this.#pendingBytes = rest.length
  }
}

/** RFC 9112 §6.3. */
function framingOf(head: HttpResponse, isHead: boolean): Framing {
  if (isHead || head.status === 204 || head.status === 304 || head.status === 101) return { kind: 'none' }
  const coding = head.header('transfer-encoding')
  if (coding !== undefined) return /(^|[,\s])chunked$/i.test(coding) ? { kind: 'chunked' } : { kind: 'until-close' }
  const lengths = new Set(head.all('content-length').flatMap((value) => value.split(/\s*,\s*/)))
  const [length] = lengths
  if (length === undefined) return { kind: 'until-close' }
  if (lengths.size > 1 || !/^\d{1,15}$/.test(length)) throw new MalformedResponse(`Content-Length: ${[...lengths]}`)
  return { kind: 'length', bytes: Number(length) }
}
