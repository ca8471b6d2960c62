export interface Reply {
  /** 0: the connection broke. `hangs`: no answer within five seconds. */
  readonly status: number | 'hangs'
  readonly headers: Headers
  readonly text: string
  readonly json: { readonly user?: string | null; readonly values?: Record<string, unknown>; readonly isSame?: boolean }
  readonly ms: number
}

interface Options {
  /** Resolves when the headers are there, the body unread, as a browser follows a redirect. */
  readonly headersOnly?: boolean
}

/** Requests with a cookie jar, as if through a proxy that speaks https to the visitor. */
export class Browser {
  readonly #origin: string
  /** Name and value of what the server has set. */
  readonly cookies: Map<string, string>
  /** Every Set-Cookie that came, in the order it came. */
  readonly setCookies: string[] = []

  constructor(origin: string, cookies: ReadonlyMap<string, string> = new Map()) {
    this.#origin = origin
    this.cookies = new Map(cookies)
  }

  /** Another visitor with these cookies, or with a copy of this one's. */
  copy(cookies: ReadonlyMap<string, string> = this.cookies): Browser {
    return new Browser(this.#origin, cookies)
  }

  get(path: string): Promise<Reply> {
    return this.#request('GET', path, {})
  }

  post(path: string, options: Options = {}): Promise<Reply> {
    return this.#request('POST', path, options)
  }

  async #request(method: string, path: string, { headersOnly = false }: Options): Promise<Reply> {
    const startedAt = performance.now()
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    try {
      const response = await fetch(this.#origin + path, {
        method,
        redirect: 'manual',
        headers: { 'X-Forwarded-Proto': 'https', ...(cookie && { Cookie: cookie }) },
        signal: AbortSignal.timeout(5000),
      })
      for (const line of response.headers.getSetCookie()) this.receive(line)
      const { status, headers } = response
      const text = headersOnly ? '' : await response.text()
      if (headersOnly) response.text().catch(() => {})
      return { status, headers, text, json: parsed(text), ms: performance.now() - startedAt }
    } catch (error) {
      const status = (error as Error).name === 'TimeoutError' ? 'hangs' : 0
      return { status, headers: new Headers(), text: '', json: {}, ms: performance.now() - startedAt }
    }
  }

  /** Keeps what a Set-Cookie says. */
  receive(line: string): void {
    this.setCookies.push(line)
    const [pair = '', ...attributes] = line.split(/; */)
    const [name = '', ...rest] = pair.split('=')
    const value = rest.join('=')
    const expires = attributes.find((attribute) => /^expires=/i.test(attribute))?.slice(8)
    const isPast = expires !== undefined && Date.parse(expires) <= Date.now()
    const isOver = isPast || attributes.some((attribute) => /^max-age=(0|-.*)$/i.test(attribute))
    if (isOver || value === '') this.cookies.delete(name)
    else this.cookies.set(name, value)
  }
}

function parsed(text: string): Reply['json'] {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}
