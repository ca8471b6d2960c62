import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mask, masked, secretsBesides } from './secrets.ts'

describe('what looks like a secret', () => {
  const secrets = secretsBesides(['shoeSize', /^internal/])

  it('is told by the key, however it is spelled', () => {
    for (const key of [
      'password',
      'PASSWORD',
      'userPassword',
      'passwd',
      'client_secret',
      'accessToken',
      'api-key',
      'apiKey',
      'APIKEY',
      'csrf',
      'otp',
      'card.cvv',
      'Authorization',
      'shoesize',
      'internalNote',
    ]) {
      assert.ok(secrets.isSecret(key), key)
    }
    for (const key of ['username', 'cart', 'user_id', 'keyboard', 'visits', 'passenger', 'pinned', 'theme']) {
      assert.ok(!secrets.isSecret(key), key)
    }
  })

  it('is masked at any depth, in maps and sets too, and the rest stays what it is', () => {
    const when = new Date(0)
    const data: Record<string, unknown> = {
      cart: [{ name: 'hat', token: 'S' }],
      map: new Map<unknown, unknown>([
        ['password', 'S'],
        ['size', new Set([{ secret: 'S' }])],
      ]),
      when,
      apiKey: { nested: 'S' },
    }
    data.self = data
    const copy = masked(data, secrets) as Record<string, unknown>
    assert.deepEqual(copy.cart, [{ name: 'hat', token: mask }])
    assert.deepEqual(
      copy.map,
      new Map<unknown, unknown>([
        ['password', mask],
        ['size', new Set([{ secret: mask }])],
      ]),
    )
    assert.equal(copy.when, when)
    assert.equal(copy.apiKey, mask)
    assert.equal(copy.self, copy)
    assert.deepEqual(data.cart, [{ name: 'hat', token: 'S' }], 'the application’s own data is left alone')
  })
})
