import { describe, it } from 'node:test'
import type { Store } from '../core/store.ts'
import type { StoreCase } from './store-cases/store-case.ts'
import { storeCases } from './store-cases/store-cases.ts'

export interface TestStoreOptions {
  /** Called after each case with the store that `open` gave, once the store's own `close` is done: to remove what it has left. */
  readonly close?: (store: Store) => unknown
  /** Why the store can't be tested on this machine, such as a server that isn't there. Each case is then shown as skipped, with this reason. */
  readonly skip?: string | undefined
}

/**
 * The store contract in executable form, for `node:test`: one test per fact, grouped by the rule or guarantee it belongs to.
 * Run it on a store of your own, against the real engine, in a test file of its own.
 *
 * `open` is called for each fact, and must give a store that holds nothing: a new directory, a prefix of its own. What a
 * store does not offer (`lockAndRead`, `users`, `list`, `deleteExpired`) is shown as skipped, with the reason. The time is
 * always passed to the store, and begins at the present; only leases are waited for, for a fraction of a second. The engine's
 * own clean-up, by a time to live, does no harm.
 *
 * Without `node:test`, go through `storeCases` and call `whyNot` and `run`.
 *
 * @example
 * import { testStore } from 'coatcheck/testing'
 * import { shelfStore } from './shelf-store.ts'
 *
 * testStore('shelf', () => shelfStore(client, { prefix: randomUUID() }), { close: () => client.flush() })
 */
export function testStore(
  name: string,
  open: () => Store | Promise<Store>,
  { close, skip }: TestStoreOptions = {},
): void {
  describe(`the store contract, kept by ${name}`, () => {
    for (const [guarantee, cases] of byGuarantee(storeCases)) {
      describe(guarantee, () => {
        for (const storeCase of cases) {
          it(storeCase.name, { timeout: 30_000, ...(skip !== undefined && { skip }) }, async (test) => {
            const store = await open()
            try {
              const reason = storeCase.whyNot(store)
              if (reason) test.skip(reason)
              else await storeCase.run(store)
            } finally {
              await store.close?.()
              await close?.(store)
            }
          })
        }
      })
    }
  })
}

function byGuarantee(cases: readonly StoreCase[]): Map<string, StoreCase[]> {
  const groups = new Map<string, StoreCase[]>()
  for (const storeCase of cases) {
    groups.set(storeCase.guarantee, [...(groups.get(storeCase.guarantee) ?? []), storeCase])
  }
  return groups
}
