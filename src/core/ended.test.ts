import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { memoryStore } from '../stores/memory.ts'
import { EndWatch } from './ended.ts'
import type { EndListener, MaybePromise, SessionId, SessionRecord, Store, Version } from './store.ts'
import { StoreCalls } from './store-calls.ts'

const idOf = (number: number): SessionId => number.toString(16).padStart(64, '0') as SessionId
const id = idOf(1)
/** A round, and what the machine may add to it. */
const aRound = 1_400

type Subscribe = (listener: EndListener) => () => void

/** A watch on a store that counts who reads, and a process elsewhere that deletes. */
class Rig {
  readonly inner = memoryStore()
  readonly clock = { time: 1_000_000 }
  readonly reads: SessionId[] = []
  atOnce = 0
  mostAtOnce = 0
  /** What a read does instead. */
  fail: (() => MaybePromise<undefined>) | undefined
  listener: EndListener | undefined
  subscriptions = 0
  readonly calls: StoreCalls
  readonly watch: EndWatch

  constructor(t: TestContext, subscribe?: (rig: Rig) => Subscribe) {
    const store: Store = {
      ...this.inner,
      read: async (id, options) => {
        this.reads.push(id)
        this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce)
        try {
          if (this.fail) return await this.fail()
          await sleep(1)
          return await this.inner.read(id, options)
        } finally {
          this.atOnce -= 1
        }
      },
      ...(subscribe && { subscribe: subscribe(this) }),
    }
    this.calls = new StoreCalls(store, 200, () => this.clock.time)
    this.watch = new EndWatch(this.calls, () => this.clock.time)
    t.after(() => this.watch.close())
  }

  get options(): { now: number; signal: AbortSignal } {
    return { now: this.clock.time, signal: new AbortController().signal }
  }

  store(id: SessionId, lifeMs = 1_800_000): void {
    const { time } = this.clock
    const version = `${id} ${time}` as Version
    const record: SessionRecord = { id, version, expiresAt: time + lifeMs, lastSeenAt: time, body: Buffer.from('') }
    this.inner.write(record, undefined, this.options)
  }

  /** The signal, and how to close the response that it is for. */
  open(id: SessionId): { ended: AbortSignal; close: () => void } {
    let close = (): void => {}
    const ended = this.watch.watch(id, (listener) => (close = listener))
    return { ended, close: () => close() }
  }

  takeReads(): number {
    return this.reads.splice(0).length
  }
}

/** A store that hears of deletions from the start. */
const hearing =
  (rig: Rig): Subscribe =>
  (listener) => {
    rig.subscriptions += 1
    rig.listener = listener
    listener.onHearing(true)
    return () => {
      rig.listener = undefined
    }
  }

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve())
  })

async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const late = new AbortController()
  const outcome = await Promise.race([promise, sleep(ms, 'late', { signal: late.signal })])
  late.abort()
  assert.notEqual(outcome, 'late', `not within ${ms} ms`)
}

describe('the watch for sessions that end', { concurrency: true }, () => {
  describe('on a store that tells', { concurrency: true }, () => {
    it('looks once at a session that is watched, then not again for seconds', async (t) => {
      const rig = new Rig(t, hearing)
      rig.store(id)
      const { ended } = rig.open(id)
      await sleep(3_300)
      assert.deepEqual([rig.takeReads(), ended.aborted], [1, false])
    })

    it('aborts as soon as it is told, with a reason', async (t) => {
      const rig = new Rig(t, hearing)
      rig.store(id)
      const one = rig.open(id)
      const other = rig.open(id)
      rig.listener?.onEnd(id)
      rig.listener?.onEnd(id)
      assert.deepEqual([one.ended.reason.code, other.ended.reason.code], ['ERR_SESSION_GONE', 'ERR_SESSION_GONE'])
    })

    it('finds a session that ended after it was opened and before it was watched', async (t) => {
      const rig = new Rig(t, hearing)
      const { ended } = rig.open(id)
      await within(aRound, aborted(ended))
    })

    it('finds a session that ended before the channel was open, or while it was lost', async (t) => {
      const rig = new Rig(t, (rig) => (listener) => {
        rig.listener = listener
        return () => {}
      })
      rig.store(id)
      rig.store(idOf(2))
      const one = rig.open(id)
      const other = rig.open(idOf(2))
      await sleep(aRound)
      rig.inner.delete(id, rig.options)
      rig.listener?.onHearing(true)
      await within(aRound, aborted(one.ended))
      rig.listener?.onHearing(false)
      rig.inner.delete(idOf(2), rig.options)
      await within(aRound, aborted(other.ended))
    })

    it('ends a session that has expired, and not one that others keep alive', async (t) => {
      const rig = new Rig(t, hearing)
      rig.store(id, 60_000)
      rig.store(idOf(2), 60_000)
      const one = rig.open(id)
      const other = rig.open(idOf(2))
      await sleep(aRound)
      const time = rig.clock.time + 60_000
      rig.inner.touch(idOf(2), { expiresAt: time + 60_000, lastSeenAt: time }, rig.options)
      rig.clock.time = time
      await within(aRound, aborted(one.ended))
      await sleep(aRound)
      rig.takeReads()
      await sleep(aRound)
      assert.deepEqual([other.ended.aborted, rig.takeReads()], [false, 0])
    })

    it('subscribes when the first is watched, and no longer than any is', async (t) => {
      const rig = new Rig(t, hearing)
      rig.store(id)
      assert.equal(rig.listener, undefined)
      const responses = [rig.open(id), rig.open(id), rig.open(id)]
      await sleep(aRound)
      assert.deepEqual([rig.subscriptions, rig.listener === undefined], [1, false])
      for (const { close } of responses) close()
      await sleep(aRound)
      assert.equal(rig.listener, undefined)
      rig.open(id)
      assert.deepEqual([rig.subscriptions, rig.listener === undefined], [2, false])
      rig.watch.close()
      assert.equal(rig.listener, undefined)
    })
  })

  for (const [what, subscribe] of [
    ['does not tell', undefined],
    [
      'can not be subscribed to',
      () => () => {
        throw new Error('no connection')
      },
    ],
    ['does not hear', () => () => () => {}],
  ] as const) {
    it(`looks once a second on a store that ${what}`, async (t) => {
      const rig = new Rig(t, subscribe)
      rig.store(id)
      const { ended } = rig.open(id)
      await sleep(3_500)
      const reads = rig.takeReads()
      assert.ok(reads === 3 || reads === 2, `${reads} reads`)
      rig.inner.delete(id, rig.options)
      await within(aRound, aborted(ended))
    })
  }

  it('tells within the process at once', (t) => {
    const rig = new Rig(t)
    rig.store(id)
    const { ended } = rig.open(id)
    rig.watch.notify(id)
    assert.equal(ended.reason.code, 'ERR_SESSION_GONE')
  })

  it('looks at 10,000 sessions in turn, a few at once, and holds up nobody', async (t) => {
    const rig = new Rig(t)
    for (let number = 0; number < 10_000; number++) {
      rig.store(idOf(number))
      rig.open(idOf(number))
    }
    const { ended } = rig.open(idOf(3_000))
    rig.inner.delete(idOf(3_000), rig.options)
    let slowest = 0
    let lastAt = performance.now()
    const pulse = setInterval(() => {
      slowest = Math.max(slowest, performance.now() - lastAt)
      lastAt = performance.now()
    }, 1)
    const startedAt = performance.now()
    await aborted(ended)
    const seconds = (performance.now() - startedAt) / 1_000
    clearInterval(pulse)
    assert.ok(rig.mostAtOnce <= 50, `${rig.mostAtOnce} reads at once`)
    assert.ok(rig.reads.length <= 2_100 * seconds, `${rig.reads.length} reads in ${seconds} s`)
    assert.equal(new Set(rig.reads).size, rig.reads.length)
    assert.ok(slowest < 500, `nobody else got a turn for ${slowest} ms`)
  })

  it('ends nothing because a store fails, and asks a dead one once a second', async (t) => {
    const rig = new Rig(t)
    for (let number = 0; number < 200; number++) rig.store(idOf(number))
    const responses = Array.from({ length: 200 }, (_, number) => rig.open(idOf(number)))
    rig.fail = () => new Promise(() => {})
    await sleep(aRound)
    rig.takeReads()
    await sleep(2_500)
    const reads = rig.takeReads()
    assert.ok(reads >= 1 && reads <= 4, `${reads} reads`)
    assert.ok(responses.every(({ ended }) => !ended.aborted))
    rig.fail = undefined
    rig.inner.delete(idOf(100), rig.options)
    await within(4_000, aborted(responses[100]!.ended))
  })

  it('tells all when the server stops, those who come then included, that their session lives on', (t) => {
    const rig = new Rig(t, hearing)
    rig.store(id)
    const before = rig.open(id)
    rig.watch.close()
    const after = rig.open(id)
    assert.deepEqual(
      [before.ended.reason.code, after.ended.reason.code],
      ['ERR_SERVER_STOPPING', 'ERR_SERVER_STOPPING'],
    )
  })
})
