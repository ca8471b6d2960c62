import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryStore } from '../stores/memory.ts'
import { Sessions } from './sessions.ts'
import type { Store } from './store.ts'

describe('the construction of Sessions', () => {
  const store = memoryStore()
  const mistakes: [string, object, RegExp][] = [
    ['no store', {}, /store is missing: try fileStore/],
    ['a negative timeout', { store, idleTimeout: -5 }, /^TypeError: idleTimeout must be positive, got -5$/],
    ['a timeout in words', { store, remember: { idleTimeout: 'long' } }, /remember\.idleTimeout must be a duration/],
    ['a cookie name with a prefix', { store, cookie: { name: '__Host-x' } }, /cookie\.name must come without a prefix/],
    [
      'a store without a lock in mode auto',
      { store: { ...store, lockAndRead: undefined } },
      /needs a store with lockAndRead/,
    ],
    ['an option that is not there', { store, idleTimout: '5m' }, /there is no option idleTimout: the options are/],
    [
      'one within another',
      { store, cookie: { samesite: 'Lax' } },
      /there is no option cookie\.samesite: .* cookie\.name/,
    ],
    ['a store that is none', { store: './sessions' }, /what was given has no read\(\)/],
    ['a clock that is none', { store, clock: () => new Date() }, /clock must return milliseconds since 1970/],
    ['random bytes that are none', { store, randomBytes: () => new Uint8Array(32) }, /the same bytes twice/],
    ['too few of them', { store, randomBytes: () => new Uint8Array(8) }, /a Uint8Array of that size/],
    ['a merge rule that is none', { store, merge: { n: 'add' } }, /merge\.n must be 'sum', .* or 'min', got "add"/],
    ['initial data that is no function', { store, initial: {} }, /initial must be a function/],
    ['a key in place of an encryption', { store, encryption: 'secret' }, /made by encryption\(\{ keys \}\)/],
    ['an idle timeout that never ends a session', { store, idleTimeout: '13h' }, /not be longer than absoluteTimeout/],
    ['a grace as long as a rotation', { store, rotation: { grace: '15m' } }, /rotation\.grace must be shorter/],
    ['an answer to reuse that is none', { store, rotation: { onReuse: 'kill' } }, /'report' or 'revoke', got "kill"/],
    ['a level that NIST doesn’t know', { store, assuranceLevel: 'aal4' }, /must be 'aal1', 'aal2' or 'aal3'/],
    [
      'a timeout above the level’s',
      { store, assuranceLevel: 'aal3', idleTimeout: '16m' },
      /idleTimeout: 16m is above the 15 minutes/,
    ],
    [
      'a remembered one above the level’s',
      { store, assuranceLevel: 'aal2', remember: { absoluteTimeout: '25h' } },
      /remember\.absoluteTimeout: 25h is above the 1440 minutes/,
    ],
    ['no session per user', { store, sessionsPerUser: { max: 0 } }, /sessionsPerUser\.max must be a positive integer/],
    [
      'a limit without an index',
      { store: { ...store, users: undefined }, sessionsPerUser: { max: 1 } },
      /an index of users/,
    ],
    ['two guards of one name', { store, guards: [{ name: 'a' }, { name: 'a' }] }, /more than one named "a"/],
    ['a cookie’s name that is too long', { store, cookie: { name: 'a'.repeat(65) } }, /at most 64 characters/],
    ['a cookie’s name with a line break', { store, cookie: { name: 'a\r\nb' } }, /must be a token/],
    ['a size that is none', { store, maxBytes: 1.5 }, /maxBytes must be a positive integer/],
    [
      'SameSite=None, which a cookie on plain http can’t have',
      { store, cookie: { sameSite: 'none' } },
      /cookie\.sameSite must be/,
    ],
  ]
  for (const [what, options, message] of mistakes) {
    it(`refuses ${what}, and says what to do`, () => {
      assert.throws(
        () => new Sessions(options as { store: Store }),
        (error) => error instanceof TypeError && message.test(String(error)),
      )
    })
  }

  it('refuses a request that did not come through the adapter', () =>
    assert.rejects(new Sessions({ store }).open({}), /did not pass through coatcheck\(sessions\)/))
})
