import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { memoryStore } from '../stores/memory.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import { CorruptRecordError, SessionError } from './errors.ts'
import type { SessionEvents } from './events.ts'
import type { MaybePromise, SessionId, SessionRecord, Store, Version } from './store.ts'
import { StoreCalls } from './store-calls.ts'

type Fate = 'answers' | 'rejects' | 'throws' | 'hangs' | 'is corrupt'

const id = 'a'.repeat(64) as SessionId
const record: SessionRecord = {
  id,
  version: 'one' as Version,
  expiresAt: 2_000,
  lastSeenAt: 1_000,
  body: Buffer.from('body'),
}

/** A store that does as it is told, and the calls that core makes to it, by a clock that stands still. */
class Rig {
  fate: Fate = 'answers'
  time = 0
  asked = 0
  readonly calls: StoreCalls

  constructor() {
    const inner = memoryStore()
    const meet = <T>(call: () => MaybePromise<T>): MaybePromise<T> => {
      this.asked += 1
      const meanings = {
        answers: call,
        rejects: () => Promise.reject(new Error('connection reset')),
        throws: () => {
          throw new Error('connection refused')
        },
        hangs: () => new Promise<T>(() => {}),
        'is corrupt': () => Promise.reject(new CorruptRecordError('torn')),
      }
      return meanings[this.fate]()
    }
    const store: Store = {
      ...inner,
      read: (id, options) => meet(() => inner.read(id, options)),
      write: (record, expected, options) => meet(() => inner.write(record, expected, options)),
      delete: (id, options) => meet(() => inner.delete(id, options)),
      lockAndRead: (id, options) => meet(() => inner.lockAndRead!(id, options)),
    }
    const breaker = new CircuitBreaker(
      () => this.time,
      () => 1,
    )
    this.calls = new StoreCalls(store, 5, () => 1_000, breaker)
  }

  /** What it came to: `ok`, or the error's code and whether the store was asked at all. */
  async try(call: () => MaybePromise<unknown> = () => this.calls.read(id)): Promise<string> {
    const before = this.asked
    try {
      await call()
      return 'ok'
    } catch (error) {
      if (!(error instanceof SessionError)) return (error as Error).name
      return `${error.code}${this.asked === before ? `, not asked, retry after ${error.retryAfter} s` : ''}`
    }
  }

  async times(count: number, call?: () => MaybePromise<unknown>): Promise<string[]> {
    const outcomes: string[] = []
    for (let left = count; left > 0; left--) outcomes.push(await this.try(call))
    return outcomes
  }
}

const failed = 'ERR_STORE_UNAVAILABLE'
const refused = 'ERR_STORE_UNAVAILABLE, not asked, retry after 1 s'

describe('the calls to a store', () => {
  const said: SessionEvents['availability'][] = []
  const listen = (message: unknown): void => void said.push(message as SessionEvents['availability'])
  beforeEach(() => subscribe('coatcheck:availability', listen))
  afterEach(() => {
    unsubscribe('coatcheck:availability', listen)
    said.length = 0
  })

  for (const fate of ['rejects', 'throws', 'hangs'] as const) {
    it(`are not made after five in a row where it ${fate}`, async () => {
      const rig = new Rig()
      rig.fate = fate
      assert.deepEqual(await rig.times(7), [failed, failed, failed, failed, failed, refused, refused])
      assert.equal(rig.asked, 5)
      assert.deepEqual(
        said.map((each) => ({ ...each, error: undefined })),
        [{ state: 'unavailable', failures: 5, pause: 500, error: undefined }],
      )
    })
  }

  it('say why in the error of a call that was not made', async () => {
    const rig = new Rig()
    rig.fate = 'rejects'
    await rig.times(5)
    await assert.rejects(
      async () => rig.calls.read(id),
      ({ message, cause }: Error) => /circuit is open/.test(message) && (cause as Error).message === 'connection reset',
    )
  })

  it('go on while there is a success now and then', async () => {
    const rig = new Rig()
    for (let round = 0; round < 5; round++) {
      rig.fate = 'rejects'
      assert.deepEqual(await rig.times(4), [failed, failed, failed, failed])
      rig.fate = 'answers'
      assert.equal(await rig.try(), 'ok')
    }
    assert.deepEqual(said, [])
  })

  it('go on when a connection has broken under many of them, and the next one works', async () => {
    const rig = new Rig()
    rig.fate = 'rejects'
    await Promise.all(Array.from({ length: 50 }, () => rig.try()))
    rig.fate = 'answers'
    assert.equal(await rig.try(), 'ok')
  })

  it('stop when many hang at once', async () => {
    const rig = new Rig()
    rig.fate = 'hangs'
    await Promise.all(Array.from({ length: 50 }, () => rig.try()))
    assert.equal(await rig.try(), refused)
  })

  it('go on whatever the store says of what a visitor sent, or of one damaged record', async () => {
    const rig = new Rig()
    rig.fate = 'rejects'
    assert.deepEqual(new Set(await rig.times(20, () => rig.calls.write(record, undefined))), new Set([failed]))
    rig.fate = 'is corrupt'
    assert.deepEqual(new Set(await rig.times(20)), new Set(['CorruptRecordError']))
    // What else is damaged, an index say, is a store that fails.
    assert.equal(await rig.try(() => rig.calls.write(record, undefined)), failed)
    rig.fate = 'answers'
    await rig.try(() => rig.calls.write(record, undefined))
    const other = { ...record, version: 'two' as Version }
    assert.deepEqual(new Set(await rig.times(20, () => rig.calls.write(other, undefined))), new Set(['ok']))
    assert.deepEqual(said, [])
  })

  it('go on when others hold a session for long', async () => {
    const rig = new Rig()
    await rig.calls.write(record, undefined)
    await rig.calls.lockAndRead(id, 30_000, 5)
    const outcomes = await rig.times(10, () => rig.calls.lockAndRead(id, 30_000, 1))
    assert.deepEqual(new Set(outcomes), new Set(['ERR_SESSION_BUSY']))
    assert.equal(await rig.try(), 'ok')
  })

  it('wait for one read, of nobody’s session, once the pause is over', async () => {
    const rig = new Rig()
    rig.fate = 'hangs'
    await rig.times(5)
    rig.time = 499
    assert.equal(await rig.try(), refused)
    rig.time = 500
    const [first, ...others] = [rig.try(), rig.try(), rig.try()]
    assert.deepEqual(await Promise.all(others), [refused, refused])
    // The probe has asked in its place.
    assert.equal(await first, failed)
    assert.equal(rig.asked, 6)
  })

  it('go on at once after a probe that succeeds, the caller’s own included', async () => {
    const rig = new Rig()
    rig.fate = 'rejects'
    await rig.times(5)
    rig.fate = 'answers'
    rig.time = 500
    assert.equal(await rig.try(() => rig.calls.delete(id)), 'ok')
    assert.equal(await rig.try(), 'ok')
    assert.deepEqual(
      said.map(({ state }) => state),
      ['unavailable', 'probing', 'available'],
    )
    assert.deepEqual(said.at(-1), { state: 'available', duration: 500 })
  })

  it('are tried less and less often, and every five seconds at least', async () => {
    const rig = new Rig()
    rig.fate = 'rejects'
    await rig.times(5)
    for (let probes = 0; probes < 6; probes++) {
      rig.time += 5_000
      assert.equal(await rig.try(), failed)
    }
    assert.deepEqual(
      said.flatMap((each) => (each.state === 'unavailable' ? [each.pause] : [])),
      [500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000],
    )
    assert.equal(await rig.try(), 'ERR_STORE_UNAVAILABLE, not asked, retry after 5 s')
  })

  it('need five failures again after the store was back', async () => {
    const rig = new Rig()
    rig.fate = 'rejects'
    await rig.times(5)
    rig.fate = 'answers'
    rig.time = 500
    await rig.try()
    rig.fate = 'rejects'
    assert.deepEqual(await rig.times(6), [failed, failed, failed, failed, failed, refused])
  })

  it('gives a lock back as soon as the store takes it, once a second for half a minute', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const rig = new Rig()
    let tries = 0
    let failures = 3
    const release = async (): Promise<void> => {
      tries += 1
      if (tries <= failures) throw new Error('connection reset')
    }
    const secondsOf = async (count: number): Promise<number> => {
      for (let second = 0; second < count; second++) {
        for (let step = 0; step < 10; step++) await Promise.resolve()
        t.mock.timers.tick(1_000)
      }
      return tries
    }
    await rig.calls.release({ renew: () => true, release })
    assert.equal(tries, 1)
    assert.equal(await secondsOf(60), 4)

    tries = 0
    failures = Number.POSITIVE_INFINITY
    await rig.calls.release({ renew: () => true, release })
    assert.equal(await secondsOf(60), 31)
  })

  it('give a lock back within the deadline, or leave it to its lease', async () => {
    const rig = new Rig()
    const hanging = { renew: () => new Promise<boolean>(() => {}), release: () => new Promise<void>(() => {}) }
    await rig.calls.release(hanging)
    assert.equal(await rig.calls.renew(hanging, 1_000), false)
  })
})
