import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FewAtATime, TooBusy } from './few-at-a-time.ts'

describe('work that is done a few at a time', () => {
  /** Work that ends when it is told to. */
  function manualWork() {
    const ends: (() => void)[] = []
    return { ends, work: () => new Promise<void>((resolve) => ends.push(resolve)) }
  }

  it('never runs more than it may, and all in the end', async () => {
    const queue = new FewAtATime({ atOnce: 2 })
    let [running, most] = [0, 0]
    const work = async () => {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running--
    }
    await Promise.all(Array.from({ length: 20 }, () => queue.run('one', work)))
    assert.deepEqual({ running, most }, { running: 0, most: 2 })
  })

  it('refuses what would have to wait too long', async () => {
    const queue = new FewAtATime({ atOnce: 1, waiting: 2 })
    const { ends, work } = manualWork()
    const all = [1, 2, 3].map(() => queue.run('one', work))
    await assert.rejects(queue.run('two', work), TooBusy)
    for (let done = 0; done < 3; done++) {
      ends[done]!()
      await all[done]
    }
    assert.equal(await queue.run('two', async () => 'free again'), 'free again')
  })

  it('leaves seats to others when one origin takes many', async () => {
    const queue = new FewAtATime({ atOnce: 1, waiting: 10, waitingPerOrigin: 2 })
    const { ends, work } = manualWork()
    const all = [1, 2, 3].map(() => queue.run('crowd', work))
    await assert.rejects(queue.run('crowd', work), TooBusy)
    all.push(queue.run('someone else', work))
    for (const [index, each] of all.entries()) {
      ends[index]!()
      await each
    }
  })

  it('goes on after work that failed', async () => {
    const queue = new FewAtATime({ atOnce: 1 })
    await assert.rejects(
      queue.run('one', () => Promise.reject(new Error('no'))),
      /no/,
    )
    assert.equal(await queue.run('one', async () => 'yes'), 'yes')
  })
})
