import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { CommitsSessions } from '../core/exchange.ts'
import { answerError } from './shared/answer-error.ts'
import { isFailing, setFailing } from './shared/failing.ts'
import { HeldResponse } from './shared/held-response.ts'
import { NodeExchange } from './shared/node-exchange.ts'
import { type TrustProxy, trustedProxies } from './shared/trusted-proxy.ts'

/** What the listener believes of a request, and who answers when it fails. */
export interface CoatcheckOptions {
  readonly trustProxy?: TrustProxy
  /**
   * Answers, at once, a request that failed: the handler threw, or its session could not be committed. Nothing of the
   * response has left yet, and what the handler still writes goes nowhere. Default: a `SessionError`'s status and a line
   * of text; 500 for anything else, reported by `console.error`.
   */
  readonly onError?: (error: unknown, request: IncomingMessage, response: ServerResponse) => void
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

/**
 * A listener for `http.createServer` that commits the session before the first byte of the response leaves, however the
 * handler writes it: `writeHead`, `write`, `end`, a pipe, `flushHeaders`. The handler opens it with `await sessions.open(request)`.
 *
 * @example
 * createServer(coatcheck(sessions, async (request, response) => {
 *   const session = await sessions.open(request)
 *   response.end(`visit no. ${++session.data.visits}`)
 * }))
 */
export function coatcheck(
  sessions: CommitsSessions,
  handler: Handler,
  options: CoatcheckOptions = {},
): RequestListener {
  const isTrusted = trustedProxies(options.trustProxy)
  const onError = options.onError ?? ((error, _request, response) => answerError(error, response))
  return async (request, response) => {
    if (!sessions.attach(request, new NodeExchange(request, response, isTrusted))) return handler(request, response)
    const held = new HeldResponse(
      response,
      () => sessions.commit(request, { hasFailed: isFailing(request) }),
      (error) => {
        setFailing(request, true)
        onError(error, request, response)
        return true
      },
    )
    try {
      await (sessions.within ? sessions.within(request, () => handler(request, response)) : handler(request, response))
    } catch (error) {
      if (!held.hasBegun) {
        setFailing(request, true)
        held.answer(() => onError(error, request, response))
      } else if (!(await held.hasFailed)) {
        console.error(error)
        // Too late for an answer: the client must see that what it has is not whole.
        if (!response.writableEnded) response.destroy()
      }
    } finally {
      // The client has gone and nothing was written: what the handler decided, a logout above all, still holds.
      if (response.destroyed) await held.commitUnanswered()
    }
  }
}
