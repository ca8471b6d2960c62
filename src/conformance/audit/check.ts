import type { Finding, Severity } from './report.ts'
import type { Site } from './site.ts'

/** What a check has seen of a weakness. */
export interface Seen {
  readonly seen: string
  /** Where it differs from the check's. */
  readonly severity?: Severity
  readonly fix?: string
}

/** One question to a site. */
export interface Check {
  readonly id: string
  readonly severity: Severity
  readonly title: string
  readonly fix: string
  readonly sources: readonly string[]
  /** What it has seen of the weakness; undefined: nothing of it. May throw `NotAskable`. */
  look(site: Site): Promise<Seen | undefined> | Seen | undefined
}

/** The question makes no sense for this site, and why. */
export class NotAskable extends Error {
  override readonly name: string = 'NotAskable'
}

export function findingOf({ id, severity, title, fix, sources }: Check, seen: Seen): Finding {
  return { id, severity, title, fix, sources, ...seen }
}
