import type { LineReference } from '../source-lines.ts'
import type { Part } from './lab-client.ts'
import type { Place } from './place.ts'
import type { Room } from './room.ts'
import type { Run } from './run.ts'

/** Without the defence, on weak sessions; or with it, on coatcheck's. */
export type Side = 'off' | 'on'

export interface Verdict {
  /** By the server's state, not by a page. */
  succeeded: boolean
  /** A sentence or two; `code` in backticks. */
  text: string
}

/** One thing to do. All are buttons of the lab but those that have a link, or tell what to do elsewhere. */
export interface Step {
  label: string
  /** What it does; `code` in backticks. */
  text: string
  /** The visitor's own browser does it: what it posts to the cloakroom. */
  posts?: { action: string; fields?: Record<string, string> }
  /** The lab does it, with clients of its own. */
  play?: (run: Run) => Promise<void>
  /** Where the visitor goes to do it. */
  link?: (run: Run) => string
  /** The request to the cloakroom that says that a step elsewhere is done. */
  awaits?: string
}

export interface RoomChoice {
  side: Side
  place: Place
  /** Where the run's cloakroom is. */
  path: string
  safeRoom: (cookie: string) => Room
}

/** An attack as the lab tells, runs and judges it. The page is the same for all. */
export interface Attack {
  name: string
  title: string
  /** What happens, in one sentence. */
  happens: string
  /** Asked before the first run. */
  question: string
  answers: readonly [string, string]
  /** Which answer the run without the defence has shown to be right. Default: the first, where the attack succeeded. */
  right?: (run: Run) => 0 | 1
  setup: Record<Side, string>
  rooms: (choice: RoomChoice) => Room[]
  steps: readonly Step[]
  /** What a visitor sees at the cloakroom after each form; default: the lab's page. */
  landsOn?: 'cloakroom'
  judge: (run: Run) => Promise<Verdict>
  why: readonly string[]
  /** What the defence does not do, or needs. */
  limits: string
  lines: readonly LineReference[]
}

/** Who sent a request, for the evidence. */
export type Sender = Part | 'you' | 'evil page' | 'someone else'
