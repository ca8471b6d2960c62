import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Notes, sealNotes, unsealNotes } from './notes.ts'
import { seal } from './sealed.ts'

const sid = new Uint8Array(16).fill(7)
const notes: Notes = { agent: { isNamed: true, browser: 'Chrome', hasHints: true }, places: [], others: [] }

it('keeps notes as they were', () => {
  const { agent, places, others } = unsealNotes(sid, sealNotes(sid, notes)) ?? {}
  assert.deepEqual({ agent, places, others }, notes)
})

it('begins anew where another version of the library has kept them', () => {
  for (const other of [{ version: 2, ...notes }, notes, null, 'x', 5])
    assert.equal(unsealNotes(sid, seal(sid, other)), undefined)
})
