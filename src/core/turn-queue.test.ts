import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TurnQueue } from './turn-queue.ts'

describe('TurnQueue', () => {
  it('lets in one at a time, in the order they came, by key', async () => {
    const turns = new TurnQueue()
    const order: string[] = []
    const leaveFirst = await turns.take('a', 1_000)
    const others = ['second', 'third'].map(async (name) => {
      const leave = await turns.take('a', 1_000)
      order.push(name)
      leave()
    })
    ;(await turns.take('b', 1_000))()
    order.push('other key')
    leaveFirst()
    await Promise.all(others)
    assert.deepEqual(order, ['other key', 'second', 'third'])
  })

  it('gives up after the wait, and does not keep the place', async () => {
    const turns = new TurnQueue()
    const leave = await turns.take('a', 1_000)
    await assert.rejects(turns.take('a', 5), { code: 'ERR_SESSION_BUSY', status: 503 })
    leave()
    leave()
    ;(await turns.take('a', 5))()
  })
})
