import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { php } from '../needs.ts'
import { post } from './differential/asking.ts'
import { nodeSide } from './differential/node-side.ts'
import { list } from './differential/operations.ts'
import { phpSide } from './differential/php-side.ts'
import { compare, type Twins } from './differential/twins.ts'

// The same 200 lists in every run of the tests; DIFFERENTIAL=20000 for so many others, DIFFERENTIAL_SEED=… for those of one run.
const { DIFFERENTIAL, DIFFERENTIAL_SEED } = process.env
const numRuns = Number(DIFFERENTIAL ?? 200)
const seed = Number(DIFFERENTIAL_SEED ?? (DIFFERENTIAL ? Date.now() % 2 ** 31 : 1))

describe('the session_* functions', () => {
  it('do what real PHP does, operation by operation', { skip: php().skip, timeout: 3_600_000 }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'coatcheck-twins-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const phpUrl = await phpSide(t)
    const { headers } = await post(phpUrl, '', JSON.stringify({ settings: {}, operations: [] }))
    const twins: Twins = {
      phpUrl,
      node: await nodeSide(t),
      folder,
      lastModified: new Date(Number(headers['x-changed']) * 1000),
      differences: new Map(),
    }
    await fc.assert(
      fc.asyncProperty(list, (plan) => compare(twins, plan)),
      { numRuns, includeErrorInReport: true, seed, interruptAfterTimeLimit: 3_000_000 },
    )
    t.diagnostic(
      `lists that ended with a declared difference: ${JSON.stringify(Object.fromEntries(twins.differences))}`,
    )
  })
})
