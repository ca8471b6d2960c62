import type { IncomingMessage, ServerResponse } from 'node:http'
import { SessionError } from '../core/errors.ts'
import type { CommitsSessions } from '../core/exchange.ts'
import { answerError } from './shared/answer-error.ts'
import { isFailing, setFailing } from './shared/failing.ts'
import { HeldResponse } from './shared/held-response.ts'
import { NodeExchange } from './shared/node-exchange.ts'
import { type TrustProxy, trustedProxies } from './shared/trusted-proxy.ts'

/** What the middleware believes of a request. */
export interface CoatcheckOptions {
  /** Express's own setting of this name plays no part in what the session believes. */
  readonly trustProxy?: TrustProxy
}

type Next = (error?: unknown) => void
/** As Express knows them, without its types: each request has its application as `app`. */
type RequestHandler = (request: IncomingMessage, response: ServerResponse, next: Next) => void
type ErrorRequestHandler = (error: unknown, request: IncomingMessage, response: ServerResponse, next: Next) => void

const heldResponses: unique symbol = Symbol('coatcheck held responses')

/** The response as each `Sessions` holds it: the last is the first to hear of a write. */
interface Marked {
  [heldResponses]?: HeldResponse[]
}

/** How long a handler may go on for a client that has gone, before what it decided until then is stored. */
const patienceMs = 30_000

/**
 * Middleware for Express 5 that commits the session before the first byte of the response leaves. Routes that come after it
 * open the session with `await sessions.open(request)`; a route that does not costs nothing.
 *
 * **Errors.** After a handler that throws, rejects or calls `next(error)`, only its sign-outs hold, whichever error handler
 * answers and with whatever status. There is nothing to add for that: Express tells no earlier middleware of an error, so
 * this one watches, from the first request on, the method by which Express's router hands an error on. An error
 * handler that calls `next()` without an error has dealt with it, as a `catch` would have: the request goes on as if
 * nothing had been thrown. An application called as `(request, response) => inner(request, response)`, without `next`,
 * answers what its own error handlers leave by itself, unwatched: pass `next`, or mount it with `use`.
 *
 * A commit that fails goes to the application's error handlers too, as a `SessionError`, where the response had been written
 * to its end: `send`, `json`, `redirect`, `render`, `end`. Of a response that is still being written (a stream, a file)
 * nobody else can write a part, so it is replaced at once. Nothing of the response that failed is sent, its headers
 * included. A `SessionError` that no error handler answers is answered with its status, a line of text and `Retry-After`.
 *
 * @example
 * const app = express().use(coatcheck(sessions))
 * app.post('/cart', async (request, response) => {
 *   const session = await sessions.open(request)
 *   session.data.cart.push('hat')
 *   response.redirect(303, '/cart')
 * })
 */
export function coatcheck(sessions: CommitsSessions, { trustProxy }: CoatcheckOptions = {}): RequestHandler {
  const isTrusted = trustedProxies(trustProxy)
  return (request, response, next) => {
    watchErrors((request as { app?: Application }).app)
    if (!sessions.attach(request, new NodeExchange(request, response, isTrusted))) return next()
    const held = new HeldResponse(
      response,
      () => sessions.commit(request, { hasFailed: isFailing(request) }),
      (error, isWhole) => {
        setFailing(request, true)
        if (isWhole) next(error)
        else answerError(error, response)
        return !isWhole
      },
    )
    const marked = request as Marked
    marked[heldResponses] ??= []
    marked[heldResponses].push(held)
    // Express does not say when a handler is done. One that never answers a client who has gone must not keep its turn.
    response.once('close', () => {
      if (!held.hasBegun) setTimeout(() => void held.commitUnanswered(), patienceMs).unref()
    })
    if (sessions.within) sessions.within(request, next)
    else next()
  }
}

interface Layer {
  handleError: ErrorRequestHandler
}

interface Application {
  readonly parent?: Application
  readonly router: { readonly stack: readonly Layer[] }
  use(handler: ErrorRequestHandler): unknown
}

const watchedLayers = new WeakSet<Layer>()
const lastLayers = new WeakMap<Application, Layer>()

/**
 * An error reaches the next error handler that follows in any of the routers, or else the last layer of the outermost
 * application, which is ours. Either way it comes by `handleError`, a method that all layers share.
 */
function watchErrors(app: Application | undefined): void {
  if (!app)
    throw new TypeError('coatcheck(sessions) of coatcheck/adapters/express needs an application: express().use(…)')
  let root = app
  while (root.parent) root = root.parent
  const last = root.router.stack.at(-1)
  if (last && last === lastLayers.get(root)) return
  root.use(answerSessionError)
  const layer = root.router.stack.at(-1)
  if (typeof layer?.handleError !== 'function') {
    throw new TypeError('coatcheck/adapters/express does not know this version of Express: it needs 5')
  }
  lastLayers.set(root, layer)
  watchLayers(Object.getPrototypeOf(layer) as Layer)
}

function watchLayers(prototype: Layer): void {
  if (watchedLayers.has(prototype)) return
  watchedLayers.add(prototype)
  const { handleError } = prototype
  prototype.handleError = function (error, request, response, next) {
    const held = (request as Marked)[heldResponses]?.at(-1)
    // What a handler has answered holds, whatever it throws after that.
    if (!held || held.hasBegun) return handleError.call(this, error, request, response, next)
    setFailing(request, true)
    handleError.call(this, error, request, response, (nextError) => {
      // The two words by which Express leaves a route or a router are no errors.
      setFailing(request, Boolean(nextError) && nextError !== 'route' && nextError !== 'router')
      next(nextError)
    })
  }
}

/** The last of the error handlers. */
const answerSessionError: ErrorRequestHandler = async (error, request, response, next) => {
  const held = (request as Marked)[heldResponses] ?? []
  if (response.headersSent) {
    const failures = await Promise.all(held.map((each) => each.hasFailed))
    if (failures.includes(true)) return
    // What was written is whole: let the client have it. Else Express cuts the connection, so that the client sees that it is not.
    if (held.length > 0 && response.writableEnded) console.error(error)
    else next(error)
    return
  }
  if (!(error instanceof SessionError)) return next(error)
  const unbegun = held.findLast((each) => !each.hasBegun)
  if (unbegun) unbegun.answer(() => answerError(error, response))
  else answerError(error, response)
}
