import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seal, unseal } from './sealed.ts'

const sid = Uint8Array.from({ length: 16 }, (_, index) => index)
const other = Uint8Array.from(sid).fill(1, 15)

describe('what is sealed', () => {
  it('comes back, for the same session only', () => {
    const sealed = seal(sid, { browser: 'Chrome', since: 5 })
    assert.deepEqual(unseal(sid, sealed), { browser: 'Chrome', since: 5 })
    assert.equal(unseal(other, sealed), undefined)
  })

  it('is another text each time, with nothing of the value in it', () => {
    const [one, two] = [seal(sid, 'Chrome'), seal(sid, 'Chrome')]
    assert.notEqual(one, two)
    for (const text of [one, two]) assert.doesNotMatch(Buffer.from(text, 'base64url').toString('latin1'), /Chrome/)
  })

  it('is nothing when a single character of it was changed, cut off or added', () => {
    const sealed = seal(sid, 'Chrome')
    for (let index = 0; index < sealed.length; index++) {
      const changed = sealed.slice(0, index) + (sealed[index] === 'A' ? 'B' : 'A') + sealed.slice(index + 1)
      if (Buffer.from(changed, 'base64url').equals(Buffer.from(sealed, 'base64url'))) continue
      assert.equal(unseal(sid, changed), undefined)
    }
    for (const text of ['', 'A', sealed.slice(0, 20), sealed.slice(0, -4), `${sealed}AAAA`])
      assert.equal(unseal(sid, text), undefined)
  })

  it('is nothing when it is no text', () => {
    for (const value of [undefined, null, 5, {}, ['a']]) assert.equal(unseal(sid, value), undefined)
  })
})
