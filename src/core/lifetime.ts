/** A length of time: milliseconds, or a number with its unit, such as `'30m'` or `'12h'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Throws a TypeError that names the option, unless the duration is positive and finite. */
export function milliseconds(option: string, duration: Duration): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(String(duration))
  const ms = typeof duration === 'number' ? duration : match ? Number(match[1]) * unitMs[match[2] as 'ms'] : Number.NaN
  if (Number.isNaN(ms)) throw new TypeError(`${option} must be a duration such as '30m' or 1800000, got ${duration}`)
  if (!(ms > 0 && Number.isFinite(ms))) throw new TypeError(`${option} must be positive, got ${duration}`)
  return ms
}

/** How long a session lives, in milliseconds. */
export interface Lifetime {
  /** Without a request. */
  readonly idleMs: number
  /** Whatever happens, counted from its creation or its last sign-in. */
  readonly absoluteMs: number
}

/** When a session seen at `now` expires: the idle timeout, cut off at the absolute one. */
export function expiryOf(lifetime: Lifetime, now: number, deadline: number): number {
  return Math.min(now + lifetime.idleMs, deadline)
}
