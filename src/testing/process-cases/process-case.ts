import type { Store } from '../../core/store.ts'
import type { OpenedByThree } from '../processes/store-processes.ts'
import { type Capability, lack } from '../store-cases/store-case.ts'

/** One fact about a store that several processes of the operating system have open. */
export interface ProcessCase {
  /** The rule or guarantee that it is part of. */
  readonly guarantee: string
  /** The fact, in words. No two cases share one, of whichever kind. */
  readonly name: string
  /** Why the case says nothing about this store: it lacks what the case is about. Undefined: run it. */
  whyNot(store: Store): string | undefined
  /** Rejects, with an AssertionError where the store answers wrong, unless the fact holds. Wants an empty store. */
  run(processes: OpenedByThree): Promise<void>
}

export type Processes<Needs extends Capability = never> = OpenedByThree<Needs>

/** The cases of one guarantee that need the same capabilities; the keys are the facts. */
export function processCasesOf<Needs extends Capability = never>(
  guarantee: string,
  needs: readonly Needs[],
  facts: Readonly<Record<string, (processes: Processes<Needs>) => Promise<void>>>,
): readonly ProcessCase[] {
  const whyNot = (store: Store): string | undefined =>
    store.durability === 'memory' ? 'not offered: not shared with other processes' : lack(store, needs)
  return Object.entries(facts).map(([name, check]) => ({
    guarantee,
    name,
    whyNot,
    async run(processes) {
      const reason = whyNot(processes.one)
      if (reason) throw new TypeError(`${name}: ${reason}`)
      await check(processes as Processes<Needs>)
    },
  }))
}

/** A whole number below that, and another one each time. */
export function random(below: number): number {
  return Math.floor(Math.random() * below)
}

/**
 * Delays, in microseconds, of the second of two calls: from well before the first to well after it, by equal steps, then at
 * random around the moment when both begin, where races are lost.
 */
export function delays(count: number, reach = 600): bigint[] {
  const steps = Array.from({ length: count }, (_, index) => Math.round((index / (count - 1) - 0.5) * 2 * reach))
  const close = Array.from({ length: count }, () => random(reach / 2) - Math.floor(reach / 4))
  return [...steps, ...close].map((microseconds) => BigInt(microseconds) * 1_000n)
}
