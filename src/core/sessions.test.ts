import assert from 'node:assert/strict'
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { memoryStore } from '../stores/memory.ts'
import { SessionError } from './errors.ts'
import type { SessionEvents } from './events.ts'
import type { Exchange, ResponseHeaders } from './exchange.ts'
import type { Session } from './session.ts'
import { Sessions } from './sessions.ts'
import type { SessionRecord, Store, Written } from './store.ts'

interface Data {
  n: number
  a?: string
  b?: string
  list?: string[]
}

type Work = (session: Session<Data>) => unknown

/** One browser against one `Sessions`, without a network between. */
class Visitor {
  cookie: string | undefined
  readonly #sessions: Sessions<Data>

  constructor(sessions: Sessions<Data>, cookie?: string) {
    this.#sessions = sessions
    this.cookie = cookie
  }

  async request(
    work: Work,
    { method = 'POST', isAborted = false, headers = {} as { [name: string]: string } } = {},
  ): Promise<ResponseHeaders> {
    const request = {}
    const all: { [name: string]: string } = { ...headers, ...(this.cookie && { cookie: this.cookie }) }
    const exchange: Exchange = {
      method,
      header: (name) => all[name],
      secure: true,
      host: 'shop.example',
      isAborted,
      onClose() {},
    }
    this.#sessions.attach(request, exchange)
    await work(await this.#sessions.open(request))
    const answer = (await this.#sessions.commit(request)) ?? []
    const line = answer.find(([name]) => name === 'set-cookie')?.[1]
    if (line) this.cookie = line.split(';')[0]
    return answer
  }

  async look(): Promise<{ data: Data; userId: string | undefined; isStored: boolean }> {
    let seen: Awaited<ReturnType<Visitor['look']>> | undefined
    await this.request(({ data, userId, isStored }) => (seen = { data: { ...data }, userId, isStored }), {
      method: 'GET',
    })
    return seen!
  }

  copy(): Visitor {
    return new Visitor(this.#sessions, this.cookie)
  }
}

/** A memory store whose calls can be made to go wrong, one at a time. */
class Rigged {
  readonly inner = memoryStore()
  readonly calls: string[] = []
  /** What happens to the next writes: done and then lost, lost before it is done, or as it should be. */
  readonly script: ('lost after' | 'lost before' | 'ok')[] = []
  readonly store: Store

  constructor() {
    const { inner, calls, script } = this
    this.store = {
      ...inner,
      read(id, options) {
        calls.push('read')
        return inner.read(id, options)
      },
      async write(record, expected, options): Promise<Written> {
        calls.push('write')
        const fate = script.shift()
        if (fate === 'lost before') throw new Error('connection lost')
        const written = await inner.write(record, expected, options)
        if (fate === 'lost after') throw new Error('connection lost')
        return written
      },
      delete(id, options) {
        calls.push('delete')
        return inner.delete(id, options)
      },
      lockAndRead(id, options) {
        calls.push('lockAndRead')
        return inner.lockAndRead!(id, options)
      },
      touch(id, times, options) {
        calls.push('touch')
        return inner.touch(id, times, options)
      },
    }
  }

  records(): SessionRecord[] {
    return [...(this.inner.list!({ now: 0, signal: new AbortController().signal }) as Iterable<SessionRecord>)]
  }
}

const initial = (): Data => ({ n: 0 })

function setUp(options: Partial<ConstructorParameters<typeof Sessions<Data>>[0]> = {}) {
  const clock = { time: 1_000_000 }
  const rigged = new Rigged()
  const sessions = new Sessions<Data>({
    store: rigged.store,
    initial,
    clock: () => clock.time,
    cleanupInterval: false,
    ...options,
  })
  return { clock, rigged, sessions, visitor: new Visitor(sessions) }
}

describe('Sessions', () => {
  const events: [string, unknown][] = []
  const names = ['conflict', 'discarded', 'rejected', 'suspicious', 'rotated', 'ended', 'created'] as const
  const listeners = names.map((name) => (message: unknown) => void events.push([name, message]))

  beforeEach(() => {
    events.length = 0
    for (const [index, name] of names.entries()) channel(`coatcheck:${name}`).subscribe(listeners[index]!)
  })
  afterEach(() => {
    for (const [index, name] of names.entries()) channel(`coatcheck:${name}`).unsubscribe(listeners[index]!)
  })
  const eventsOf = (name: keyof SessionEvents): unknown[] =>
    events.filter(([of]) => of === name).map(([, message]) => message)

  describe('a store answer that is lost', () => {
    it('does not apply an update twice when the write had happened', async () => {
      const { rigged, visitor } = setUp()
      await visitor.request(({ data }) => void data.n++)
      rigged.script.push('lost after')
      await visitor.request((session) => session.update((data) => ++data.n), { method: 'GET' })
      assert.equal((await visitor.look()).data.n, 2)
    })

    it('tries the identical write once more when it had not happened', async () => {
      const { rigged, visitor } = setUp({ merge: { n: 'sum' } })
      await visitor.request(({ data }) => void data.n++)
      rigged.script.push('lost before')
      await visitor.request(({ data }) => void data.n++, { method: 'GET' })
      assert.equal((await visitor.look()).data.n, 2)
    })

    it('ends in 503 with the cookie left alone when it is lost twice', async () => {
      const { rigged, visitor } = setUp()
      await visitor.request(({ data }) => void data.n++)
      rigged.script.push('lost before', 'lost before')
      await assert.rejects(
        visitor.request(({ data }) => void data.n++),
        { code: 'ERR_STORE_UNAVAILABLE', status: 503 },
      )
      assert.equal((await visitor.look()).data.n, 1)
    })

    it('makes a new session under another id, never the same one again, and leaves nothing of the first', async () => {
      const { rigged, visitor } = setUp()
      rigged.script.push('lost after')
      await visitor.request(({ data }) => void data.n++)
      assert.deepEqual(rigged.calls, ['write', 'write', 'delete'])
      assert.equal(rigged.records().length, 1)
      assert.equal((await visitor.look()).data.n, 1)
    })
  })

  describe('two requests on one session', () => {
    /** Both open, then both change, then the first commits before the second. */
    const race = async (visitor: Visitor, first: Work, second: Work, methods = ['GET', 'GET']): Promise<unknown> => {
      const opened = resolvers()
      const secondOpened = resolvers()
      const firstDone = visitor.copy().request(
        async (session) => {
          opened.resolve(undefined)
          await secondOpened.promise
          await first(session)
        },
        { method: methods[0]! },
      )
      await opened.promise
      return visitor.copy().request(
        async (session) => {
          secondOpened.resolve(undefined)
          await firstDone
          await second(session)
        },
        { method: methods[1]! },
      )
    }
    const resolvers = () => {
      let resolve!: (value: unknown) => void
      const promise = new Promise((done) => {
        resolve = done
      })
      return { promise, resolve }
    }

    it('both keep their change of different keys', async () => {
      const { visitor } = setUp()
      await visitor.request(({ data }) => void data.n++)
      await race(
        visitor,
        ({ data }) => {
          data.a = 'first'
        },
        ({ data }) => {
          data.b = 'second'
        },
      )
      assert.deepEqual((await visitor.look()).data, { n: 1, a: 'first', b: 'second' })
      assert.deepEqual(eventsOf('conflict'), [])
    })

    it('the later wins on one key, and an event says so', async () => {
      const { visitor } = setUp()
      await visitor.request(({ data }) => void data.n++)
      await race(
        visitor,
        ({ data }) => {
          data.a = 'first'
        },
        ({ data }) => {
          data.a = 'second'
        },
      )
      assert.equal((await visitor.look()).data.a, 'second')
      assert.deepEqual((eventsOf('conflict')[0] as SessionEvents['conflict']).keys, ['a'])
    })

    it('an exclusive one is refused where a shared one changed the key it has read, even to the same value', async () => {
      const { visitor } = setUp()
      await visitor.request(({ data }) => void data.n++)
      const late = race(
        visitor,
        (session) => session.update((data) => ++data.n),
        ({ data }) => void data.n++,
        ['GET', 'POST'],
      )
      await assert.rejects(late, { code: 'ERR_SESSION_CONFLICT', status: 409, retryAfter: 1 })
      assert.equal((await visitor.look()).data.n, 2)
    })

    it('an exclusive one merges with a shared one that changed another key', async () => {
      const { visitor } = setUp()
      await visitor.request(({ data }) => void data.n++)
      await race(
        visitor,
        ({ data }) => {
          data.a = 'shared'
        },
        ({ data }) => void data.n++,
        ['GET', 'POST'],
      )
      assert.deepEqual((await visitor.look()).data, { n: 2, a: 'shared' })
    })

    it('a change is refused when the session was signed in meanwhile', async () => {
      const { visitor } = setUp()
      await visitor.request(({ data }) => void data.n++)
      const late = race(
        visitor,
        (session) => session.signIn('7'),
        ({ data }) => {
          data.a = 'planted'
        },
      )
      await assert.rejects(late, { code: 'ERR_SESSION_SUPERSEDED', status: 409 })
    })

    it('a double-clicked sign-in signs in both times, in two sessions', async () => {
      const { rigged, visitor } = setUp()
      await visitor.request(({ data }) => void data.n++)
      const answer = await race(
        visitor,
        (session) => session.signIn('7'),
        (session) => {
          session.data.a = 'mine'
          session.signIn('7')
        },
      )
      const line = (answer as ResponseHeaders).find(([name]) => name === 'set-cookie')![1]
      visitor.cookie = line.split(';')[0]
      assert.deepEqual(await visitor.look(), { data: { n: 0, a: 'mine' }, userId: '7', isStored: true })
      assert.equal(rigged.records().length, 2)
    })

    it('a change is refused when the session was destroyed meanwhile, and a mere read stands', async () => {
      const { rigged, visitor } = setUp()
      await visitor.request(({ data }) => void data.n++)
      const before = visitor.copy()
      const late = race(
        visitor,
        (session) => session.destroy(),
        ({ data }) => void data.n++,
      )
      await assert.rejects(late, { code: 'ERR_SESSION_GONE', status: 409 })
      assert.deepEqual(rigged.records(), [])
      assert.deepEqual(await before.look(), { data: { n: 0 }, userId: undefined, isStored: false })
    })

    it('both keep their flash messages', async () => {
      const { visitor } = setUp()
      await visitor.request(({ data }) => void data.n++)
      await race(
        visitor,
        ({ flash }) => flash.add('notice', 'one'),
        ({ flash }) => flash.add('notice', 'two'),
      )
      let taken: unknown
      await visitor.request(
        ({ flash }) => {
          taken = flash.take()
        },
        { method: 'GET' },
      )
      assert.deepEqual(taken, [
        { kind: 'notice', text: 'one' },
        { kind: 'notice', text: 'two' },
      ])
      await visitor.request(
        ({ flash }) => {
          taken = flash.take()
        },
        { method: 'GET' },
      )
      assert.deepEqual(taken, [])
    })
  })

  describe('an exclusive request whose lease ran out', () => {
    it('is told of the conflict instead of overwriting the one that came in', async () => {
      const { visitor } = setUp({ lock: { lease: 1 } })
      await visitor.request(({ data }) => void data.n++)
      await assert.rejects(
        visitor.copy().request(async ({ data }) => {
          data.n++
          await visitor.copy().request((other) => void other.data.n++)
        }),
        { code: 'ERR_SESSION_CONFLICT' },
      )
      assert.equal((await visitor.look()).data.n, 2)
    })

    it('waits no longer than lock.wait for another', async () => {
      const { visitor } = setUp({ lock: { wait: 20 } })
      await visitor.request(({ data }) => void data.n++)
      await visitor.copy().request(() =>
        assert.rejects(
          visitor.copy().request(() => {}),
          { code: 'ERR_SESSION_BUSY', status: 503 },
        ),
      )
    })
  })

  describe('update', () => {
    it('sees the edits that are still pending, and keeps the object that the handler holds', async () => {
      const { visitor } = setUp()
      await visitor.request(async (session) => {
        const { data } = session
        data.n = 5
        assert.equal(await session.update((stored) => ++stored.n), 6)
        assert.equal(data.n, 6)
        data.a = 'after'
      })
      assert.deepEqual((await visitor.look()).data, { n: 6, a: 'after' })
    })

    it('refuses a function that is not synchronous', async () => {
      const { visitor } = setUp()
      await visitor.request(async (session) => {
        // @ts-expect-error: refused by the types too
        const updated = session.update(async () => {})
        await assert.rejects(updated, TypeError)
      })
    })

    it('stores nothing when its function throws', async () => {
      const { rigged, visitor } = setUp()
      await visitor.request((session) =>
        assert.rejects(
          session.update((data) => {
            data.n = 9
            throw new RangeError('no')
          }),
          RangeError,
        ),
      )
      assert.deepEqual(rigged.records(), [])
    })
  })

  describe('a client that went away before the commit', () => {
    it('still has its changes stored and its session destroyed', async () => {
      const { rigged, visitor } = setUp()
      await visitor.request(({ data }) => void data.n++)
      await visitor.request(({ data }) => void data.n++, { isAborted: true })
      assert.equal((await visitor.look()).data.n, 2)
      await visitor.copy().request((session) => session.destroy(), { isAborted: true })
      assert.deepEqual(rigged.records(), [])
    })

    it('gets no new session and no sign-in, nor what belongs to one', async () => {
      const { rigged, visitor } = setUp()
      await visitor.request(({ data }) => void data.n++, { isAborted: true })
      assert.deepEqual(rigged.records(), [])
      await visitor.request(({ data }) => void data.n++)
      const signIn = (session: Session<Data>): void => {
        session.signIn('7')
        session.data.a = 'private'
      }
      await visitor.request(signIn, { isAborted: true })
      assert.deepEqual(await visitor.look(), { data: { n: 1 }, userId: undefined, isStored: true })
    })
  })

  describe('periodic rotation', () => {
    const signedIn = async () => {
      const set = setUp()
      await set.visitor.request((session) => session.signIn('7'))
      set.clock.time += 16 * 60_000
      return set
    }
    const get = { method: 'GET' }

    it('gives the same successor until it was seen, then keeps the old cookie alive for the grace, then reports it', async () => {
      const { visitor, clock } = await signedIn()
      const old = visitor.copy()
      const again = visitor.copy()
      await visitor.request(() => {}, get)
      await again.request(() => {}, get)
      assert.notEqual(visitor.cookie, old.cookie)
      assert.equal(again.cookie, visitor.cookie)

      await visitor.request(() => {}, get)
      clock.time += 29_000
      const straggler = old.copy()
      await straggler.request(({ data }) => void data.n++, get)
      assert.equal(straggler.cookie, old.cookie)
      assert.deepEqual(await visitor.look(), { data: { n: 1 }, userId: '7', isStored: true })

      clock.time += 2_000
      const thief = old.copy()
      assert.deepEqual(await thief.look(), { data: { n: 0 }, userId: undefined, isStored: false })
      assert.equal((eventsOf('suspicious')[0] as SessionEvents['suspicious']).userId, '7')
      await assert.rejects(
        thief.request(({ data }) => void data.n++),
        { code: 'ERR_SESSION_SUPERSEDED' },
      )
      assert.equal(thief.cookie, old.cookie)
    })

    it('waits for a navigation', async () => {
      const { visitor } = await signedIn()
      const before = visitor.cookie
      await visitor.request(() => {}, { method: 'GET', headers: { 'sec-fetch-mode': 'cors' } })
      assert.equal(visitor.cookie, before)
      await visitor.request(() => {}, { method: 'GET', headers: { 'sec-fetch-mode': 'navigate' } })
      assert.notEqual(visitor.cookie, before)
    })

    it('does not move the absolute deadline', async () => {
      const { visitor, clock } = await signedIn()
      for (let minutes = 16; minutes < 719; minutes += 20) {
        await visitor.request(() => {}, get)
        clock.time += 20 * 60_000
      }
      assert.equal((await visitor.look()).userId, undefined)
    })
  })

  it('calls the store as often as it says', async () => {
    const { rigged, visitor, clock } = setUp()
    const callsOf = async (work: () => Promise<unknown>): Promise<string[]> => {
      rigged.calls.length = 0
      await work()
      return [...rigged.calls]
    }
    const get = { method: 'GET' }
    assert.deepEqual(await callsOf(() => visitor.request(({ data }) => data, get)), [])
    assert.deepEqual(await callsOf(() => visitor.request((session) => session.signOut())), [])
    assert.deepEqual(await callsOf(() => visitor.request(({ data }) => void data.n++)), ['write'])
    assert.deepEqual(await callsOf(() => visitor.request(({ data }) => data, get)), ['read'])
    assert.deepEqual(await callsOf(() => visitor.request(({ data }) => void data.n++, get)), ['read', 'write'])
    assert.deepEqual(await callsOf(() => visitor.request(({ data }) => void data.n++)), [
      'read',
      'lockAndRead',
      'write',
    ])
    assert.deepEqual(await callsOf(() => visitor.request((session) => session.signIn('7'))), [
      'read',
      'lockAndRead',
      'write',
    ])
    clock.time += 61_000
    assert.deepEqual(await callsOf(() => visitor.request(() => {}, get)), ['read', 'touch'])
    assert.deepEqual(await callsOf(() => visitor.request(() => {}, get)), ['read'])
    assert.deepEqual(await callsOf(() => visitor.copy().request((session) => session.signOut(), get)), [
      'read',
      'delete',
    ])
    assert.deepEqual(
      await callsOf(() => new Visitor(visitorSessions(rigged)).request((session) => session.signIn('8'))),
      ['write'],
    )
  })
  const visitorSessions = ({ store }: Rigged) =>
    new Sessions<Data>({ store, initial: () => ({ n: 0 }), cleanupInterval: false })

  describe('an assurance level of NIST SP 800-63B-4', () => {
    const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]
    // Idle and absolute timeout, of a short session and of a remembered one.
    const limits = {
      none: [30 * minute, 12 * hour, 30 * day, 90 * day],
      aal1: [30 * minute, 12 * hour, 30 * day, 30 * day],
      aal2: [30 * minute, 12 * hour, hour, day],
      aal3: [15 * minute, 12 * hour, 15 * minute, 12 * hour],
    }
    for (const [level, expected] of Object.entries(limits)) {
      it(`${level === 'none' ? 'is not asked for' : `${level} lowers the defaults to its limits`}`, async () => {
        const { clock, visitor } = setUp(level === 'none' ? {} : { assuranceLevel: level as 'aal1' })
        const found: number[] = []
        for (const remember of [false, true]) {
          await visitor.request((session) => session.signIn('alice', { remember }))
          await visitor.request(({ expiresAt, absoluteExpiresAt }) => {
            found.push(expiresAt!.getTime() - clock.time, absoluteExpiresAt!.getTime() - clock.time)
          })
        }
        assert.deepEqual(found, expected)
      })
    }
  })

  describe('a guard', () => {
    const wrong = new SessionError('ERR_CROSS_SITE_REQUEST', 'not from here')
    const refuse = (): never => {
      throw wrong
    }

    it('refuses before the store is asked, and an event tells', async () => {
      const { rigged, visitor } = setUp({ guards: [{ name: 'early', beforeOpen: refuse }] })
      const refused: unknown[] = []
      const listener = (message: unknown): void => void refused.push(message)
      subscribe('coatcheck:refused', listener)
      await assert.rejects(
        visitor.request(() => {}),
        wrong,
      )
      unsubscribe('coatcheck:refused', listener)
      assert.deepEqual(rigged.calls, [])
      const { code, message } = wrong
      assert.deepEqual(refused, [{ guard: 'early', handle: undefined, code, message }])
    })

    it('refuses an exclusive request, which then holds up nobody, and is asked in its order', async () => {
      const asked: string[] = []
      const ask = (name: string, then?: () => Promise<never>) => ({
        name,
        async afterOpen() {
          asked.push(name)
          await then?.()
        },
      })
      const { sessions, visitor, rigged } = setUp()
      await visitor.request(({ data }) => void data.n++)
      const guards = [ask('first'), ask('second', async () => refuse()), ask('third')]
      const guarded = new Visitor(new Sessions<Data>({ store: rigged.store, initial, clock: () => 1_000_000, guards }))
      guarded.cookie = visitor.cookie
      await assert.rejects(
        guarded.request(({ data }) => void data.n++),
        wrong,
      )
      assert.deepEqual(asked, ['first', 'second'])
      await visitor.request(({ data }) => void data.n++)
      assert.equal((await visitor.look()).data.n, 2)
      await sessions.close()
    })

    it('may keep notes of 4,096 characters, and no more', async () => {
      const keeping = (size: number) => ({ name: 'notes', atSignIn: () => 'x'.repeat(size - 2) })
      const { rigged, visitor } = setUp({ guards: [keeping(4_096)] })
      await visitor.request((session) => session.signIn('alice'))
      assert.equal((await visitor.look()).userId, 'alice')
      const guards = [keeping(4_097)]
      const other = new Visitor(new Sessions<Data>({ store: rigged.store, initial, guards }))
      await assert.rejects(
        other.request((session) => session.signIn('bob')),
        /the guard notes keeps 4097 characters, and may keep 4096/,
      )
      assert.equal((await other.look()).userId, undefined)
    })
  })

  it('notes of a device what is short text, whatever else it is told', async () => {
    const device = () => ({ browser: 'x'.repeat(300), os: 5, secret: 'y', type: undefined }) as object
    const { sessions, visitor } = setUp({ device })
    await visitor.request((session) => session.signIn('alice'))
    assert.equal((await visitor.look()).userId, 'alice')
    const [entry] = await sessions.ofUser('alice').list()
    assert.deepEqual(entry?.device, { browser: 'x'.repeat(200) })
  })

  it('refuses data that has grown too large, and keeps what there was', async () => {
    const { visitor } = setUp({ maxBytes: 1_000 })
    await visitor.request(({ data }) => void data.n++)
    await assert.rejects(
      visitor.request(({ data }) => {
        data.a = 'x'.repeat(1_000)
      }),
      { code: 'ERR_SESSION_TOO_LARGE', status: 413 },
    )
    assert.deepEqual((await visitor.look()).data, { n: 1 })
  })

  it('refuses data that an update or a merge has made too large', async () => {
    const { visitor } = setUp({ maxBytes: 1_000, merge: { list: 'append' } })
    await visitor.request(({ data }) => {
      data.list = []
    })
    await assert.rejects(
      visitor.request((session) => session.update((data) => Object.assign(data, { a: 'x'.repeat(1_000) }).n)),
      { code: 'ERR_SESSION_TOO_LARGE' },
    )
    const append = (session: Session<Data>) => void session.data.list?.push('x'.repeat(600))
    await assert.rejects(
      visitor.request(
        async (session) => {
          await visitor.copy().request(append, { method: 'GET' })
          append(session)
        },
        { method: 'GET' },
      ),
      { code: 'ERR_SESSION_TOO_LARGE' },
    )
    assert.equal((await visitor.look()).data.list?.length, 1)
  })

  it('never stores the initial data by itself, and fills new keys of an older session with it', async () => {
    const { rigged, visitor } = setUp()
    await visitor.request(({ data }) => {
      data.a = 'x'
    })
    const later = new Sessions<Data>({
      store: rigged.store,
      initial: () => ({ n: 0, list: ['new'] }),
      cleanupInterval: false,
      clock: () => 1_000_000,
    })
    const returning = new Visitor(later, visitor.cookie)
    rigged.calls.length = 0
    assert.deepEqual((await returning.look()).data, { n: 0, a: 'x', list: ['new'] })
    assert.deepEqual(rigged.calls, ['read'])
  })
})
