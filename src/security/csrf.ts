import type { Exchange } from '../core/exchange.ts'
import type { Guard, GuardedRequest, GuardedSession } from '../core/guard.ts'
import { andThen } from '../core/maybe-promise.ts'
import { type ReadonlySession, type Session, stateOf } from '../core/session.ts'
import type { MaybePromise } from '../core/store.ts'
import { checkTrustedOrigins, sourceOf } from './csrf/origin.ts'
import { foreign, unsaid, wrongToken } from './csrf/refusals.ts'
import { isTokenOf, makeToken } from './csrf/token.ts'
import { isSafe } from './safe-method.ts'

/** What `csrf` is told. `Request` is what the handlers give to `sessions.open`: Hono's `Context`, Express's `Request`, … */
export interface CsrfOptions<Request extends object = object> {
  /**
   * Other origins whose pages may post to this site, such as `https://pay.example`; or this site's own, where a proxy changes the
   * Host header. A scheme and a host, no path, no wildcard. Default: none.
   */
  readonly trustedOrigins?: readonly string[]
  /**
   * Reads the token from a submitted form, when the header `x-csrf-token` is not there. Asked at every request that is
   * checked and not refused before, so that a mistake in it shows at once; what it throws, `sessions.open` rejects with. Default: no form has one.
   *
   * @example
   * tokenFrom: async (c: Context) => (await c.req.parseBody()).csrf // Hono
   * tokenFrom: (request: Request) => request.body?.csrf // Express
   */
  readonly tokenFrom?: (request: Request) => MaybePromise<unknown>
  /** Requests that are not checked at all: a form that another site posts on purpose. Has to return `true` itself. May be asked twice. Default: none. */
  readonly exempt?: (request: Request, exchange: Exchange) => boolean
}

/**
 * Refuses, with `ERR_CROSS_SITE_REQUEST`, a request that another site's page made in the visitor's name (CSRF; OWASP ASVS 3.5.1).
 * It looks at every request that opens its session with another method than GET, HEAD, OPTIONS and TRACE, signed in or not: a
 * login form is worth forging, too. No form needs anything for that: browsers say whose page a request comes from.
 *
 * A request must show by one of these that it is ours, and none may speak against it: `Sec-Fetch-Site`, else `Origin`, else `Referer`,
 * else a token of the session. A token that comes along is checked in any case. Throws a TypeError for a trusted origin that is none.
 *
 * @example
 * const sessions = new Sessions({ store, guards: [csrf()] })
 */
export function csrf<Request extends object = object>(options: CsrfOptions<Request> = {}): Guard {
  const { tokenFrom, exempt } = options
  const trusted = checkTrustedOrigins(options.trustedOrigins ?? [])
  const isChecked = ({ request, exchange }: GuardedRequest): boolean =>
    !isSafe(exchange.method) && exempt?.(request as Request, exchange) !== true

  return {
    name: 'csrf',

    beforeOpen(guarded) {
      if (!isChecked(guarded)) return
      const { exchange } = guarded
      const source = sourceOf(exchange, trusted)
      if (source === 'foreign') throw foreign(exchange)
      if (source === 'unsaid' && !tokenFrom && !headerToken(exchange)) throw unsaid(exchange)
    },

    afterOpen(guarded, session) {
      if (!isChecked(guarded)) return
      const { request, exchange } = guarded
      return andThen(headerToken(exchange) || tokenFrom?.(request as Request), (token) => {
        const verdict = judge(session, token)
        if (verdict === 'wrong') throw wrongToken()
        if (verdict === 'none' && sourceOf(exchange, trusted) !== 'ours') throw unsaid(exchange)
      })
    },
  }
}

/**
 * A token for this session's forms: a hidden field that `tokenFrom` reads, or the header `x-csrf-token`. Another text at each call, all
 * of them good until the session's privilege changes; then none is, so that nobody can plant one before a sign-in. Periodic
 * rotations leave them good. Undefined for a visitor without a stored session, and between a sign-in and its commit
 * (`await session.save()`): a form needs none then.
 *
 * @example
 * <input type="hidden" name="csrf" value={csrfToken(session)}>
 */
export function csrfToken<Data>(session: Session<Data> | ReadonlySession<Data>): string | undefined {
  const { live, privilege } = stateOf(session as Session<Data>)
  return live && !privilege ? makeToken(live.ticket.sid, live.body.epoch) : undefined
}

function headerToken(exchange: Exchange): string | undefined {
  return exchange.header('x-csrf-token') || undefined
}

/**
 * A visitor without a session (any more) has none that a token could belong to: a page left open for long is answered by
 * the handler, which asks them to sign in.
 */
function judge({ sid, epoch }: GuardedSession, token: unknown): 'right' | 'wrong' | 'none' {
  const isPresented = token !== undefined && token !== null && token !== ''
  if (!isPresented || !sid || epoch === undefined) return 'none'
  return isTokenOf(sid, epoch, token) ? 'right' : 'wrong'
}
