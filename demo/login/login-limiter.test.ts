import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LoginLimiter } from './login-limiter.ts'

describe('the login limiter', () => {
  function limiter(options: { maxEntries?: number } = {}) {
    const time = { now: 1_000_000 }
    return { time, limiter: new LoginLimiter({ clock: () => time.now, ...options }) }
  }

  it('allows five wrong passwords in a row, then one every ten seconds', () => {
    const { time, limiter: it } = limiter()
    for (let count = 0; count < 5; count++) assert.equal(it.take('10.0.0.1', 'admin').allowed, true)
    assert.deepEqual(it.take('10.0.0.1', 'admin'), { allowed: false, retryAfter: 10 })
    time.now += 9_999
    assert.deepEqual(it.take('10.0.0.1', 'admin'), { allowed: false, retryAfter: 1 })
    time.now += 1
    assert.equal(it.take('10.0.0.1', 'admin').allowed, true)
    assert.equal(it.take('10.0.0.1', 'admin').allowed, false)
  })

  it('lets the same name in from elsewhere, however much one origin guesses', () => {
    const { limiter: it } = limiter()
    for (let count = 0; count < 1000; count++) it.take('10.0.0.1', 'admin')
    assert.equal(it.take('10.0.0.2', 'admin').allowed, true)
  })

  it('slows down an origin that tries many names', () => {
    const { limiter: it } = limiter()
    const tries = Array.from({ length: 100 }, (_, index) => it.take('10.0.0.1', `name ${index}`).allowed)
    assert.equal(tries.filter(Boolean).length, 60)
  })

  it('does not count what was given back', () => {
    const { limiter: it } = limiter()
    for (let count = 0; count < 1000; count++) {
      const attempt = it.take('10.0.0.1', 'alice')
      assert.ok(attempt.allowed)
      attempt.giveBack()
    }
  })

  it('does not take a refused try for another one: waiting is enough', () => {
    const { time, limiter: it } = limiter()
    for (let count = 0; count < 50; count++) it.take('10.0.0.1', 'admin')
    time.now += 10_000
    assert.equal(it.take('10.0.0.1', 'admin').allowed, true)
  })

  it('forgets the oldest when there are too many to remember', () => {
    const { limiter: it } = limiter({ maxEntries: 10 })
    for (let count = 0; count < 6; count++) it.take('10.0.0.1', 'admin')
    for (let count = 0; count < 10; count++) it.take(`10.0.1.${count}`, 'admin')
    assert.equal(it.take('10.0.0.1', 'admin').allowed, true)
  })
})
