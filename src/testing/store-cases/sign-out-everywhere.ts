import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import {
  assertOk,
  assertRefused,
  assertSame,
  at,
  minute,
  nextState,
  now,
  sampleRecord,
  sessionOf,
  sortedIds,
  stored,
} from './sample-record.ts'
import { casesOf, type StoreCase } from './store-case.ts'
import { endAll, listed } from './users.ts'
import { heeded } from './waiting.ts'

export const signOutEverywhere: readonly StoreCase[] = [
  ...casesOf('I1, I2: sign out everywhere ends what is there, and what is under way', ['users'], {
    'ends the sessions of one user, nobody else’s, and says how many': async (store) => {
      const one = await stored(store, sessionOf('alice'))
      const two = await stored(store, sessionOf('alice'))
      const other = await stored(store, sessionOf('bob'))
      const anonymous = await stored(store)
      assert.equal(await endAll(store, 'alice'), 2)
      assert.equal(await store.read(one.id, at(now)), undefined)
      assert.equal(await store.read(two.id, at(now)), undefined)
      assert.deepEqual(await listed(store, 'alice'), [])
      assertSame(await store.read(other.id, at(now)), other)
      assertSame(await store.read(anonymous.id, at(now)), anonymous)
      assert.deepEqual(await listed(store, 'bob'), [other.id])
    },

    'ends nothing, and says so, when it is done again': async (store) => {
      await stored(store, sessionOf('alice'))
      assert.equal(await endAll(store, 'alice'), 1)
      assert.equal(await endAll(store, 'alice'), 0)
      assert.equal(await endAll(store, 'nobody'), 0)
    },

    'counts each session once when it is done twice at the same time': async (store) => {
      await Promise.all(Array.from({ length: 8 }, () => stored(store, sessionOf('alice'))))
      const counts = await Promise.all([endAll(store, 'alice'), endAll(store, 'alice')])
      assert.equal(counts[0] + counts[1], 8)
      assert.deepEqual(await listed(store, 'alice'), [])
    },

    'keeps the one session that is excepted, in the list as well': async (store) => {
      const kept = await stored(store, sessionOf('alice'))
      await stored(store, sessionOf('alice'))
      assert.equal(await store.users.deleteByUser('alice', { ...at(now), notBefore: now + 1, except: kept.id }), 1)
      assertSame(await store.read(kept.id, at(now)), kept)
      assert.deepEqual(await listed(store, 'alice'), [kept.id])
    },

    'lets the kept session be written on, though its sign-in is an old one': async (store) => {
      const kept = await stored(store, sessionOf('alice'))
      await store.users.deleteByUser('alice', { ...at(now), notBefore: now + 1, except: kept.id })
      const next = nextState(kept)
      assertOk(await store.write(next, kept.version, at(now)), 'the next state of the kept session')
      assert.deepEqual(await listed(store, 'alice'), [kept.id])
    },

    'ends by a second call what the first one excepted': async (store) => {
      const kept = await stored(store, sessionOf('alice'))
      await store.users.deleteByUser('alice', { ...at(now), notBefore: now + 1, except: kept.id })
      assert.equal(await endAll(store, 'alice'), 1)
      assert.equal(await store.read(kept.id, at(now)), undefined)
    },

    'does not except a session of somebody else': async (store) => {
      const other = await stored(store, sessionOf('bob'))
      await stored(store, sessionOf('alice'))
      assert.equal(await store.users.deleteByUser('alice', { ...at(now), notBefore: now + 1, except: other.id }), 1)
      assert.deepEqual(await listed(store, 'alice'), [])
      assert.deepEqual(await listed(store, 'bob'), [other.id])
    },

    'refuses a write that has read the session before it was ended': async (store) => {
      const record = await stored(store, sessionOf('alice'))
      await endAll(store, 'alice')
      assertRefused(await store.write(nextState(record), record.version, at(now)), undefined)
      assert.equal(await store.read(record.id, at(now)), undefined)
    },

    'leaves no session alive whose sign-in was under way': async (store) => {
      for (let round = 0; round < 8; round++) {
        const userId = `user ${round}`
        const anonymous = await Promise.all(Array.from({ length: 4 }, () => stored(store)))
        const signIns = [
          ...anonymous.map(
            (record) => async () => store.write(nextState(record, { userId, openedAt: now }), record.version, at(now)),
          ),
          ...Array.from({ length: 4 }, () => async () => store.write(sessionOf(userId), undefined, at(now))),
        ]
        const calls = signIns.map(async (signIn, index) => {
          for (let passed = 0; passed < index % 4; passed++) await turn()
          return signIn()
        })
        const answers = heeded(Promise.all(calls))
        for (let passed = 0; passed < round >> 1; passed++) await turn()
        await store.users.deleteByUser(userId, { ...at(now), notBefore: now + 1 })
        assert.deepEqual(await listed(store, userId), [], 'when it resolves')
        for (const answer of await answers) assert.ok(answer.ok || answer.reason === 'revoked')
        assert.deepEqual(await listed(store, userId), [], 'when all sign-ins have been answered')
        for (const { id } of anonymous) assert.equal((await store.read(id, at(now)))?.userId, undefined)
      }
    },
  }),

  ...casesOf('I4: a sign-in that arrived before “sign out everywhere” is refused', ['users'], {
    'refuses an older sign-in as `revoked`, and stores nothing': async (store) => {
      await endAll(store, 'alice', now)
      const late = sessionOf('alice', { openedAt: now - 1 })
      assertRefused(await store.write(late, undefined, at(now)), undefined, 'revoked')
      assert.equal(await store.read(late.id, at(now)), undefined)
      assert.deepEqual(await listed(store, 'alice'), [])
    },

    'refuses an older sign-in on a live anonymous session, which goes on': async (store) => {
      const anonymous = await stored(store)
      await endAll(store, 'alice', now)
      const late = nextState(anonymous, { userId: 'alice', openedAt: now - 1 })
      assertRefused(await store.write(late, anonymous.version, at(now)), anonymous, 'revoked')
      assertSame(await store.read(anonymous.id, at(now)), anonymous)
      assert.deepEqual(await listed(store, 'alice'), [])
    },

    'accepts a sign-in that arrived then or later': async (store) => {
      await endAll(store, 'alice', now)
      const then = await stored(store, sessionOf('alice', { openedAt: now }))
      const later = await stored(store, sessionOf('alice', { openedAt: now + 1 }))
      assert.deepEqual(await listed(store, 'alice'), sortedIds(then, later))
    },

    'accepts a sign-in of the same user again, in the session that was excepted too': async (store) => {
      const kept = await stored(store, sessionOf('alice'))
      await store.users.deleteByUser('alice', { ...at(now), notBefore: now + 1, except: kept.id })
      const again = nextState(kept, { openedAt: now + 2 })
      assertOk(await store.write(again, kept.version, at(now)), 'the same user’s sign-in again')
      const other = await stored(store, sessionOf('alice', { openedAt: now + 2 }))
      assert.deepEqual(await listed(store, 'alice'), sortedIds(kept, other))
    },

    'remembers the latest of several': async (store) => {
      await endAll(store, 'alice', now)
      await endAll(store, 'alice', now - minute)
      const late = sessionOf('alice', { openedAt: now - 1 })
      assertRefused(await store.write(late, undefined, at(now)), undefined, 'revoked')
    },

    'refuses nobody else’s sign-in, and no anonymous session': async (store) => {
      await endAll(store, 'alice', now)
      await stored(store, sessionOf('bob', { openedAt: now - 1 }))
      await stored(store, sampleRecord())
    },

    'still refuses it after a clean-up': async (store) => {
      await endAll(store, 'alice', now)
      await store.deleteExpired?.({ ...at(now + minute), batch: 100 })
      const late = sessionOf('alice', { openedAt: now - 1 })
      assertRefused(await store.write(late, undefined, at(now + minute)), undefined, 'revoked')
    },
  }),
]
