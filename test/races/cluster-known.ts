import type { SessionId } from 'coatcheck'
import { handleOf } from '../../src/core/ticket.ts'
import type { Shop } from '../http/application.ts'

/* What can be known of the sessions from the answers alone, in the order in which they came. */

/** What a request is about to do to the session that its cookie opens. */
export type Intent =
  | { readonly kind: 'read' | 'list' | 'renew' | 'sign out' | 'revoke others' }
  /** `exclusive` and `update` change the same counter: the one may be told that the other came in between. */
  | { readonly kind: 'change'; readonly label: string; readonly by?: 'exclusive' | 'update' }
  | { readonly kind: 'sign in'; readonly user: string }
  | { readonly kind: 'revoke'; readonly handle: string }

/** One request. Times in `begun` and `settled` are turns of one counter, so that they tell before from after. */
export interface KnownRequest {
  readonly text: string
  readonly intent: Intent
  /** What its cookie was; undefined for none. */
  readonly ticket: KnownTicket | undefined
  readonly begun: number
  /** By the clock that the workers have too. */
  readonly sentAt: number
  settled: number
  answeredAt: number
  isLost: boolean
  /** The sessions that it may end. */
  readonly ending: Set<KnownSession>
}

/** One cookie value, and what holds for it as long as it lives. */
export interface KnownTicket {
  readonly epoch: KnownEpoch
  /** Not before this was its secret made. */
  readonly bornAt: number
  /** Who has come with it, the first one first. */
  readonly presenters: KnownRequest[]
  successor: KnownTicket | undefined
}

/** What lies between two changes of privilege: its tickets are always the same user's, or nobody's. */
export interface KnownEpoch {
  readonly session: KnownSession
  readonly user: string | undefined
  /** Requests that have ended it, or may have. */
  readonly enders: Set<KnownRequest>
  /** Acknowledged. */
  endedAt: number
}

/** How often something was put into a session. */
export class Tally {
  readonly #acknowledgedAt: number[] = []
  /** May have happened: under way, or its answer was lost. */
  #open = 0

  begin(): void {
    this.#open += 1
  }

  acknowledge(now: number): void {
    this.#open -= 1
    this.#acknowledgedAt.push(now)
  }

  refuse(): void {
    this.#open -= 1
  }

  /** At least so often for whoever asked at `time`. */
  atLeast(time = Number.POSITIVE_INFINITY): number {
    return this.#acknowledgedAt.filter((at) => at < time).length
  }

  get atMost(): number {
    return this.#acknowledgedAt.length + this.#open
  }
}

export class KnownSession {
  readonly id: SessionId
  readonly handle: string
  /** The users of whom someone has asked to sign in on it. */
  readonly possibleUsers = new Set<string>()
  user: string | undefined
  signedInAt = Number.POSITIVE_INFINITY
  /** Requests that have ended it, or may have. */
  readonly enders = new Set<KnownRequest>()
  /** Acknowledged. */
  endedAt = Number.POSITIVE_INFINITY
  /** Values of `n` that were acknowledged. */
  readonly numbers = new Set<number>()
  /** The requests that change `n`, for who may have met whom. */
  readonly counting: KnownRequest[] = []
  /** The requests that may store something in it, for who may have come in between. */
  readonly storing: KnownRequest[] = []
  /** For the report of a failure. */
  readonly history: string[] = []
  readonly #tallies = new Map<string, Tally>()

  constructor(id: SessionId) {
    this.id = id
    this.handle = handleOf(id)
  }

  tally(label: string): Tally {
    const tally = this.#tallies.get(label) ?? new Tally()
    this.#tallies.set(label, tally)
    return tally
  }

  /** What is wrong with data that was read, by a request that began at `time`. */
  mistakesIn(data: Shop, time?: number): string[] {
    const mistakes: string[] = []
    const found = countsIn(data)
    for (const [label, tally] of this.#tallies) {
      const count = found.get(label) ?? 0
      if (count < tally.atLeast(time)) mistakes.push(`lost ${label}: ${count} of ${tally.atLeast(time)}`)
      if (count > tally.atMost) mistakes.push(`too much of ${label}: ${count} of ${tally.atMost}`)
    }
    for (const label of found.keys()) if (!this.#tallies.has(label)) mistakes.push(`${label} of nobody's`)
    return mistakes
  }
}

/** How often each label is in the data. */
function countsIn({ n, visits, items, ...keys }: Shop): Map<string, number> {
  const counts = new Map<string, number>()
  if (n > 0) counts.set('n', n)
  if (visits > 0) counts.set('visits', visits)
  for (const item of items) counts.set(`item${item}`, (counts.get(`item${item}`) ?? 0) + 1)
  for (const [key, value] of Object.entries(keys)) counts.set(key === `key${value}` ? key : `${key} = ${value}`, 1)
  return counts
}
