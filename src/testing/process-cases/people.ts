import assert from 'node:assert/strict'
import type { SessionRecord } from '../../core/store.ts'
import { type Life, numberedId } from '../processes/jobs.ts'
import { soon } from '../processes/process-store.ts'
import { at, idsOf, newVersion, now, sessionOf, stored } from '../store-cases/sample-record.ts'
import { listed } from '../store-cases/users.ts'
import { inTime, pause, until } from '../store-cases/waiting.ts'
import { delays, type ProcessCase, type Processes, processCasesOf, random } from './process-case.ts'

type Stores = Processes<'users'>

export const people: readonly ProcessCase[] = [
  ...processCasesOf('G11: a user’s sessions are listed', ['users'], {
    'lists all of 60 sign-ins that three processes take at once': async ({ one, two, three }) => {
      const [seed, begin] = [newVersion(), soon()]
      const signIn = (store: Stores['one'], from: number): Promise<string[]> =>
        store.begin(begin).run('signIn', { userId: 'alice', seed, from, to: from + 20, now, openedAt: now })
      const answers = (await Promise.all([signIn(one, 0), signIn(two, 20), signIn(three, 40)])).flat()
      assert.deepEqual(new Set(answers), new Set(['ok']))
      const ids = Array.from({ length: 60 }, (_, number) => numberedId(seed, number)).sort()
      for (const store of [one, two, three]) assert.deepEqual(await listed(store, 'alice'), ids)
    },

    'lists what is alive, and nothing else, when a process was killed while users came and went': async ({
      two,
      three,
      another,
    }) => {
      for (let round = 0; round < 3; round++) {
        const [seed, userId] = [newVersion(), `user ${round}`]
        const victim = await another()
        const [signedIn, signedOut] = [new Set<number>(), new Set<number>()]
        const living = victim.run('comeAndGo', { userId, seed, now }, (said) => {
          const life = said as Life
          if ('signedIn' in life) signedIn.add(life.signedIn)
          else signedOut.add(life.signedOut)
        })
        await Promise.race([living, until('something is acknowledged', () => signedIn.size > 5)])
        await pause(random(30))
        await victim.kill()
        await assert.rejects(living)
        // Some more than was heard of: the victim may not have come to say it.
        const ids = Array.from({ length: signedIn.size + 30 }, (_, number) => numberedId(seed, number))
        const whoLives = () => Promise.all(ids.map(async (id) => (await three.read(id, at(now)))?.userId !== undefined))
        const before = await whoLives()
        const found = new Set(await inTime('the list', listed(two, userId)))
        const after = await whoLives()
        for (const [number, id] of ids.entries()) {
          const isAlive = before[number]!
          // A server may have gone on with what the victim had sent.
          if (after[number] !== isAlive) continue
          assert.equal(found.has(id), isAlive, `no. ${number} is ${isAlive ? 'alive, and not' : 'dead, and'} listed`)
          if (signedOut.has(number)) assert.equal(isAlive, false, `no. ${number} has signed out`)
          if (signedIn.has(number) && number % 3 !== 0) assert.equal(isAlive, true, `no. ${number} is signed in`)
        }
        await inTime('sign out everywhere', endAll(two, userId))
        for (let number = 0; number < signedIn.size + 30; number++) {
          const record = await three.read(numberedId(seed, number), at(now))
          assert.equal(record?.userId, undefined, `no. ${number}, after the user’s sessions were ended`)
        }
        assert.deepEqual(await listed(three, userId), [])
      }
    },
  }),

  ...processCasesOf('I1, I2: sign out everywhere ends what is there, and what is under way', ['users'], {
    'leaves no session alive whose sign-in is under way in another process': async ({ one, two, three }) => {
      for (const [round, delay] of delays(10, 2_000).entries()) {
        const [userId, seed, begin] = [`user ${round}`, newVersion(), soon() + 2_000_000n]
        const task = { userId, seed, now, openedAt: now }
        const signingIn = [
          one.begin(begin).run('signIn', { ...task, from: 0, to: 6 }),
          three.begin(begin).run('signIn', { ...task, from: 6, to: 12 }),
        ]
        await two.begin(begin + delay).users.deleteByUser(userId, { ...at(now), notBefore: now + 1 })
        assert.deepEqual(await listed(two, userId), [], `when it resolves, round ${round}`)
        for (const answer of (await Promise.all(signingIn)).flat()) {
          assert.ok(answer === 'ok' || answer === 'revoked', `a sign-in is answered ${answer}`)
        }
        for (let number = 0; number < 12; number++) {
          const record = await two.read(numberedId(seed, number), at(now))
          assert.equal(record?.userId, undefined, `when all is answered, round ${round}, no. ${number}`)
        }
        assert.deepEqual(await listed(one, userId), [])
      }
    },

    'ends both of two sessions that end each other from two processes at once': async ({ one, two, three }) => {
      for (const [round, delay] of delays(10).entries()) {
        const userId = `user ${round}`
        const [mine, theirs, other] = [sessionOf(userId), sessionOf(userId), sessionOf(userId)] as const
        for (const record of [mine, theirs, other]) await stored(three, record)
        const begin = soon()
        const endOthers = async (store: Stores['one'], record: SessionRecord, moment: bigint): Promise<number> =>
          store.begin(moment).users.deleteByUser(userId, { ...at(now), notBefore: now + 1, except: record.id })
        await Promise.all([endOthers(one, mine, begin), endOthers(two, theirs, begin + delay)])
        const alive = await Promise.all([mine, theirs, other].map(({ id }) => three.read(id, at(now))))
        // As if one had come after the other: the second finds its own session ended.
        assert.deepEqual(
          alive.map((record) => record !== undefined),
          [false, false, false],
          `what is alive of the two and a third, round ${round}`,
        )
        assert.deepEqual(await listed(three, userId), [])
      }
    },

    'counts each session once when two processes end them at once': async ({ one, two, three }) => {
      for (let round = 0; round < 6; round++) {
        const userId = `user ${round}`
        await Promise.all(Array.from({ length: 10 }, () => stored(three, sessionOf(userId))))
        const begin = soon()
        const counts = await Promise.all([one, two].map((store) => endAll(store.begin(begin), userId)))
        assert.equal(counts[0]! + counts[1]!, 10)
        assert.deepEqual(await listed(three, userId), [])
      }
    },

    'is finished by the next call when a process was killed in the middle of it': async ({
      one,
      two,
      three,
      another,
    }) => {
      for (let round = 0; round < 3; round++) {
        const userId = `user ${round}`
        const records = await Promise.all(Array.from({ length: 50 }, () => stored(one, sessionOf(userId))))
        const victim = (await another()) as Stores['one']
        const ending = endAll(victim, userId).catch(() => 0)
        await pause(random(10))
        await victim.kill()
        await ending
        const alive = await Promise.all(records.map(async ({ id }) => ((await three.read(id, at(now))) ? [id] : [])))
        // Those that the list does not finish off, it shows.
        const found = await inTime('the list', idsOf(two.users.list(userId, at(now))))
        assert.deepEqual(
          found.filter((id) => !alive.flat().includes(id)),
          [],
          'the list has nothing dead',
        )
        await inTime('the next call', endAll(two, userId))
        for (const { id } of records) assert.equal(await three.read(id, at(now)), undefined)
        assert.deepEqual(await listed(one, userId), [])
        const late = await two.write(sessionOf(userId), undefined, at(now))
        assert.ok(!late.ok && late.reason === 'revoked', 'a sign-in from before is refused')
      }
    },
  }),

  ...processCasesOf('I4: a sign-in that arrived before “sign out everywhere” is refused', ['users'], {
    'refuses it in every process': async ({ one, two, three }) => {
      await endAll(one, 'alice')
      for (const store of [two, three, one]) {
        const late = await store.write(sessionOf('alice'), undefined, at(now))
        assert.ok(!late.ok && late.reason === 'revoked', 'a sign-in from before')
      }
      const later = await stored(two, sessionOf('alice', { openedAt: now + 1 }))
      assert.deepEqual(await listed(three, 'alice'), [later.id])
    },
  }),
]

async function endAll(store: Stores['one'], userId: string): Promise<number> {
  return store.users.deleteByUser(userId, { ...at(now), notBefore: now + 1 })
}
