import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type Family, visit } from './scenarios.ts'

/** Every combination, every fault: takes long, and prints each scenario. */
export const isAll: boolean = process.env.INTERLEAVINGS === 'all'

/** Visits every order of every combination of the families; fails with the first of those that break a guarantee. */
export async function holds(t: TestContext, ...families: Family[]): Promise<void> {
  let interleavings = 0
  let scenarios = 0
  const broken: string[] = []
  for (const family of families) {
    const visited = await visit(family)
    interleavings += visited.interleavings
    scenarios += visited.scenarios.length
    if (isAll) for (const each of visited.scenarios) t.diagnostic(`${each.interleavings} interleavings · ${each.name}`)
    for (const { scenario, guarantee, message, trace } of visited.violations)
      broken.push([`${scenario}: ${guarantee}: ${message}`, ...trace].join('\n    '))
  }
  t.diagnostic(`${interleavings} interleavings in ${scenarios} scenarios`)
  assert.ok(interleavings > 0)
  assert.equal(broken.slice(0, 5).join('\n'), '', `${broken.length} broken guarantees`)
}
