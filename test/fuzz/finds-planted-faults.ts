import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fuzz } from './engine/fuzz.ts'
import { mistakes } from './planted-faults.ts'
import { knownFaults, type TargetName } from './targets.ts'

/** By the clock, and only to end a run that finds nothing: what counts is the number of inputs. */
const seconds = 60
const known = knownFaults.map(({ message }) => message)

/** Tests that each mistake of these targets is found, and found again with the input that was kept. */
export function findsPlantedFaults(...targets: readonly TargetName[]): void {
  describe('the fuzzer finds, within what `npm test` gives it,', () => {
    for (const [what, { target, kinds, executions: most = 40_000, ...fault }] of Object.entries(mistakes)) {
      if (!targets.includes(target)) continue
      it(`that ${what}`, async (t) => {
        const settings = { seed: 1, seconds, known, hangSeconds: 1, faults: [fault] }
        const { finding, executions } = await fuzz(target, { ...settings, executions: most })
        t.diagnostic(`${executions} inputs`)
        assert.ok(finding && kinds.includes(finding.kind), `${finding?.kind}: ${finding?.message}`)
        if (finding.kind === 'memory') return
        const again = await fuzz(target, { ...settings, executions: 0, inputs: [finding.input] })
        assert.ok(again.finding && kinds.includes(again.finding.kind), 'the input that was kept does not show it')
      })
    }
  })
}
