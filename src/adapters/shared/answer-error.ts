import type { ServerResponse } from 'node:http'
import { publicText, SessionError } from '../../core/errors.ts'

/** A `SessionError`'s status and a line of text; 500 for anything else, reported by `console.error`. */
export function answerError(error: unknown, response: ServerResponse): void {
  const isOurs = error instanceof SessionError
  if (!isOurs) console.error(error)
  response.statusCode = isOurs ? error.status : 500
  response.setHeader('content-type', 'text/plain; charset=utf-8').setHeader('cache-control', 'no-store')
  if (isOurs && error.retryAfter !== undefined) response.setHeader('retry-after', String(error.retryAfter))
  response.end(isOurs ? publicText(error) : '500: Internal Server Error\n')
}
