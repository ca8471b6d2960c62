import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { isTokenOf, makeToken } from './token.ts'

describe('a CSRF token', () => {
  const sid = randomBytes(16)

  it('is good for its session in its epoch, and for no other', () => {
    const token = makeToken(sid, 'epoch 1')
    assert.deepEqual(
      [
        isTokenOf(sid, 'epoch 1', token),
        isTokenOf(sid, 'epoch 2', token),
        isTokenOf(randomBytes(16), 'epoch 1', token),
      ],
      [true, false, false],
    )
  })

  it('is another text each time, each good', () => {
    const tokens = new Set(Array.from({ length: 1_000 }, () => makeToken(sid, 'epoch')))
    for (const half of [0, 43])
      assert.equal(new Set([...tokens].map((token) => token.slice(half, half + 43))).size, 1_000)
    assert.ok([...tokens].every((token) => isTokenOf(sid, 'epoch', token)))
  })

  it('is an HMAC-SHA-256 of the epoch under the session id, masked', () => {
    const bytes = Buffer.from(makeToken(sid, 'epoch'), 'base64url')
    const unmasked = bytes.subarray(32).map((byte, index) => byte ^ bytes[index]!)
    assert.deepEqual(Buffer.from(unmasked), createHmac('sha256', sid).update('csrf\0epoch').digest())
  })

  it('is refused when any of it is changed', () => {
    const token = makeToken(sid, 'epoch')
    for (let place = 0; place < 86; place++) {
      const changed = token.slice(0, place) + (token[place] === 'A' ? 'Q' : 'A') + token.slice(place + 1)
      assert.equal(isTokenOf(sid, 'epoch', changed), false, `place ${place}`)
    }
  })

  it('is nothing else', () => {
    const token = makeToken(sid, 'epoch')
    for (const other of [
      undefined,
      null,
      '',
      ` ${token}`,
      `${token}\n`,
      `${token}A`,
      token.slice(1),
      [token],
      { toString: () => token },
      Buffer.from(token),
      'é'.repeat(86),
      'A'.repeat(86),
      'A'.repeat(1_000_000),
    ])
      assert.equal(isTokenOf(sid, 'epoch', other), false)
  })
})
