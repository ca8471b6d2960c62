import type { HttpResponse } from './http/index.ts'
import type { Asking, Visitor } from './visitor.ts'

/** The headers by which a browser tells where a request comes from: none of them. */
export const fromNowhere: NonNullable<Asking['headers']> = {
  Origin: [],
  Referer: [],
  'Sec-Fetch-Site': [],
  'Sec-Fetch-Mode': [],
  'Sec-Fetch-Dest': [],
}

/**
 * The unsafe request that stands for all: it stores a value, with this token or none. Unless `headers` say otherwise, nothing
 * tells where it comes from.
 */
export function writeWith(
  visitor: Visitor,
  { token, headers = {}, value = 'written' }: { token?: string; headers?: Asking['headers'] & object; value?: string },
): Promise<HttpResponse> {
  const { csrf = {} } = visitor.server.description
  const header = token !== undefined && csrf.header ? { [csrf.header]: token } : {}
  const field = token !== undefined && csrf.field ? { form: { value, [csrf.field]: token } } : {}
  return visitor.ask(
    'writeValue',
    { key: 'unsafe', value },
    {
      withoutToken: true,
      ...field,
      headers: { ...fromNowhere, ...header, ...headers },
    },
  )
}
