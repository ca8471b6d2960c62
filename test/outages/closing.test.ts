import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type OpenOptions, Sessions, type SessionsOptions, type Store } from 'coatcheck'
import { memoryStore } from 'coatcheck/stores/memory'
import { signedInCookie } from 'coatcheck/testing'

/* What sessions.close() waits for, and what not. */

type Data = { n?: number }

const host = 'shop.example'

/** A request that is under way until it is committed. */
function begin(sessions: Sessions<Data>, cookie?: string, options?: OpenOptions) {
  const request = {}
  const header = (name: string) => (name === 'cookie' ? cookie : undefined)
  sessions.attach(request, { method: 'POST', header, secure: true, host, isAborted: false, onClose() {} })
  return { request, opened: sessions.open(request, options) }
}

function setUp(change: (store: Store) => Partial<Store> = () => ({}), options?: Partial<SessionsOptions<Data>>) {
  const inner = memoryStore()
  const store = { ...inner, ...change(inner) }
  const sessions = new Sessions<Data>({ store, storeTimeout: 100, ...options })
  return { sessions, store, cookie: () => signedInCookie(sessions, 'alice', { url: `https://${host}` }) }
}

async function millisecondsOf(promise: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await promise
  return performance.now() - startedAt
}

describe('closing', { concurrency: true }, () => {
  it('takes no time where nothing is under way, twice as well', async () => {
    const { sessions, cookie } = setUp()
    await cookie()
    assert.ok((await millisecondsOf(sessions.close())) < 1_000)
    assert.ok((await millisecondsOf(sessions.close())) < 1_000)
  })

  it('waits for a commit, and stores what comes after it as well', async () => {
    const { sessions, cookie } = setUp()
    const alice = await cookie()
    const { request, opened } = begin(sessions, alice)
    ;(await opened).data.n = 1
    const closing = millisecondsOf(sessions.close())
    await sleep(200)
    await sessions.commit(request)
    const ms = await closing
    assert.ok(ms >= 190 && ms < 2_000, `${ms} ms`)
    const late = begin(sessions, alice)
    const session = await late.opened
    assert.equal(session.data.n, 1)
    session.data.n = 2
    await sessions.commit(late.request)
    const again = begin(sessions, alice, { mode: 'read-only' })
    assert.equal((await again.opened).data.n, 2)
  })

  it('does not wait for who only looks: a WebSocket has no response to commit before', async () => {
    const { sessions, cookie } = setUp()
    const { opened } = begin(sessions, await cookie(), { mode: 'read-only' })
    await opened
    assert.ok((await millisecondsOf(sessions.close())) < 1_000)
  })

  it('gives the turn back of a request that takes too long, and of one that is still waiting for its turn', async () => {
    const { sessions, store, cookie } = setUp()
    const alice = await cookie()
    const first = await begin(sessions, alice).opened
    const second = begin(sessions, alice)
    await sessions.close({ within: '100ms' })
    const options = { now: Date.now(), signal: AbortSignal.timeout(2_000), leaseMs: 1_000 }
    await second.opened
    const locked = await store.lockAndRead!(first.id!, options)
    await locked!.lock.release()
  })

  it('ends in time, and quietly, when the store hangs', async () => {
    const { sessions, cookie } = setUp((store) => ({
      async lockAndRead(id, options) {
        const locked = await store.lockAndRead!(id, options)
        return locked && { ...locked, lock: { renew: () => true, release: () => new Promise<void>(() => {}) } }
      },
    }))
    await begin(sessions, await cookie()).opened
    const ms = await millisecondsOf(sessions.close({ within: '100ms' }))
    assert.ok(ms >= 90 && ms < 1_000, `${ms} ms`)
  })

  it('stops the clean-up after the batch at hand', async () => {
    let batches = 0
    const { sessions, cookie } = setUp(() => ({
      async deleteExpired({ batch }) {
        await sleep(20)
        batches += 1
        return batch
      },
    }))
    await cookie()
    await sleep(100)
    await sessions.close()
    const atClose = batches
    assert.ok(atClose > 0)
    await cookie()
    await sleep(100)
    assert.equal(batches, atClose)
  })

  it('refuses a time that is none', () => {
    const { sessions } = setUp()
    assert.throws(() => sessions.close({ within: -1 }), /within must be/)
  })
})
