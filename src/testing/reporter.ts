import { ContractTable, type TestEvent } from './contract-table.ts'

/**
 * A reporter for `node:test` that prints how each store keeps the contract, as a table, and nothing else. Beside the
 * reporter that shows the tests themselves:
 *
 *     node --test --test-reporter=spec --test-reporter-destination=stdout \
 *       --test-reporter=coatcheck/testing/reporter --test-reporter-destination=stdout
 */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string, void> {
  const table = new ContractTable()
  for await (const event of events) table.add(event)
  for (const line of table.lines()) yield `${line}\n`
}
