import { trim } from '../../testing/set-cookie.ts'

/** A response as it came: no header is merged, reordered, decoded or dropped. */
export class HttpResponse {
  /** Such as `HTTP/1.1 200 OK`. */
  readonly statusLine: string
  readonly status: number
  /** Each header line without its CRLF, in order, one character per byte. */
  readonly headerLines: readonly string[]
  /** The same as pairs: the name as it was written, the value without the blanks around it. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Decoded from chunks, if it came in chunks; not decompressed. */
  readonly body: Buffer
  /** The header lines after the last chunk. */
  readonly trailerLines: readonly string[]
  /** The statuses of the 1xx responses that came before. */
  readonly interim: readonly number[]

  constructor(parts: {
    statusLine: string
    headerLines: readonly string[]
    body?: Buffer
    trailerLines?: readonly string[]
    interim?: readonly number[]
  }) {
    this.statusLine = parts.statusLine
    this.status = Number(/^HTTP\/\d\.\d (\d{3})(?: |$)/.exec(parts.statusLine)?.[1])
    this.headerLines = parts.headerLines
    this.headers = parts.headerLines.map(pairOf)
    this.body = parts.body ?? Buffer.alloc(0)
    this.trailerLines = parts.trailerLines ?? []
    this.interim = parts.interim ?? []
  }

  /** The values of every header line with that name, in order; names are compared without regard to case. */
  all(name: string): string[] {
    return this.headers.flatMap(([other, value]) => (other.toLowerCase() === name.toLowerCase() ? [value] : []))
  }

  /** The lines' values joined by a comma, as RFC 9110 §5.3 reads them; undefined when there is none. Not for Set-Cookie. */
  header(name: string): string | undefined {
    const values = this.all(name)
    return values.length > 0 ? values.join(', ') : undefined
  }

  /** The Set-Cookie values, in order, one character per byte. */
  get setCookies(): string[] {
    return this.all('set-cookie')
  }

  /** The body as UTF-8. */
  get text(): string {
    return this.body.toString('utf8')
  }

  /** The body as JSON, to be checked by the caller; throws a SyntaxError when it is none. */
  json(): unknown {
    return JSON.parse(this.text)
  }
}

function pairOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  if (colon === -1) return [line, '']
  return [line.slice(0, colon), trim(line.slice(colon + 1))]
}
