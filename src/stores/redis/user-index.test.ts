import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, createCluster } from 'redis'
import { redisServer } from '../../../test/needs.ts'
import { type RedisServer, startRedis } from '../../../test/servers/redis.ts'
import { type RedisCluster, startRedisCluster } from '../../../test/servers/redis-cluster.ts'
import type { SessionRecord } from '../../core/store.ts'
import {
  assertOk,
  assertSame,
  at,
  idsOf,
  minute,
  nextState,
  now,
  sampleRecord,
  sessionOf,
  sortedIds,
  stored,
} from '../../testing/store-cases/sample-record.ts'
import { type RedisClient, type RedisStore, redisStore } from './index.ts'

const { skip } = redisServer()
let single: RedisServer
let cluster: RedisCluster
let singleClient: ReturnType<typeof createClient>
let clusterClient: ReturnType<typeof createCluster>

before(async () => {
  if (skip) return
  ;[single, cluster] = await Promise.all([startRedis(), startRedisCluster()])
  singleClient = createClient({ url: single.url })
  clusterClient = createCluster({ rootNodes: cluster.nodes.map(({ url }) => ({ url })) })
  await Promise.all([singleClient.connect(), clusterClient.connect()])
})
after(async () => {
  singleClient?.destroy()
  clusterClient?.destroy()
  await Promise.all([single?.stop(), cluster?.stop()])
})

const opened: RedisStore[] = []
afterEach(closeAll)

async function closeAll(): Promise<void> {
  for (const store of opened.splice(0)) await store.close()
}

function storeOn(client: RedisClient, prefix = `${randomUUID()}:`): { prefix: string; store: RedisStore } {
  const store = redisStore(client, { prefix })
  opened.push(store)
  return { prefix, store }
}

/** The client of a process that is killed, or stands still, before its command no. `count` + 1. */
function stoppingAfter<Client extends object>(client: Client, count: number) {
  let sent = 0
  let goOn = (): void => {}
  const gate = new Promise<void>((resolve) => {
    goOn = resolve
  })
  let arrive = (): void => {}
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const { sendCommand } = client as { sendCommand(...args: unknown[]): Promise<unknown> }
  const stopping: Client = Object.create(client, {
    sendCommand: {
      async value(...args: unknown[]) {
        if (++sent > count) {
          arrive()
          await gate
        }
        return sendCommand.apply(client, args)
      },
    },
  })
  return { client: stopping, arrived, goOn, sent: () => sent }
}

const signOut = { ...at(now), notBefore: now + 1 }

async function aliveOf(store: RedisStore, userId: string): Promise<string[]> {
  const found: SessionRecord[] = []
  for await (const record of store.list(at(now))) if (record.userId === userId) found.push(record)
  return found.map(({ id }) => id).sort()
}

/** Afterwards each server knows the scripts. */
async function warmUp(store: RedisStore): Promise<void> {
  for (let count = 0; count < 12; count++) {
    const anonymous = await stored(store)
    await store.write(nextState(anonymous, { userId: 'warm', openedAt: now }), anonymous.version, at(now))
    await stored(store, sessionOf(`warm ${count}`))
    await store.touch(anonymous.id, { expiresAt: now + minute, lastSeenAt: now }, at(now))
    await (await store.lockAndRead(anonymous.id, { ...at(now), leaseMs: 1_000 }))?.lock.release()
    await store.delete(anonymous.id, at(now))
  }
  await store.users.deleteByUser('warm', signOut)
  await idsOf(store.users.list('warm', at(now)))
}

/** In sessions of a minute, one every two minutes. */
async function signInAgainAndAgain(store: RedisStore): Promise<void> {
  for (let count = 0; count < 40; count++) {
    const time = now + count * 2 * minute
    const short = sessionOf('alice', { openedAt: time, expiresAt: time + minute })
    assertOk(await store.write(short, undefined, at(time)), 'the sign-in')
    await sleep(2)
  }
  await sleep(20)
}

describe('in a cluster', { skip }, () => {
  const open = (client: RedisClient = clusterClient, prefix?: string) => storeOn(client, prefix)

  const signIns: {
    readonly [kind: string]: { readonly isNew?: true; readonly isLocked?: true; readonly steps: number }
  } = {
    'a new session': { isNew: true, steps: 3 },
    'a live anonymous session': { steps: 4 },
    'a live anonymous session that is locked': { isLocked: true, steps: 3 },
  }
  for (const [kind, { isNew, isLocked, steps }] of Object.entries(signIns)) {
    /** An anonymous session, and what signs in on it. */
    const toSignIn = async (store: RedisStore) => {
      const anonymous = await stored(store)
      const locked = isLocked && (await store.lockAndRead(anonymous.id, { ...at(now), leaseMs: 60_000 }))
      return (by: RedisStore) =>
        isNew
          ? by.write(sessionOf('alice'), undefined, at(now))
          : by.write(nextState(anonymous, { userId: 'alice', openedAt: now }), anonymous.version, {
              ...at(now),
              unlock: locked ? locked.lock : undefined,
            })
    }

    it(`takes ${steps} round trips to sign in on ${kind}`, async () => {
      const { store, prefix } = open()
      await warmUp(store)
      const signIn = await toSignIn(store)
      const counting = stoppingAfter(clusterClient, Number.POSITIVE_INFINITY)
      assertOk(await signIn(open(counting.client, prefix).store), 'the sign-in')
      // The store's look at the settings, on each master, does not go through the cluster's client.
      assert.equal(counting.sent(), steps)
    })

    for (let step = 0; step < steps; step++) {
      it(`leaves nothing that “sign out everywhere” misses, when killed after step ${step} of a sign-in on ${kind}`, async () => {
        const { store, prefix } = open()
        await warmUp(store)
        const signIn = await toSignIn(store)
        const { client, arrived } = stoppingAfter(clusterClient, step)
        void signIn(open(client, prefix).store)
        await arrived
        const alive = await aliveOf(store, 'alice')
        assert.deepEqual(await idsOf(store.users.list('alice', at(now))), alive, 'what lives is listed')
        assert.equal(await store.users.deleteByUser('alice', signOut), alive.length)
        assert.deepEqual(await aliveOf(store, 'alice'), [])
        assert.deepEqual(await idsOf(store.users.list('alice', at(now))), [])
      })

      it(`is revoked when “sign out everywhere” comes after step ${step} of a sign-in on ${kind}`, async () => {
        const { store, prefix } = open()
        await warmUp(store)
        const signIn = await toSignIn(store)
        const { client, arrived, goOn } = stoppingAfter(clusterClient, step)
        const signingIn = signIn(open(client, prefix).store)
        await arrived
        await store.users.deleteByUser('alice', signOut)
        assert.deepEqual(await idsOf(store.users.list('alice', at(now))), [])
        goOn()
        const written = await signingIn
        assert.ok(!written.ok, 'the sign-in is refused')
        // Refused as gone where the record had been deleted together with the others.
        assert.ok(written.reason === 'revoked', JSON.stringify(written))
        assert.deepEqual(await aliveOf(store, 'alice'), [])
        assert.deepEqual(await idsOf(store.users.list('alice', at(now))), [])
      })
    }
  }

  it('finishes “sign out everywhere”, wherever it was killed, with the next call', async () => {
    for (const next of ['list', 'deleteByUser', 'a sign-in and list'] as const) {
      for (let step = 1; step <= 5; step++) {
        const { store, prefix } = open()
        await warmUp(store)
        const kept = await stored(store, sessionOf('alice'))
        for (let count = 0; count < 3; count++) await stored(store, sessionOf('alice'))
        const { client, arrived } = stoppingAfter(clusterClient, step)
        // Mark, three deletions, forget: the last step is its answer.
        const ending = open(client, prefix).store.users.deleteByUser('alice', { ...signOut, except: kept.id })
        await (step === 5 ? ending : arrived)
        const expected = [kept]
        if (next === 'a sign-in and list') expected.push(await stored(store, sessionOf('alice', { openedAt: now + 2 })))
        if (next === 'deleteByUser') await store.users.deleteByUser('alice', { ...signOut, except: kept.id })
        assert.deepEqual(await idsOf(store.users.list('alice', at(now))), sortedIds(...expected), `${next}, ${step}`)
        assert.deepEqual(await aliveOf(store, 'alice'), sortedIds(...expected), `${next}, ${step}`)
        assertSame(await store.read(kept.id, at(now)), kept)
        await closeAll()
      }
    }
  })

  /** “Sign out everywhere” by a process that is killed once it has marked what it was to end. */
  const markOnly = async (prefix: string, except?: SessionRecord): Promise<void> => {
    const { client, arrived } = stoppingAfter(clusterClient, 1)
    void open(client, prefix).store.users.deleteByUser('alice', { ...signOut, except: except?.id })
    await arrived
  }

  it('ends what a killed “sign out everywhere” has marked, though the next one excepts it', async () => {
    const { store, prefix } = open()
    const [one, two] = [await stored(store, sessionOf('alice')), await stored(store, sessionOf('alice'))]
    await markOnly(prefix, one)
    assert.equal(await store.users.deleteByUser('alice', { ...signOut, except: two.id }), 2)
    assert.deepEqual(await aliveOf(store, 'alice'), [])
  })

  it('refuses a sign-in on a session that is marked, for as long as it is', async () => {
    const { store, prefix } = open()
    await warmUp(store)
    const anonymous = await stored(store)
    const signedIn = nextState(anonymous, { userId: 'alice', openedAt: now })
    const { client, arrived } = stoppingAfter(clusterClient, 2)
    void open(client, prefix).store.write(signedIn, anonymous.version, at(now))
    await arrived
    await markOnly(prefix)
    const later = nextState(anonymous, { userId: 'alice', openedAt: now + 2 })
    const refused = await store.write(later, anonymous.version, at(now))
    assert.deepEqual(refused, { ok: false, current: anonymous, reason: 'revoked' })
    assert.deepEqual(await idsOf(store.users.list('alice', at(now))), [])
    assertOk(await store.write(later, anonymous.version, at(now)), 'the sign-in, when all is finished')
  })

  it('refuses a sign-in that has happened, when it was marked before its answer came', async () => {
    const { store, prefix } = open()
    await warmUp(store)
    const anonymous = await stored(store)
    const signedIn = nextState(anonymous, { userId: 'alice', openedAt: now })
    const { client, arrived } = stoppingAfter(clusterClient, 3)
    void open(client, prefix).store.write(signedIn, anonymous.version, at(now))
    await arrived
    await markOnly(prefix)
    const again = await store.write(signedIn, anonymous.version, at(now))
    assert.deepEqual(again, { ok: false, reason: 'revoked' })
    assert.deepEqual(await aliveOf(store, 'alice'), [])
  })

  it('keeps neither of two sessions that end each other', async () => {
    const { store } = open()
    const [one, two] = [await stored(store, sessionOf('alice')), await stored(store, sessionOf('alice'))]
    await Promise.all([one, two].map(({ id }) => store.users.deleteByUser('alice', { ...signOut, except: id })))
    assert.deepEqual(await aliveOf(store, 'alice'), [])
    assert.deepEqual(await idsOf(store.users.list('alice', at(now))), [])
  })

  it('answers ok to a sign-in that has happened, and stays revoked when it was ended since', async () => {
    const { store } = open()
    const anonymous = await stored(store)
    const signedIn = nextState(anonymous, { userId: 'alice', openedAt: now })
    assertOk(await store.write(signedIn, anonymous.version, at(now)), 'the sign-in')
    assertOk(await store.write(signedIn, anonymous.version, at(now)), 'the same again')
    await store.users.deleteByUser('alice', signOut)
    assert.equal((await store.write(signedIn, anonymous.version, at(now))).ok, false)
    assert.deepEqual(await aliveOf(store, 'alice'), [])
  })

  it('answers ok to a sign-in that has happened in its turn, on the one session that was kept since', async () => {
    const { store } = open()
    const anonymous = await stored(store)
    const locked = await store.lockAndRead(anonymous.id, { ...at(now), leaseMs: 60_000 })
    const signedIn = nextState(anonymous, { userId: 'alice', openedAt: now })
    const options = { ...at(now), unlock: locked!.lock }
    assertOk(await store.write(signedIn, anonymous.version, options), 'the sign-in')
    await store.users.deleteByUser('alice', { ...signOut, except: anonymous.id })
    assertOk(await store.write(signedIn, anonymous.version, options), 'the same again')
    assert.deepEqual(await idsOf(store.users.list('alice', at(now))), [anonymous.id])
  })

  it('answers ok to a write that has happened on the one session that was kept', async () => {
    const { store } = open()
    const kept = await stored(store, sessionOf('alice'))
    await store.users.deleteByUser('alice', { ...signOut, except: kept.id })
    const next = nextState(kept)
    assertOk(await store.write(next, kept.version, at(now)), 'the write')
    assertOk(await store.write(next, kept.version, at(now)), 'the same again')
    assertSame(await store.read(kept.id, at(now)), next)
  })

  it('refuses a prefix whose empty braces would take a record and its queue apart', () => {
    assert.throws(() => open(clusterClient, 'a{}'), TypeError)
  })

  it('takes dead sessions off the list of a user who signs in again and again', async () => {
    const { store, prefix } = open()
    await signInAgainAndAgain(store)
    const count = await clusterClient.hLen(`${prefix}user:alice`)
    assert.ok(count <= 24, `the list has ${count} entries`)
  })

  it('has room for braces in the prefix and in the user’s id', async () => {
    for (const prefix of ['{app}:', 'a{b:', 'a}b{:', '}{']) {
      const { store } = open(clusterClient, `${prefix}${randomUUID()}`)
      for (const userId of ['{a}', '}{', '{', 'a}']) {
        const record = await stored(store, sessionOf(userId))
        const locked = await store.lockAndRead(record.id, { ...at(now), leaseMs: 1_000 })
        const next = nextState(record)
        assertOk(await store.write(next, record.version, { ...at(now), unlock: locked?.lock }), 'the write')
        assert.deepEqual(await idsOf(store.users.list(userId, at(now))), [record.id])
        assert.deepEqual(await aliveOf(store, userId), [record.id])
        assert.equal(await store.users.deleteByUser(userId, signOut), 1)
      }
    }
  })
})

describe('on one server', { skip }, () => {
  const open = (client: RedisClient = singleClient, prefix?: string) => storeOn(client, prefix)

  it('takes one round trip for each call', async () => {
    const { store, prefix } = open()
    await warmUp(store)
    const anonymous = await stored(store)
    const counting = stoppingAfter(singleClient, Number.POSITIVE_INFINITY)
    const counted = open(counting.client, prefix).store
    await counted.read(anonymous.id, at(now))
    await sleep(50)
    let before = counting.sent()
    const trips = (): number => {
      const count = counting.sent() - before
      before += count
      return count
    }
    const signedIn = nextState(anonymous, { userId: 'alice', openedAt: now })
    assertOk(await counted.write(signedIn, anonymous.version, at(now)), 'the sign-in')
    assert.equal(trips(), 1, 'a sign-in')
    await counted.read(anonymous.id, at(now))
    assert.equal(trips(), 1, 'a read')
    await counted.touch(anonymous.id, { expiresAt: now + minute, lastSeenAt: now }, at(now))
    assert.equal(trips(), 1, 'a touch')
    const locked = await counted.lockAndRead(anonymous.id, { ...at(now), leaseMs: 1_000 })
    assert.equal(trips(), 1, 'a lock, and what it reads')
    const next = nextState(signedIn)
    assertOk(await counted.write(next, signedIn.version, { ...at(now), unlock: locked?.lock }), 'the write')
    await locked?.lock.release()
    assert.equal(trips(), 1, 'a write, and the release of the lock')
    await counted.delete(anonymous.id, at(now))
    assert.ok(trips() <= 2, 'a delete, and the list of its user, for which nobody waits')
  })

  it('takes dead sessions off the list of a user who signs in again and again', async () => {
    const { store, prefix } = open()
    await signInAgainAndAgain(store)
    const count = await singleClient.hLen(`${prefix}user:alice`)
    assert.ok(count <= 24, `the list has ${count} entries`)
  })

  it('does not take a sign-in that may be under way off the list', async () => {
    const { store, prefix } = open()
    const { id } = sampleRecord()
    await singleClient.hSet(`${prefix}user:alice`, id, String(now - minute / 2))
    assert.deepEqual(await idsOf(store.users.list('alice', at(now))), [])
    assert.equal(await singleClient.hExists(`${prefix}user:alice`, id), 1)
    assert.deepEqual(await idsOf(store.users.list('alice', at(now + minute))), [])
    await sleep(50)
    assert.equal(await singleClient.exists(`${prefix}user:alice`), 0)
  })

  it('lets a list go in the end, but not before a session of that user', async () => {
    const { store, prefix } = open()
    const day = 24 * 60 * minute
    await stored(store, sessionOf('alice', { expiresAt: now + 90 * day }))
    await stored(store, sessionOf('alice'))
    const ttl = await singleClient.pTTL(`${prefix}user:alice`)
    assert.ok(ttl > 489 * day && ttl <= 490 * day + minute, `${ttl / day} days`)
    await store.users.deleteByUser('alice', signOut)
    const after = await singleClient.pTTL(`${prefix}user:alice`)
    assert.ok(after > 0 && after <= day, `notBefore stays for ${after / day} days`)
  })
})
