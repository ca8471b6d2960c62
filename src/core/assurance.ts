import type { Lifetime } from './lifetime.ts'

/**
 * NIST SP 800-63B-4's authentication assurance levels. A level sets the limits of a session (§2.1.3, §2.2.3, §2.3.3): at `aal1` 30 days
 * in all; at `aal2` 24 hours, 1 hour of inactivity; at `aal3` 12 hours, 15 minutes.
 */
export type AssuranceLevel = 'aal1' | 'aal2' | 'aal3'

const hour = 3_600_000

const limits: { readonly [Level in AssuranceLevel]: Lifetime } = {
  aal1: { absoluteMs: 30 * 24 * hour, idleMs: Infinity },
  aal2: { absoluteMs: 24 * hour, idleMs: hour },
  aal3: { absoluteMs: 12 * hour, idleMs: hour / 4 },
}

const unlimited: Lifetime = { absoluteMs: Infinity, idleMs: Infinity }

/** The longest that a session may live at that level. Throws a TypeError for a level that NIST doesn't know. */
export function limitsOf(level: AssuranceLevel | undefined): Lifetime {
  if (level === undefined) return unlimited
  if (!Object.hasOwn(limits, level))
    throw new TypeError(`assuranceLevel must be 'aal1', 'aal2' or 'aal3', got ${JSON.stringify(level)}`)
  return limits[level]
}
