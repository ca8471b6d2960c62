import type { Agent } from './observe.ts'
import type { Place } from './place.ts'
import { seal, unseal } from './sealed.ts'

/** What follows from a request that does not look like the browser that signed in. */
export type Action = 'rotate' | 'step-up'

/** What is kept of a signed-in session, sealed. */
export interface Notes {
  /** The browser that signed in, as it was then. */
  readonly agent: Agent
  /** Where it was: at the sign-in, and lately. */
  readonly places: readonly Place[]
  /** Others that came with its cookie, the latest first. */
  readonly others: readonly Other[]
  /** When it was last seen while one of the others was about. */
  readonly homeSeenAt?: number
}

/** Another browser than the one that signed in, or the same one in a strange place. */
export interface Other {
  readonly id: string
  /** When it came first. */
  readonly since: number
  /** When it was last noted to be there. */
  readonly seenAt: number
  readonly action?: Action
  readonly isConcurrent?: true
  readonly hasTravelled?: true
}

/** Raised when notes that were stored before would be misread: those are then begun anew. */
const version = 1

export function sealNotes(sid: Uint8Array, notes: Notes): string {
  return seal(sid, { version, ...notes })
}

/** Undefined where there are none, or not of this session. */
export function unsealNotes(sid: Uint8Array, sealed: unknown): Notes | undefined {
  const notes = unseal(sid, sealed) as (Notes & { readonly version: unknown }) | undefined
  // Nobody else can have sealed them, so the version says all.
  return notes?.version === version ? notes : undefined
}
