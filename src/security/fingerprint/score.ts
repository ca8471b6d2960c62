import type { Agent } from './observe.ts'
import { distance, type Place } from './place.ts'

/** How many points each difference from the browser that signed in counts. They are added up. */
export interface Weights {
  /** Another network (IPv4 /24, IPv6 /48), of the same provider or of one that nobody knows. */
  readonly network: number
  /** Another provider (autonomous system), in the same country as far as it is known. Instead of `network`. */
  readonly provider: number
  /** Another country. Instead of `network` and `provider`. */
  readonly country: number
  /** Another country, and farther away than an airliner gets in the time since the session was used where it is known to have been. */
  readonly travel: number
  /** A data centre, VPN or Tor, where there was none before. */
  readonly hosting: number
  /** Another family of browsers; or no User-Agent header any more, or the first one. */
  readonly browser: number
  /** Another family of operating systems. */
  readonly system: number
  /** A desktop instead of a phone or tablet, or the other way round. */
  readonly kind: number
  /** The same family of browsers in an older version than at the sign-in. A newer one counts nothing. */
  readonly downgrade: number
  /** Another first language. */
  readonly language: number
  /** `Sec-CH-UA` has appeared or disappeared. */
  readonly hints: number
  /** The browser that signed in and this one are in use at the same time. */
  readonly concurrent: number
}

/** One difference from the browser that signed in. */
export type Signal = keyof Weights

/** To be tuned with what the log shows. */
export const defaultWeights: Weights = {
  network: 5,
  provider: 15,
  country: 30,
  travel: 45,
  hosting: 25,
  browser: 50,
  system: 60,
  kind: 40,
  downgrade: 20,
  language: 10,
  hints: 10,
  concurrent: 40,
}

/** Those that happen to one browser by itself: on a train, on another Wi-Fi, on IPv4 and IPv6 by turns, with a web socket. */
const usual: readonly Signal[] = ['network', 'provider', 'language', 'hints']

/** Whether a difference is more than one browser shows by itself. */
export function isTelling(signal: Signal): boolean {
  return !usual.includes(signal)
}

const fastestKmPerHour = 900
/** The databases are often wrong by that much. */
const nearKm = 500
const hourMs = 3_600_000

/** A browser that has no name is another one than it was, and nothing more: what it does not say is not held against it. */
export function compareAgents(known: Agent, seen: Agent): Signal[] {
  const signals: Signal[] = []
  if (seen.language !== known.language) signals.push('language')
  if (seen.hasHints !== known.hasHints) signals.push('hints')
  if (seen.isNamed !== known.isNamed) signals.push('browser')
  if (!seen.isNamed || !known.isNamed) return signals
  if (seen.browser !== known.browser) signals.push('browser')
  else if (seen.version !== undefined && known.version !== undefined && seen.version < known.version)
    signals.push('downgrade')
  if (seen.os !== known.os) signals.push('system')
  const kinds = [kindOf(seen), kindOf(known)]
  if (kinds.includes('desktop') && kinds.includes('handheld')) signals.push('kind')
  return signals
}

function kindOf({ type }: Agent): 'desktop' | 'handheld' | undefined {
  return type === 'desktop' ? type : type === 'mobile' || type === 'tablet' ? 'handheld' : undefined
}

/** Nothing where the place or all that came before is not known. */
export function comparePlaces(known: readonly Place[], seen: Place | undefined, now: number): Signal[] {
  if (!seen || known.length === 0 || known.some(({ network }) => network === seen.network)) return []
  const signals: Signal[] = [novelty(known, seen)]
  // Within a country, a phone that leaves the Wi-Fi is often said to be where its provider's exit is, a thousand kilometres away.
  if (signals[0] === 'country' && known.every((place) => isTooFar(place, seen, now))) signals.push('travel')
  if (seen.isHosting && !known.some(({ isHosting }) => isHosting)) signals.push('hosting')
  return signals
}

function novelty(known: readonly Place[], { country, asn }: Place): 'network' | 'provider' | 'country' {
  const countries = known.flatMap((place) => place.country ?? [])
  if (country !== undefined && countries.length > 0 && !countries.includes(country)) return 'country'
  const providers = known.flatMap((place) => place.asn ?? [])
  return asn !== undefined && providers.length > 0 && !providers.includes(asn) ? 'provider' : 'network'
}

function isTooFar(known: Place, seen: Place, now: number): boolean {
  if (!known.point || !seen.point || known.seenAt === undefined) return false
  const km = distance(known.point, seen.point)
  const hours = Math.max(0, now - known.seenAt) / hourMs
  return km > nearKm && km > fastestKmPerHour * hours
}

export function scoreOf(signals: readonly Signal[], weights: Weights): number {
  return signals.reduce((sum, signal) => sum + weights[signal], 0)
}

/** Throws a TypeError for a name that is none, and for what is no number of points. */
export function checkWeights(given: Partial<Weights>): Weights {
  for (const [name, points] of Object.entries(given)) {
    if (!Object.hasOwn(defaultWeights, name))
      throw new TypeError(`weights: there is no signal named ${JSON.stringify(name)}`)
    if (!(Number.isFinite(points) && Number(points) >= 0))
      throw new TypeError(`weights.${name} must be a number of points, 0 or more, got ${points}`)
  }
  return { ...defaultWeights, ...given }
}
