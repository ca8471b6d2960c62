import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import {
  formatTicket,
  handleOf,
  hashSecret,
  isSameHash,
  issueSecret,
  issueTicket,
  parseTicket,
  sessionIdOf,
  successorOf,
} from './ticket.ts'

describe('ticket', () => {
  it('survives the way through a cookie', () => {
    const ticket = issueTicket(randomBytes)
    const back = parseTicket(formatTicket(ticket))
    assert.deepEqual([...back!.sid], [...ticket.sid])
    assert.deepEqual([...back!.secret], [...ticket.secret])
  })

  it('changes wholly with its secret', () => {
    const { sid, secret } = issueTicket(randomBytes)
    const one = formatTicket({ sid, secret })
    const other = formatTicket({ sid, secret: issueSecret(randomBytes) })
    const same = [...one].filter((character, index) => character === other[index]).length
    assert.ok(same < 12, `${same} of 64 characters stayed`)
  })

  it('has every bit even over many issues, and no two alike', () => {
    const count = 20_000
    const ones = new Array(48 * 8).fill(0) as number[]
    const seen = new Set<string>()
    for (let index = 0; index < count; index++) {
      const value = formatTicket(issueTicket(randomBytes))
      seen.add(value)
      Buffer.from(value, 'base64url').forEach((byte, at) => {
        for (let bit = 0; bit < 8; bit++) ones[at * 8 + bit]! += (byte >> bit) & 1
      })
    }
    assert.equal(seen.size, count)
    // Six standard deviations: one false alarm in a million runs.
    for (const [bit, sum] of ones.entries())
      assert.ok(Math.abs(sum - count / 2) < 6 * Math.sqrt(count / 4), `bit ${bit}: ${sum}`)
  })

  const malformed = [
    '',
    'a',
    'A'.repeat(63),
    'A'.repeat(65),
    `${'A'.repeat(63)}=`,
    `${'A'.repeat(63)}+`,
    `${'A'.repeat(63)}\n`,
    `%41${'A'.repeat(61)}`,
  ]
  for (const value of malformed) {
    it(`takes ${JSON.stringify(value)} for no ticket`, () => assert.equal(parseTicket(value), undefined))
  }

  it('leads to a key of 64 hexadecimal digits that differs by cookie name', () => {
    const { sid } = issueTicket(randomBytes)
    assert.match(sessionIdOf('sid', sid), /^[0-9a-f]{64}$/)
    assert.notEqual(sessionIdOf('sid', sid), sessionIdOf('admin', sid))
  })

  it('has a handle that is neither the key nor part of it', () => {
    const id = sessionIdOf('sid', issueTicket(randomBytes).sid)
    assert.match(handleOf(id), /^s_[\w-]{12}$/)
    assert.ok(!id.includes(handleOf(id).slice(2)))
  })

  it('leads to the same successor for everyone who holds the old secret, and to another with another salt', () => {
    const { secret } = issueTicket(randomBytes)
    assert.deepEqual(successorOf(secret, 'salt'), successorOf(Buffer.from(secret), 'salt'))
    assert.notDeepEqual(successorOf(secret, 'salt'), successorOf(secret, 'pepper'))
    assert.equal(successorOf(secret, 'salt').length, 32)
  })

  it('compares hashes whole', () => {
    assert.equal(isSameHash(`é${'A'.repeat(42)}`, 'A'.repeat(43)), false)
    const hash = hashSecret(new Uint8Array(32))
    assert.ok(isSameHash(hash, hash))
    assert.ok(!isSameHash(hash, hash.slice(1)))
    assert.ok(!isSameHash(hash, hashSecret(new Uint8Array(31))))
  })

  it('is not issued from a source that runs dry', () => {
    assert.throws(() => issueTicket((size) => randomBytes(size - 1)), /randomBytes\(16\) returned 15 bytes/)
  })
})
