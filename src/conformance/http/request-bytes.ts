/** One request, as it is to be written on the wire. */
export interface RequestParts {
  /** Default: GET. */
  readonly method?: string
  /** The request target, such as `/login?next=%2F`. Default: `/`. */
  readonly target?: string
  /** In this order, as often as they are given. Nothing is added, checked, or escaped. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body?: string | Uint8Array
}

/**
 * The bytes of a request, headers as latin1, so that a value may hold any byte, line ends and NUL too: whoever calls means
 * it. A body given as a string is UTF-8. Content-Length is the caller's as well.
 */
export function requestBytes({ method = 'GET', target = '/', headers = [], body = '' }: RequestParts): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`), '', '']
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), Buffer.from(body)])
}
