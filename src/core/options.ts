import { type AssuranceLevel, limitsOf } from './assurance.ts'
import { checkClock, checkOptions, checkRandomBytes, checkStore, oneOf } from './check-options.ts'
import type { Cipher } from './cipher.ts'
import { CleanUp } from './clean-up.ts'
import { type Codec, codec as defaultCodec } from './codec.ts'
import { checkCookieName, checkSameSite, type SameSite } from './cookie.ts'
import type { Values } from './data.ts'
import { EndWatch } from './ended.ts'
import type { Engine } from './engine.ts'
import type { Exchange } from './exchange.ts'
import { checkGuards, type Guard } from './guard.ts'
import { type Duration, type Lifetime, milliseconds } from './lifetime.ts'
import type { MergeRule, MergeRules } from './merge.ts'
import type { Device } from './record-body.ts'
import { checkSessionsPerUser, type SessionsPerUser } from './sessions-per-user.ts'
import type { Mode } from './state.ts'
import type { Store } from './store.ts'
import { StoreCalls } from './store-calls.ts'
import { pooledRandomBytes, type RandomBytes } from './ticket.ts'
import { TurnQueue } from './turn-queue.ts'

/** How long a session lives (OWASP: both an idle and an absolute timeout). */
export interface LifetimeOptions {
  /** Ends a session that long after its last request. Default: 30 minutes; remembered, 30 days. */
  readonly idleTimeout?: Duration
  /** Ends a session that long after its creation or last sign-in, whatever happens. Default: 12 hours; remembered, 90 days. */
  readonly absoluteTimeout?: Duration
}

/** How a signed-in visitor's cookie is replaced now and then. */
export interface RotationOptions {
  /** Default: every 15 minutes, on a navigation. */
  readonly every?: Duration
  /** How long the old cookie still works once the new one was seen. Default: 30 seconds. */
  readonly grace?: Duration
  /**
   * What follows when a replaced cookie is used after the grace, so that one of two holders is not the visitor. `report`: the
   * event `coatcheck:suspicious`. `revoke`: the session ends besides, for both (OWASP Session Management Cheat Sheet, "Renewal Timeout"). Default: `report`.
   */
  readonly onReuse?: 'report' | 'revoke'
}

interface Settings<Data> extends LifetimeOptions {
  /** Where the records live. */
  readonly store: Store
  /**
   * Keeps every session within the limits that NIST SP 800-63B-4 sets for this level, remembered ones too: defaults are lowered
   * to them, and a timeout above them is a TypeError. Default: none.
   */
  readonly assuranceLevel?: AssuranceLevel
  /** How two changes of one key become one. Keys without a rule: the later change wins, and `coatcheck:conflict` says so. */
  readonly merge?: MergeRules<Data>
  /** The limits of a session signed in with `{ remember: true }`. */
  readonly remember?: LifetimeOptions
  readonly rotation?: RotationOptions
  /** How long a sign-in may stay half-done, between `beginSignIn` and `completeSignIn`. Default: 10 minutes. */
  readonly pendingTimeout?: Duration
  /** How many sessions one user may have at once. Default: any number (OWASP ASVS 7.1.2: document it). Needs a store with an index of users. */
  readonly sessionsPerUser?: SessionsPerUser
  /** Features that look at each session when it is opened: `csrf()`, `fingerprint()`. Default: none. */
  readonly guards?: readonly Guard[]
  /** What is noted of a user's device at each sign-in, for a page such as "your devices": `describeDevice()` of coatcheck/security/device. Default: nothing. */
  readonly device?: (exchange: Exchange) => Device
  /** How often a mere visit is written down, at most. Default: a minute, or a tenth of the idle timeout where that is shorter. */
  readonly touchInterval?: Duration
  /** The mode of `open` where none is given. Default: `auto`. */
  readonly mode?: Mode | 'auto'
  /** How long an exclusive request waits for its turn (default: 5 seconds), and holds it without a sign of life (default: 30 seconds). */
  readonly lock?: { readonly wait?: Duration; readonly lease?: Duration }
  /** How long one call to the store may take. Default: 2 seconds. */
  readonly storeTimeout?: Duration
  /**
   * What a GET or HEAD gets while the store does not answer. `fail-closed`: `ERR_STORE_UNAVAILABLE`, a 503. `anonymous-read-only`:
   * an anonymous session whose `isStandIn` is true and which can't be stored, so that pages for everyone can still be shown;
   * not where it was opened `exclusive`. All other methods fail closed in any case. Default: `fail-closed`.
   */
  readonly whenUnavailable?: 'fail-closed' | 'anonymous-read-only'
  /** How often what has expired is removed from the store, at most; `false` for never, where a job of your own does it. Default: every 5 minutes. */
  readonly cleanupInterval?: Duration | false
  /** How large a session's data may become, in bytes as stored. Default: 1,048,576. */
  readonly maxBytes?: number
  readonly cookie?: {
    /** Default: `sid`. Over https it becomes `__Host-sid`, over http on this machine `sid-<port>`. */
    readonly name?: string
    /** Default: `Lax`. */
    readonly sameSite?: SameSite
  }
  readonly codec?: Codec
  /** Seals what the store gets: `encryption({ keys })` of coatcheck/security/encryption. Default: none; ids and secrets are hashed in any case. */
  readonly encryption?: Cipher
  /** Milliseconds since 1970. Default: `Date.now`. */
  readonly clock?: () => number
  /** Must be unpredictable. Default: `randomBytes` of `node:crypto`. */
  readonly randomBytes?: RandomBytes
}

/** What a session holds before anything is stored: required when `Data` has required keys. Called anew each time, and never stored by itself. */
type Initial<Data> =
  Record<never, never> extends Data ? { readonly initial?: () => Data } : { readonly initial: () => Data }

/** What `new Sessions()` is told. Only `store` is required, and `initial` where `Data` has required keys. */
export type SessionsOptions<Data> = Settings<Data> & Initial<Data>

/** Checks what `new Sessions()` was told. Throws a TypeError that names the option and the fix. */
export function makeEngine(options: SessionsOptions<Values>): Engine {
  const { store, mode = 'auto', cookie = {}, clock = Date.now, maxBytes = 1_048_576, initial = () => ({}) } = options
  checkOptions(options)
  checkStore(store, mode)
  checkClock(clock)
  checkRandomBytes(options.randomBytes)
  checkCookieName(cookie.name ?? 'sid')
  checkSameSite(cookie.sameSite ?? 'Lax')
  if (!(Number.isInteger(maxBytes) && maxBytes > 0))
    throw new TypeError(`maxBytes must be a positive integer, got ${maxBytes}`)
  const most = limitsOf(options.assuranceLevel)
  const short = lifetime('', options, { idle: '30m', absolute: '12h' }, most)
  const remembered = lifetime('remember.', options.remember ?? {}, { idle: '30d', absolute: '90d' }, most)
  const calls = new StoreCalls(store, milliseconds('storeTimeout', options.storeTimeout ?? '2s'), clock)
  const { cleanupInterval = '5m' } = options
  const cleanEveryMs = cleanupInterval === false ? Infinity : milliseconds('cleanupInterval', cleanupInterval)
  return {
    calls,
    whenUnavailable: oneOf('whenUnavailable', options.whenUnavailable ?? 'fail-closed', [
      'fail-closed',
      'anonymous-read-only',
    ]),
    codec: options.codec ?? defaultCodec,
    cipher: options.encryption,
    initial,
    rules: (options.merge ?? {}) as unknown as { [key: string]: MergeRule },
    cookieName: cookie.name ?? 'sid',
    sameSite: cookie.sameSite ?? 'Lax',
    lifetime: short,
    remembered,
    ...rotation(options.rotation ?? {}),
    pendingMs: milliseconds('pendingTimeout', options.pendingTimeout ?? '10m'),
    sessionsPerUser: options.sessionsPerUser && checkSessionsPerUser(options.sessionsPerUser, store),
    guards: checkGuards(options.guards ?? []),
    deviceOf: options.device,
    touchEveryMs: touchInterval(options.touchInterval, Math.min(short.idleMs, remembered.idleMs)),
    lockWaitMs: milliseconds('lock.wait', options.lock?.wait ?? '5s'),
    leaseMs: milliseconds('lock.lease', options.lock?.lease ?? '30s'),
    maxBytes,
    clock,
    randomBytes: options.randomBytes ?? pooledRandomBytes(),
    turns: new TurnQueue(),
    writes: new TurnQueue(),
    ended: new EndWatch(calls, clock),
    cleanUp: new CleanUp(calls, cleanEveryMs, clock),
    warnOnce: warner(),
  }
}

function lifetime(
  prefix: string,
  { idleTimeout, absoluteTimeout }: LifetimeOptions,
  defaults: { idle: Duration; absolute: Duration },
  most: Lifetime,
): Lifetime {
  const within = (name: string, given: Duration | undefined, usual: Duration, mostMs: number): number => {
    const ms = milliseconds(`${prefix}${name}`, given ?? usual)
    if (given === undefined) return Math.min(ms, mostMs)
    if (ms > mostMs)
      throw new TypeError(`${prefix}${name}: ${given} is above the ${mostMs / 60_000} minutes of its assuranceLevel`)
    return ms
  }
  const idleMs = within('idleTimeout', idleTimeout, defaults.idle, most.idleMs)
  const absoluteMs = within('absoluteTimeout', absoluteTimeout, defaults.absolute, most.absoluteMs)
  if (idleTimeout !== undefined && idleMs > absoluteMs)
    throw new TypeError(
      `${prefix}idleTimeout must not be longer than ${prefix}absoluteTimeout: ${idleTimeout} never ends a session`,
    )
  return { idleMs, absoluteMs }
}

function rotation(given: RotationOptions): Pick<Engine, 'rotateEveryMs' | 'graceMs' | 'onReuse'> {
  const { every = '15m', grace = '30s', onReuse = 'report' } = given
  const rotateEveryMs = milliseconds('rotation.every', every)
  const graceMs = milliseconds('rotation.grace', grace)
  if (given.grace !== undefined && graceMs >= rotateEveryMs)
    throw new TypeError(`rotation.grace must be shorter than rotation.every, got ${grace}`)
  return { rotateEveryMs, graceMs, onReuse: oneOf('rotation.onReuse', onReuse, ['report', 'revoke']) }
}

/** A visitor who keeps coming must be written down before the idle timeout is over. */
function touchInterval(interval: Duration | undefined, idleMs: number): number {
  if (interval === undefined) return Math.min(60_000, idleMs / 10)
  const ms = milliseconds('touchInterval', interval)
  if (ms >= idleMs) throw new TypeError(`touchInterval must be shorter than idleTimeout, got ${interval}`)
  return ms
}

/** Says each thing once, and nothing in production. */
function warner(): Engine['warnOnce'] {
  if (process.env.NODE_ENV === 'production') return () => {}
  const said = new Set<string>()
  return (topic, message) => {
    const text = said.has(topic) ? undefined : message()
    if (text === undefined) return
    said.add(topic)
    console.warn(`coatcheck: ${text}`)
  }
}
