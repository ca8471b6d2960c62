import { hash } from 'node:crypto'
import type { Exchange } from '../core/exchange.ts'
import type { Guard, GuardedRequest, GuardedSession } from '../core/guard.ts'
import { andThen, isPromise } from '../core/maybe-promise.ts'
import { reauthenticationRequired } from '../core/refusals.ts'
import type { MaybePromise } from '../core/store.ts'
import { hasCompany, judge, type Rules, type Verdict } from './fingerprint/judge.ts'
import { Memory } from './fingerprint/memory.ts'
import { type Notes, sealNotes, unsealNotes } from './fingerprint/notes.ts'
import { agentOf, type Observed, observe } from './fingerprint/observe.ts'
import { type Locate, locateWith, type Place } from './fingerprint/place.ts'
import { report } from './fingerprint/report.ts'
import { checkWeights, type Weights } from './fingerprint/score.ts'
import { networkOf } from './network.ts'
import { isSafe } from './safe-method.ts'

export type { Action } from './fingerprint/notes.ts'
export type { Locate, Location } from './fingerprint/place.ts'
export type { FingerprintReport } from './fingerprint/report.ts'
export type { Signal, Weights } from './fingerprint/score.ts'

/** What `fingerprint` is told. `Request` is what the handlers give to `sessions.open`: Hono's `Context`, Express's `Request`, … */
export interface FingerprintOptions<Request extends object = object> {
  /**
   * `log`: only says, on `coatcheck:fingerprint`, what it would have done: begin with that. `step-up`: does it. `off`: reads no header.
   * Default: `log`.
   */
  readonly mode?: 'off' | 'log' | 'step-up'
  /**
   * Requests that a browser which has to sign in again may still make: those that sign in, and that sign out. Has to return `true`
   * itself. Required in mode `step-up`, as nobody could get out of it otherwise.
   *
   * @example
   * exempt: (c: Context) => ['/login', '/logout'].includes(c.req.path) // Hono
   */
  readonly exempt?: (request: Request, exchange: Exchange) => boolean
  /** Tells country, provider and so on of an address, from a database of yours. Default: they are not known, and count nothing. */
  readonly locate?: Locate
  /** Points that differ from the usual ones. */
  readonly weights?: Partial<Weights>
  /** From how many points on the cookie is replaced, and the user has to sign in again. Default: 30 and 60. */
  readonly thresholds?: { readonly rotate?: number; readonly stepUp?: number }
}

const name = 'fingerprint'

/**
 * Notices that a signed-in session's cookie is used by what does not look like the browser that signed in, and has that one sign in
 * again before it may change anything: its POSTs are refused with `ERR_REAUTHENTICATION_REQUIRED`, and so is `session.requireRecent`. Its GETs
 * go on, and so does the browser that signed in: presenting a stolen cookie logs nobody out. Needs the packages `bowser` and `ipaddr.js`.
 *
 * It is an indication and no proof: a thief who takes care to look the same is not noticed (OWASP Session Management Cheat Sheet, "Binding the Session ID").
 * Throws a TypeError for options that don't fit.
 *
 * @example
 * const sessions = new Sessions({ store, guards: [fingerprint({ mode: 'log' })] })
 */
export function fingerprint<Request extends object = object>(options: FingerprintOptions<Request> = {}): Guard {
  const { mode, rules, exempt, locate } = checkOptions(options)
  if (mode === 'off') return { name }
  const quiet = new Memory()
  const told = new Memory()
  const isEnforced = mode === 'step-up'

  return {
    name,

    atSignIn({ exchange, sid, userId, now }) {
      if (userId === undefined) return undefined
      const observed = observe(exchange)
      const notes = firstNotes(observed)
      // Where the answer takes a while, the next request from there waits for it instead.
      const place = placeIn(notes, observed, now, locate)
      return sealNotes(sid, isPromise(place) || !place ? notes : { ...notes, places: [place] })
    },

    afterOpen(guarded, session) {
      const { exchange, now } = guarded
      const { handle, sid, notes: sealed } = session
      if (session.userId === undefined || handle === undefined || !sid) return
      const observed = observe(exchange)
      const trace = hash('sha256', JSON.stringify([sealed, observed]), 'base64url')
      if (quiet.isKnown(handle, trace, now)) return
      const notes = unsealNotes(sid, sealed)
      // Signed in before there was this guard: whoever comes first is taken for the one.
      if (!notes) return session.keep(sealNotes(sid, firstNotes(observed)))
      return andThen(placeIn(notes, observed, now, locate), (place) => {
        const verdict = judge(rules, notes, { agent: agentOf(observed), place, now })
        if (verdict.notes !== notes) session.keep(sealNotes(sid, verdict.notes))
        if (!verdict.isHome) return answerStranger(guarded, session, verdict)
        if (isEnforced && isRotationDue(verdict.notes, session)) session.rotate()
        else if (!hasCompany(verdict.notes, now)) quiet.remember(handle, trace, now)
      })
    },
  }

  function answerStranger({ request, exchange, now }: GuardedRequest, session: GuardedSession, verdict: Verdict): void {
    const { id, action, score, signals } = verdict
    const { handle, userId } = session
    // A new cookie is for the browser that signed in: were this one given it, that one would be logged out by it.
    if (isEnforced) session.holdCookie()
    if (!action || handle === undefined || userId === undefined) return
    const isRefused =
      action === 'step-up' && !isSafe(exchange.method) && exempt?.(request as Request, exchange) !== true
    const [key, value] = [hash('sha256', `${handle} ${id}`), `${score} ${isRefused}`]
    if (!told.isKnown(key, value, now)) {
      told.remember(key, value, now)
      report({ handle, userId, action, score, signals, isEnforced, isRefused })
    }
    if (!isEnforced) return
    if (action === 'step-up') session.needStepUp()
    if (isRefused) throw reauthenticationRequired('this is not the browser that signed in, as far as one can tell')
  }
}

function firstNotes(observed: Observed): Notes {
  const network = networkOf(observed.address)
  return { agent: agentOf(observed), places: network === undefined ? [] : [{ network }], others: [] }
}

/** `locate` is asked once for each network. Undefined: nobody knows. */
function placeIn(
  { places }: Notes,
  { address }: Observed,
  now: number,
  locate: Locate | undefined,
): MaybePromise<Place | undefined> {
  const network = networkOf(address)
  if (address === undefined || network === undefined) return undefined
  const known = places.find((place) => place.network === network)
  if (!locate || known?.isLocated) return known ?? { network }
  return locateWith(locate, address, network, now)
}

/** Someone else came with the cookie since it was replaced. */
function isRotationDue({ others }: Notes, { rotatedAt = 0 }: GuardedSession): boolean {
  return others.some(({ action, since }) => action === 'rotate' && since > rotatedAt)
}

function checkOptions<Request extends object>({
  mode = 'log',
  exempt,
  locate,
  weights = {},
  thresholds = {},
}: FingerprintOptions<Request>): Pick<FingerprintOptions<Request>, 'exempt' | 'locate'> & {
  readonly mode: 'off' | 'log' | 'step-up'
  readonly rules: Rules
} {
  if (!['off', 'log', 'step-up'].includes(mode))
    throw new TypeError(`mode must be 'off', 'log' or 'step-up', got ${JSON.stringify(mode)}`)
  if (mode === 'step-up' && !exempt)
    throw new TypeError(
      "fingerprint({ mode: 'step-up' }) needs exempt: the requests that sign in again and sign out, such as (request) => request.url === '/login'",
    )
  const { rotate = 30, stepUp = 60 } = thresholds
  if (!(rotate > 0 && stepUp >= rotate))
    throw new TypeError(`thresholds must be positive, rotate not above stepUp, got ${rotate} and ${stepUp}`)
  return {
    mode,
    rules: { weights: checkWeights(weights), rotateFrom: rotate, stepUpFrom: stepUp },
    ...(exempt && { exempt }),
    ...(locate && { locate }),
  }
}
