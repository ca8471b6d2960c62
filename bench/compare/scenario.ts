import type { Subject } from '../subjects/subjects.ts'
import type { Site } from './site.ts'

/** How a visitor or an operator would take it: `none` where the question does not apply. */
export type Verdict = 'good' | 'fair' | 'bad' | 'none'

export interface Cell {
  readonly text: string
  readonly verdict: Verdict
}

/** The cells of one subject, in the order of the rows. */
export interface Column {
  readonly subject: Subject
  readonly cells: readonly Cell[]
}

export interface Scenario {
  /** The rows it fills, in the order of the cells that `run` returns. */
  readonly rows: readonly string[]
  /** What it does, for the README and for whoever doubts a cell. */
  readonly story: string
  /** True where it leaves requests hanging, so that the subject must be started anew. */
  readonly wrecks?: boolean
  run(site: Site): Promise<readonly Cell[]>
}

export const good = (text: string): Cell => ({ text, verdict: 'good' })
export const fair = (text: string): Cell => ({ text, verdict: 'fair' })
export const bad = (text: string): Cell => ({ text, verdict: 'bad' })
export const none = (text: string): Cell => ({ text, verdict: 'none' })

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))
