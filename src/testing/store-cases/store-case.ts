import type { Store } from '../../core/store.ts'

/** What a store may declare, or leave out. */
export type Capability = 'lockAndRead' | 'users' | 'list' | 'deleteExpired' | 'subscribe'

/** One fact of the store contract, as data: a runner other than node:test's can go through them too. */
export interface StoreCase {
  /** The rule or guarantee that it is part of. */
  readonly guarantee: string
  /** The fact, in words. No two cases share one. */
  readonly name: string
  /** Why the case says nothing about this store: it lacks what the case is about. Undefined: run it. */
  whyNot(store: Store): string | undefined
  /** Rejects, with an AssertionError where the store answers wrong, unless the fact holds. Wants a fresh, empty store. */
  run(store: Store): Promise<void>
}

export type StoreWith<Needs extends Capability> = Store & Required<Pick<Store, Needs>>

/** The cases of one guarantee that need the same capabilities; the keys are the facts. */
export function casesOf<Needs extends Capability = never>(
  guarantee: string,
  needs: readonly Needs[],
  facts: Readonly<Record<string, (store: StoreWith<Needs>) => Promise<void>>>,
): readonly StoreCase[] {
  const whyNot = (store: Store): string | undefined => lack(store, needs)
  return Object.entries(facts).map(([name, check]) => ({
    guarantee,
    name,
    whyNot,
    async run(store) {
      const reason = whyNot(store)
      if (reason) throw new TypeError(`${name}: ${reason}`)
      await check(store as StoreWith<Needs>)
    },
  }))
}

/** In the words by which the table of the contract tells `not offered` from `not run`. */
export function lack(store: Store, needs: readonly Capability[]): string | undefined {
  const missing = needs.filter((capability) => store[capability] === undefined)
  return missing.length > 0 ? `not offered: ${missing.join(' and ')}` : undefined
}
