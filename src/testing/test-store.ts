import { after, describe, it, type TestContext } from 'node:test'
import type { Store } from '../core/store.ts'
import type { ProcessCase } from './process-cases/process-case.ts'
import { processCases } from './process-cases/process-cases.ts'
import { type StoreProcesses, storeProcesses } from './processes/store-processes.ts'
import type { StoreCase } from './store-cases/store-case.ts'
import { storeCases } from './store-cases/store-cases.ts'

/** What `testStore` may be told. */
export interface TestStoreOptions {
  /** Called after each case with the store that `open` gave, once the store's own `close` is done: to remove what it has left. */
  readonly close?: (store: Store) => unknown
  /** Why the store can't be tested on this machine, such as a server that isn't there. Each case is then shown as skipped, with this reason. */
  readonly skip?: string | undefined
  /**
   * The module by which other processes open the store. What several processes alone can break is then proved in three
   * processes of the operating system, some of which are killed; without it, those cases are shown as skipped.
   *
   * Its default export is `(space: string) => Store | Promise<Store>`. All processes that are given one space share one
   * store; a space that was never given holds nothing. It has letters, digits and `-`, at most 40 of them, so it can be a
   * directory's name or a key's prefix. If the module exports `remove(space)` too, it is called when the space is done with.
   *
   * @example
   * testStore('shelf', open, { processes: new URL('./open-shelf.ts', import.meta.url) })
   */
  readonly processes?: string | URL | undefined
}

type Run = (test: TestContext) => Promise<void>

/**
 * The store contract in executable form, for `node:test`: one test per fact, grouped by the rule or guarantee it belongs to.
 * Run it on a store of your own, against the real engine, in a test file of its own.
 *
 * `open` is called for each fact, and must give a store that holds nothing: a new directory, a prefix of its own. What a
 * store does not offer (`lockAndRead`, `users`, `list`, `deleteExpired`, `subscribe`) is shown as skipped, with the reason.
 * The time is always passed to the store, and begins at the present; only leases are waited for, for a fraction of a second.
 * The engine's own clean-up, by a time to live, does no harm.
 *
 * The reporter `coatcheck/testing/reporter` prints a table of all stores that were tested so. Without `node:test`, go
 * through `storeCases` and `processCases`, and call `whyNot` and `run`.
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
  { close, skip, processes: module }: TestStoreOptions = {},
): void {
  const withStore = async <T>(use: (store: Store) => T | Promise<T>): Promise<T> => {
    const store = await open()
    try {
      return await use(store)
    } finally {
      await store.close?.()
      await close?.(store)
    }
  }

  const inOne = ({ whyNot, run }: StoreCase): Run => {
    return (test) =>
      withStore((store) => {
        const reason = whyNot(store)
        return reason ? test.skip(reason) : run(store)
      })
  }

  const inThree = ({ whyNot, run }: ProcessCase, processes: StoreProcesses): Run => {
    return async (test) => {
      const opened = await processes.open()
      try {
        const reason = whyNot(opened.one)
        if (reason) test.skip(reason)
        else await run(opened)
      } finally {
        await opened.close()
      }
    }
  }

  let reasons: Promise<ReadonlyMap<ProcessCase, string>> | undefined
  const inNone = (processCase: ProcessCase): Run => {
    return async (test) => {
      reasons ??= withStore((store) => new Map(processCases.map((one) => [one, one.whyNot(store) ?? NO_PROCESSES])))
      test.skip((await reasons).get(processCase))
    }
  }

  describe(`the store contract, kept by ${name}`, () => {
    const processes = module !== undefined && skip === undefined ? storeProcesses(module) : undefined
    if (processes) after(() => processes.close())
    const facts = [
      ...storeCases.map((fact) => ({ ...fact, run: inOne(fact) })),
      ...processCases.map((fact) => ({ ...fact, run: processes ? inThree(fact, processes) : inNone(fact) })),
    ]
    for (const guarantee of new Set(facts.map((fact) => fact.guarantee))) {
      describe(guarantee, () => {
        for (const { name, run } of facts.filter((fact) => fact.guarantee === guarantee)) {
          it(name, { timeout: 30_000, ...(skip !== undefined && { skip }) }, run)
        }
      })
    }
  })
}

const NO_PROCESSES = 'not run: testStore was given no `processes`'
