/** How bad it is: someone can take over an account; a defence is missing that others rest on; the last layer is missing. */
export type Severity = 'high' | 'medium' | 'low'

/** One weakness that was seen. */
export interface Finding {
  /** Stable, such as `cookie-secure`: see docs/audit.md. */
  readonly id: string
  readonly severity: Severity
  /** The weakness in a few words. */
  readonly title: string
  /** What the server did, with the cookie's value masked. */
  readonly seen: string
  /** What to do about it. */
  readonly fix: string
  /** Who asks for it, such as `ASVS 5.0 3.3.1`. */
  readonly sources: readonly string[]
}

/** A question that could not be asked here, and why. */
export interface Skipped {
  readonly id: string
  readonly reason: string
}

/** What an audit has seen. */
export interface AuditReport {
  readonly url: string
  /** The cookies without which nobody is signed in. */
  readonly sessionCookies: readonly string[]
  /** The worst first. */
  readonly findings: readonly Finding[]
  /** The ids of what was looked for and not found. */
  readonly passed: readonly string[]
  readonly skipped: readonly Skipped[]
  readonly requests: number
}

/** The audit could not be run: nobody answers, the login does not work, or nothing tells who is signed in. */
export class AuditError extends Error {
  override readonly name: string = 'AuditError'
}
