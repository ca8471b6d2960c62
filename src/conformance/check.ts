import type { Application } from './application.ts'

/** What a check may come to. A check whose routes the description does not name is not applicable, and says which. */
export type Verdict = 'pass' | 'fail' | 'not applicable'

/** What a check came to. */
export interface Finding {
  readonly verdict: Verdict
  /** What was observed; of a failure every fault, of `not applicable` the reason. */
  readonly seen: string
}

/** One named requirement that a server is held to from outside. */
export interface Check {
  /** Such as `life.regen-login`. */
  readonly id: string
  /** What must be so. */
  readonly title: string
  /** Where it is required. */
  readonly source: string
  run(application: Application, scale: Scale): Promise<Finding>
}

/** How much a check does of what more of the same makes surer. */
export interface Scale {
  /** Ids to look at. */
  readonly ids: number
  /** Orders of a logout and what is under way. */
  readonly races: number
  /** Visitors at once. */
  readonly visitors: number
  /** Anonymous requests that must leave nothing. */
  readonly anonymousRequests: number
  /** Visits between the beginning of a session and its absolute end. */
  readonly visits: number
}

/** As much of everything as the requirements ask for; tests of the checks themselves take less. */
export const fullScale: Scale = { ids: 20_000, races: 200, visitors: 500, anonymousRequests: 1_000, visits: 720 }

/** Collects what a check sees. It passes when nothing was at fault. */
export class Observation {
  readonly #faults: string[] = []
  readonly #notes: string[] = []

  /** A fault, unless it is so. Says whether it is. */
  require(isSo: boolean, fault: string): boolean {
    if (!isSo && !this.#faults.includes(fault)) this.#faults.push(fault)
    return isSo
  }

  fault(fault: string): void {
    this.require(false, fault)
  }

  /** What a reader of the report should know besides. */
  note(note: string): void {
    if (!this.#notes.includes(note)) this.#notes.push(note)
  }

  get finding(): Finding {
    const faults = this.#faults.slice(0, 8)
    const more = this.#faults.length - faults.length
    if (more > 0) faults.push(`and ${more} more`)
    if (faults.length > 0) return { verdict: 'fail', seen: faults.join('; ') }
    return { verdict: 'pass', seen: this.#notes.join('; ') }
  }
}

/** A check as one function of what it sees. */
export function check(
  id: string,
  title: string,
  source: string,
  observe: (application: Application, see: Observation, scale: Scale) => Promise<void>,
): Check {
  return {
    id,
    title,
    source,
    async run(application, scale) {
      const observation = new Observation()
      await observe(application, observation, scale)
      return observation.finding
    },
  }
}
