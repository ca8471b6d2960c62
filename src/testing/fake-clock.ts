import { type Duration, milliseconds } from '../core/lifetime.ts'

/** A clock that stands still until it is told otherwise. */
export interface FakeClock {
  /** Milliseconds since 1970. Needs no `this`, so that it can be passed as `clock: clock.now`. */
  readonly now: () => number
  /** Throws a TypeError for what is not a positive duration: time moves on. `set` is the way back. */
  advance(duration: Duration): void
  /** Moves the clock to a moment, an earlier one too. */
  set(time: number | Date): void
}

/**
 * Twelve hours in a millisecond: a clock for `Sessions`, and for whatever else takes one. It starts at `start`, by
 * default at 2030-01-01T00:00:00Z.
 *
 * @example
 * const clock = fakeClock()
 * const sessions = new Sessions({ store: memoryStore(), clock: clock.now })
 * clock.advance('31m')   // every session has expired
 */
export function fakeClock(start: number | Date = Date.UTC(2030, 0, 1)): FakeClock {
  let time = momentOf(start)
  return {
    now: () => time,
    advance(duration) {
      time += milliseconds('advance', duration)
    },
    set(moment) {
      time = momentOf(moment)
    },
  }
}

function momentOf(time: number | Date): number {
  const moment = Number(time)
  if (!Number.isFinite(moment)) throw new TypeError(`fakeClock: a time in milliseconds or a valid Date, got ${time}`)
  return moment
}
