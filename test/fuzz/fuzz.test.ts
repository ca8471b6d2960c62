import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { storedInputs, storeInput } from './engine/corpus.ts'
import { fuzz } from './engine/fuzz.ts'
import { knownFaults, targets } from './targets.ts'

/*
 * What reads bytes that anyone may have made up, given such bytes: all of the corpus, then new ones for FUZZ_SECONDS in all.
 * Each target says what must hold, whatever comes; no input may take long, stay in memory or change a prototype besides.
 * An input that shows a fault is put into the corpus, and so is run here for ever.
 */
const seconds = Number(process.env.FUZZ_SECONDS ?? (process.env.CI && process.env.CI !== 'false' ? 60 : 20))
/** The same each time, so that a change is judged by what it changed. `npm run fuzz` goes on from other seeds. */
const seed = Number(process.env.FUZZ_SEED ?? 1)

// In the name, so that it is known whatever becomes of this process.
describe(`no input makes a fault show (seed ${seed}) in`, () => {
  const until = performance.now() + seconds * 1_000
  for (const [index, target] of targets.entries()) {
    it(target, async (t) => {
      const known = knownFaults.map(({ message }) => message)
      const inputs = storedInputs(target)
      // What one has lost by a busy machine, the others make up for.
      const share = Math.max(0.5, (until - performance.now()) / 1_000 / (targets.length - index))
      const outcome = await fuzz(target, { seed, seconds: share, inputs, known })
      const { executions, functions, kept, finding } = outcome
      t.diagnostic(`${executions} inputs, ${kept} kept, ${functions} functions`)
      if (finding)
        assert.fail(`${finding.kind}, with ${storeInput(target, finding.input)}, seed ${seed}: ${finding.message}`)
      assert.ok(executions > inputs.length)
    })
  }
})

describe('a fault that is known and not yet mended', { skip: knownFaults.length === 0 && 'there is none' }, () => {
  for (const { target, input, message } of knownFaults) {
    if (input === undefined) continue
    it(`is still there: ${target}, ${message}`, async () => {
      const inputs = [Buffer.from(input, 'latin1')]
      const { finding } = await fuzz(target, { seed: 1, seconds: 30, executions: 0, inputs })
      assert.match(finding?.message ?? 'It is mended: take it off the list in targets.ts.', message)
    })
  }
})
