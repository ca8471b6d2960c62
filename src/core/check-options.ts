import { mergeRules } from './merge.ts'
import type { Mode } from './state.ts'
import type { Store } from './store.ts'
import type { RandomBytes } from './ticket.ts'

/* What types can't say, or JavaScript doesn't hear. Each throws a TypeError that names the option and the fix. */

const durationPair = ['idleTimeout', 'absoluteTimeout']

/** The names that there are, with those of the options within. */
const known: { readonly [option: string]: readonly string[] } = {
  '': [
    ...durationPair,
    ...['store', 'initial', 'merge', 'remember', 'assuranceLevel', 'rotation', 'pendingTimeout', 'sessionsPerUser'],
    ...['guards', 'device', 'touchInterval', 'mode', 'lock', 'storeTimeout', 'whenUnavailable', 'cleanupInterval'],
    ...['maxBytes', 'cookie', 'codec', 'encryption', 'clock', 'randomBytes'],
  ],
  remember: durationPair,
  rotation: ['every', 'grace', 'onReuse'],
  sessionsPerUser: ['max', 'whenFull'],
  lock: ['wait', 'lease'],
  cookie: ['name', 'sameSite'],
}

/** A typing error in `idleTimeout` must not leave sessions with the default. */
export function checkOptions(options: object): void {
  const all = options as { readonly [option: string]: unknown }
  for (const [group, names] of Object.entries(known)) {
    const given = group === '' ? all : all[group]
    if (given === undefined) continue
    if (typeof given !== 'object' || given === null) throw new TypeError(`${group} must be an object, got ${given}`)
    const unknown = Object.keys(given).find((name) => !names.includes(name))
    const prefix = group && `${group}.`
    if (unknown !== undefined)
      throw new TypeError(
        `there is no option ${prefix}${unknown}: the options are ${names.map((name) => prefix + name).join(', ')}`,
      )
  }
  for (const name of ['initial', 'device', 'clock', 'randomBytes']) {
    if (all[name] !== undefined && typeof all[name] !== 'function') throw new TypeError(`${name} must be a function`)
  }
  for (const [key, rule] of Object.entries(all.merge ?? {})) oneOf(`merge.${key}`, rule as string, mergeRules)
  if (all.encryption !== undefined && typeof (all.encryption as { seal?: unknown }).seal !== 'function')
    throw new TypeError("encryption must be made by encryption({ keys }) of 'coatcheck/security/encryption'")
}

export function checkStore(store: Store | undefined, mode: Mode | 'auto'): void {
  if (!store) throw new TypeError("store is missing: try fileStore('./sessions') of coatcheck/stores/file")
  for (const method of ['read', 'write', 'touch', 'delete'] as const) {
    if (typeof store[method] !== 'function')
      throw new TypeError(
        `store must be a store such as fileStore('./sessions'), and what was given has no ${method}()`,
      )
  }
  oneOf('mode', mode, ['auto', 'shared', 'exclusive', 'read-only'])
  if ((mode === 'auto' || mode === 'exclusive') && !store.lockAndRead)
    throw new TypeError(`mode '${mode}' needs a store with lockAndRead: use another store, or pass mode: 'shared'`)
}

export function checkClock(clock: () => number): void {
  const now: unknown = clock()
  if (typeof now !== 'number' || !Number.isFinite(now))
    throw new TypeError(`clock must return milliseconds since 1970, as Date.now does, and returned ${String(now)}`)
}

/** Whatever stands in for it must not be what its name denies (CVE-2021-3538: a short read that went unchecked). */
export function checkRandomBytes(randomBytes: RandomBytes | undefined): void {
  if (!randomBytes) return
  const [one, other] = [randomBytes(32), randomBytes(32)]
  const isRight = [one, other].every((bytes) => bytes instanceof Uint8Array && bytes.length === 32)
  if (!isRight) throw new TypeError('randomBytes(size) must return a Uint8Array of that size')
  if (Buffer.compare(one, other) === 0) throw new TypeError('randomBytes(32) returned the same bytes twice')
}

export function oneOf<Value extends string>(option: string, given: Value, values: readonly Value[]): Value {
  if (values.includes(given)) return given
  const all = values
    .map((value) => `'${value}'`)
    .join(', ')
    .replace(/, (?=[^,]*$)/, ' or ')
  throw new TypeError(`${option} must be ${all}, got ${JSON.stringify(given)}`)
}
