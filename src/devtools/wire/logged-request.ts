import { cutLocation, cutPair, cutPath, cutSetCookie, shorten } from './cut.ts'
import type { LibraryStep } from './library-steps.ts'

/** One request of a browser and its answer, with nothing in it that could be used. */
export interface LoggedRequest {
  /** Milliseconds since 1970. */
  at: number
  method: string
  path: string
  /** This application's alone, each value cut. */
  cookies: string[]
  /** The size of the Cookie header's part that is this application's. */
  cookieBytes: number
  steps: LibraryStep[]
  /** Absent while the request is being answered. */
  answer?: Answer
}

/** What left, cut. */
export interface Answer {
  status: number
  location?: string | undefined
  setCookies: string[]
  milliseconds: number
}

/** What arrived, as a server shows it. */
export interface Arrival {
  readonly method: string
  readonly path: string
  /** A request header by its lower-case name. */
  header(name: string): string | undefined
  /** Whether the browser's connection is https. */
  readonly secure: boolean
  /** The Host header. */
  readonly host: string
  readonly address?: string | undefined
}

/** `isOwn` says which cookies are this application's: they ignore ports, so that others of this host arrive too. */
export function describeRequest(arrival: Arrival, at: number, isOwn: (name: string) => boolean): LoggedRequest {
  const ours = (arrival.header('cookie') ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => isOwn(pair.slice(0, Math.max(0, pair.indexOf('=')))))
  return {
    at,
    method: shorten(arrival.method, 12),
    path: cutPath(arrival.path),
    cookies: ours.slice(0, 10).map(cutPair),
    cookieBytes: Buffer.byteLength(ours.join('; ')),
    steps: [],
  }
}

/** What leaves, as a server shows it. */
export interface Departure {
  readonly status: number
  readonly location?: string | undefined
  readonly setCookies: readonly string[]
}

export function describeAnswer({ status, location, setCookies }: Departure, milliseconds: number): Answer {
  return {
    status,
    location: location === undefined ? undefined : cutLocation(location),
    setCookies: setCookies.slice(0, 10).map(cutSetCookie),
    milliseconds,
  }
}
