import { isPromise } from '../../core/maybe-promise.ts'
import type { MaybePromise } from '../../core/store.ts'

/** What an application knows of an address, from a database of its own: each field as far as it is known. */
export interface Location {
  /** Such as `DE`. */
  readonly country?: string | undefined
  /** The number of the autonomous system: the provider. */
  readonly asn?: number | undefined
  /** In degrees, both or none. Kept to the whole degree. */
  readonly latitude?: number | undefined
  readonly longitude?: number | undefined
  /** A data centre, a VPN's exit or Tor's. */
  readonly isHosting?: boolean | undefined
}

/** Tells where an address is. Should answer from memory: every request from a network that its session does not know waits for it, half a second at most. */
export type Locate = (address: string) => MaybePromise<Location | undefined>

/** Where a request comes from. */
export interface Place {
  readonly network: string
  /** `locate` was asked. */
  readonly isLocated?: true
  readonly country?: string
  readonly asn?: number
  /** Latitude and longitude. */
  readonly point?: readonly [number, number]
  readonly isHosting?: true
  /** When a request was last noted from here. Only where there is a point, to know how fast someone would have had to travel. */
  readonly seenAt?: number
}

const patienceMs = 500

/** Undefined where `locate` failed or was late: then nothing is known, and it may be asked again. Never throws. */
export function locateWith(
  locate: Locate,
  address: string,
  network: string,
  now: number,
): MaybePromise<Place | undefined> {
  const located = (location: Location | undefined): Place => placeOf(network, location, now)
  try {
    const answer = locate(address)
    if (!isPromise(answer)) return located(answer)
    return Promise.race([answer.then(located), late()]).catch(() => undefined)
  } catch {
    return undefined
  }
}

function late(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, patienceMs, undefined).unref())
}

function placeOf(network: string, location: Location | undefined, now: number): Place {
  const { country, asn, latitude, longitude, isHosting } = location ?? {}
  const hasPoint = Number.isFinite(latitude) && Number.isFinite(longitude)
  return {
    network,
    isLocated: true,
    ...(typeof country === 'string' && country !== '' && { country: country.slice(0, 8).toUpperCase() }),
    ...(Number.isFinite(asn) && { asn: Number(asn) }),
    ...(hasPoint && { point: [Math.round(Number(latitude)), Math.round(Number(longitude))] as const, seenAt: now }),
    ...(isHosting === true && { isHosting }),
  }
}

/** Kilometres between two points on the earth. */
export function distance(
  [latitude, longitude]: readonly [number, number],
  [otherLatitude, otherLongitude]: readonly [number, number],
): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180
  const haversine = (degrees: number): number => Math.sin(radians(degrees) / 2) ** 2
  const flatness =
    haversine(otherLatitude - latitude) +
    Math.cos(radians(latitude)) * Math.cos(radians(otherLatitude)) * haversine(otherLongitude - longitude)
  return 2 * 6371 * Math.asin(Math.min(1, Math.sqrt(flatness)))
}
