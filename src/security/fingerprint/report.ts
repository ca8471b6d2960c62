import { channel } from 'node:diagnostics_channel'
import type { Action } from './notes.ts'
import type { Signal } from './score.ts'

/**
 * A signed-in session was used by what does not look like the browser that signed in: a message on the channel
 * `coatcheck:fingerprint` of `node:diagnostics_channel`. No address, no header, no part of them.
 */
export interface FingerprintReport {
  readonly handle: string
  readonly userId: string
  /** `rotate`: the cookie is replaced when the browser that signed in comes next. `step-up`: this one has to sign in again. */
  readonly action: Action
  /** The sum of the signals' weights. */
  readonly score: number
  readonly signals: readonly Signal[]
  /** False in mode `log`: it only would have been done. */
  readonly isEnforced: boolean
  /** This very request was refused; in mode `log`, would have been. */
  readonly isRefused: boolean
}

const reports = channel('coatcheck:fingerprint')

export function report(message: FingerprintReport): void {
  if (reports.hasSubscribers) reports.publish(message)
}
