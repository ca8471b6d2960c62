import type { Action, Notes, Other } from './notes.ts'
import type { Agent } from './observe.ts'
import type { Place } from './place.ts'
import { compareAgents, comparePlaces, isTelling, type Signal, scoreOf, type Weights } from './score.ts'

export interface Rules {
  readonly weights: Weights
  /** From how many points on the cookie is replaced. */
  readonly rotateFrom: number
  /** From how many points on the user has to prove again who they are. */
  readonly stepUpFrom: number
}

/** A request of a signed-in session, as far as it is looked at. */
export interface Seen {
  readonly agent: Agent
  readonly place: Place | undefined
  readonly now: number
}

export interface Verdict {
  /** Names the browser and, where that is what differs, the place. */
  readonly id: string
  /** It is the browser that signed in, as far as one can tell. */
  readonly isHome: boolean
  readonly action: Action | undefined
  readonly score: number
  readonly signals: readonly Signal[]
  /** What to keep: the same object where there is nothing new. */
  readonly notes: Notes
}

/** Two that are seen within this are in use at the same time. */
const atOnceMs = 60_000
/** How exact the notes are about when someone was seen. A write each, at most. */
const exactnessMs = 30_000
const seenExactnessMs = 30 * 60_000
const dayMs = 24 * 60 * 60_000
const latestPlaces = 3
const mostOthers = 4

/** Whether this is the browser that signed in, and if not, how much speaks against it. */
export function judge(rules: Rules, notes: Notes, seen: Seen): Verdict {
  const { weights, rotateFrom, stepUpFrom } = rules
  const { agent, place, now } = seen
  const counts = (signal: Signal): boolean => weights[signal] > 0
  const ofAgent = compareAgents(notes.agent, agent).filter(counts)
  const ofPlace = comparePlaces(notes.places, place, now).filter(counts)
  const isOtherAgent = ofAgent.some(isTelling)
  const id = nameOf(agent, isOtherAgent ? undefined : place)
  const before = notes.others.find((other) => other.id === id)
  // Judged once: whoever goes on from there is not farther away by the minute.
  if (before?.hasTravelled && ofPlace.length > 0 && !ofPlace.includes('travel')) ofPlace.push('travel')

  const signals = [...ofAgent, ...ofPlace]
  const score = scoreOf(signals, weights)
  const isTrusted = score < rotateFrom && !signals.some(isTelling)
  // Nobody who signed in came by for a day: it moved.
  const isElsewhere = ofPlace.length > 0 && !isOtherAgent && score < stepUpFrom
  const hasMoved = isElsewhere && before && !before.isConcurrent && now - before.since >= dayMs
  if (isTrusted || hasMoved) {
    return { id, isHome: true, action: undefined, score, signals, notes: home(notes, seen, hasMoved ? id : undefined) }
  }

  const isConcurrent = before?.isConcurrent || (before !== undefined && isAtOnce(notes, before, now))
  if (isConcurrent && counts('concurrent')) signals.push('concurrent')
  const total = scoreOf(signals, weights)
  const action = total >= stepUpFrom ? 'step-up' : total >= rotateFrom ? 'rotate' : undefined
  const other: Other = {
    id,
    since: before?.since ?? now,
    seenAt: before && now - before.seenAt < exactnessMs ? before.seenAt : now,
    ...(action && { action }),
    ...(isConcurrent && { isConcurrent }),
    ...(signals.includes('travel') && { hasTravelled: true }),
  }
  return { id, isHome: false, action, score: total, signals, notes: withOther(notes, other, before) }
}

/** Whether another than the browser that signed in was there a moment ago. */
export function hasCompany({ others }: Notes, now: number): boolean {
  return others.some(({ seenAt }) => now - seenAt < atOnceMs + exactnessMs)
}

/** A strange browser is the same one wherever it is; a place is as large as its country, where that is known. */
function nameOf({ isNamed, browser, version, os, type }: Agent, place: Place | undefined): string {
  return [isNamed, browser, version, os, type, place?.country ?? place?.network].join('|')
}

/** It came, then the browser that signed in, then it again. Once by each may be one browser that a VPN takes elsewhere. */
function isAtOnce({ homeSeenAt }: Notes, other: Other, now: number): boolean {
  return homeSeenAt !== undefined && homeSeenAt >= other.since && now - homeSeenAt < atOnceMs
}

/** Only ever more is trusted: whatever a thief gets learned, the browser that signed in stays what it was. */
function home(notes: Notes, { place, now }: Seen, moved: string | undefined): Notes {
  const places = place ? learn(notes.places, place, now) : notes.places
  const others = notes.others.filter(({ id }) => id !== moved)
  const { homeSeenAt } = notes
  const latest = Math.max(...others.map(({ since }) => since))
  const isNoted = homeSeenAt !== undefined && homeSeenAt >= latest && now - homeSeenAt < exactnessMs
  const isSeen = hasCompany({ ...notes, others }, now) && !isNoted
  if (places === notes.places && others.length === notes.others.length && !isSeen) return notes
  return {
    ...notes,
    places,
    others,
    ...(isSeen && { homeSeenAt: now }),
  }
}

/** The place of the sign-in stays, and the latest of the others. */
function learn(places: readonly Place[], place: Place, now: number): readonly Place[] {
  const index = places.findIndex(({ network }) => network === place.network)
  const known = places[index]
  if (!known) return [...places.slice(0, 1), ...places.slice(1).slice(1 - latestPlaces), place]
  const isStale = known.seenAt !== undefined && now - known.seenAt >= seenExactnessMs
  if (place.isLocated === known.isLocated && !isStale) return places
  return places.with(index, place.seenAt === undefined ? place : { ...place, seenAt: now })
}

function withOther(notes: Notes, other: Other, before: Other | undefined): Notes {
  if (before && JSON.stringify(before) === JSON.stringify(other)) return notes
  const rest = notes.others.filter(({ id }) => id !== other.id).sort((one, another) => another.seenAt - one.seenAt)
  return { ...notes, others: [other, ...rest].slice(0, mostOthers) }
}
