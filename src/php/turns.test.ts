import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Patience } from './patience.ts'
import { Turns } from './turns.ts'

const patience = (waitMs = 10_000, signal?: AbortSignal): Patience => new Patience(waitMs, signal)

describe('a turn', () => {
  it('comes in the order in which it was asked for, also after somebody has left the line', async () => {
    const turns = new Turns()
    const order: string[] = []
    const first = await turns.take('a', patience())
    const others = ['b', 'c', 'd'].map(async (name) => {
      const leave = await turns.take('a', patience(name === 'c' ? 20 : 10_000))
      order.push(name)
      leave()
    })
    await assert.rejects(others[1]!, { code: 'ERR_SESSION_BUSY' })
    first()
    await Promise.all([others[0], others[2]])
    assert.deepEqual(order, ['b', 'd'])
  })

  it('is nobody else’s business on another session', async () => {
    const turns = new Turns()
    const leaves = await Promise.all([turns.take('a', patience()), turns.take('b', patience())])
    for (const leave of leaves) leave()
  })

  it('is given on once, however often it is left', async () => {
    const turns = new Turns()
    const first = await turns.take('a', patience())
    const second = turns.take('a', patience())
    const third = turns.take('a', patience(30))
    first()
    await second
    first()
    await assert.rejects(third, { code: 'ERR_SESSION_BUSY' })
  })

  it('comes after a pause when this process has had its run, and the line may be left meanwhile', async () => {
    const turns = new Turns({ runMs: 0, pauseMs: 60 })
    const first = await turns.take('a', patience())
    const controller = new AbortController()
    const second = turns.take('a', patience(10_000, controller.signal))
    const third = turns.take('a', patience())
    const start = performance.now()
    first()
    controller.abort(new Error('gone'))
    await assert.rejects(second, /gone/)
    const leave = await third
    assert.ok(performance.now() - start >= 55)
    leave()
    // Nobody waits any more: no pause, and no line.
    let isGranted = false
    void turns.take('a', patience()).then(() => {
      isGranted = true
    })
    await sleep(0)
    assert.ok(isGranted)
  })
})

describe('patience', () => {
  it('is not asked for again once it is over', async () => {
    const over = patience(1)
    await sleep(10)
    assert.throws(() => over.check(), { code: 'ERR_SESSION_BUSY' })
    let hasBegun = false
    const begin = (): (() => void) => {
      hasBegun = true
      return () => {}
    }
    await assert.rejects(async () => over.wait(begin), { code: 'ERR_SESSION_BUSY' })
    assert.equal(hasBegun, false)
  })

  it('passes on why what it waited for failed', async () => {
    const failing = patience().wait((done) => {
      setImmediate(done, new Error('no such program'))
      return () => assert.fail('it was called off')
    })
    await assert.rejects(failing, /no such program/)
  })
})
