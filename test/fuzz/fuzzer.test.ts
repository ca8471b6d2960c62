import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fuzz } from './engine/fuzz.ts'

describe('a run of the fuzzer', () => {
  const settings = { seconds: 60, executions: 1_000 }

  it('is the same for the same seed, and another for another', async () => {
    const runs = [await fuzz('csrf', { ...settings, seed: 7 }), await fuzz('csrf', { ...settings, seed: 7 })]
    const other = await fuzz('csrf', { ...settings, seed: 8 })
    assert.equal(runs[0]?.digest, runs[1]?.digest)
    assert.notEqual(runs[0]?.digest, other.digest)
  })

  it('says when a fault that is to be planted no longer fits the source', async () => {
    const faults = [{ file: 'src/core/cookie.ts', text: 'what is not in it', instead: '' }]
    await assert.rejects(fuzz('cookie', { ...settings, seed: 1, faults }), /fits src\/core\/cookie\.ts no longer/)
    const elsewhere = [{ file: 'src/core/not-there.ts', text: '', instead: '' }]
    await assert.rejects(
      fuzz('cookie', { ...settings, seed: 1, faults: elsewhere }),
      /is no file that this target uses/,
    )
  })
})
