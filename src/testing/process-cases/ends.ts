import assert from 'node:assert/strict'
import type { SessionId } from '../../core/store.ts'
import { at, expiry, minute, nextState, now, sessionOf, stored } from '../store-cases/sample-record.ts'
import type { StoreWith } from '../store-cases/store-case.ts'
import { pause, until } from '../store-cases/waiting.ts'
import { type ProcessCase, processCasesOf } from './process-case.ts'

const guarantee = 'An end is heard of in every process'

export const ends: readonly ProcessCase[] = [
  ...processCasesOf(guarantee, ['subscribe'], {
    'within a second, when another process deletes a session; and of no session that lives': async ({
      one,
      two,
      three,
    }) => {
      const [gone, live] = [await stored(one), await stored(one)]
      const heard = await Promise.all([listen(two), listen(three)])
      await one.write(nextState(live), live.version, at(now))
      await one.touch(live.id, { expiresAt: expiry + minute, lastSeenAt: now + 1 }, at(now))
      await one.delete(gone.id, at(now))
      for (const { ids, stop } of heard) {
        await hears(ids, gone.id)
        assert.deepEqual([...ids], [gone.id])
        stop()
      }
    },

    'by nobody who has stopped listening': async ({ one, two, three }) => {
      const [gone, later] = [await stored(one), await stored(one)]
      const [stopping, listening] = [await listen(two), await listen(three)]
      stopping.stop()
      await pause(20)
      await one.delete(gone.id, at(now))
      await hears(listening.ids, gone.id)
      await one.delete(later.id, at(now))
      await hears(listening.ids, later.id)
      assert.deepEqual([...stopping.ids], [])
      listening.stop()
    },
  }),

  ...processCasesOf(guarantee, ['subscribe', 'users'], {
    'within a second, when another process ends all of a user’s sessions but one': async ({ one, two }) => {
      const gone = [await stored(one, sessionOf('alice')), await stored(one, sessionOf('alice'))]
      const [kept, other] = [await stored(one, sessionOf('alice')), await stored(one, sessionOf('bob'))]
      const { ids, stop } = await listen(two)
      await one.users.deleteByUser('alice', { ...at(now), notBefore: now + 1, except: kept.id })
      for (const { id } of gone) await hears(ids, id)
      assert.deepEqual([ids.has(kept.id), ids.has(other.id)], [false, false], 'of the sessions that live')
      stop()
    },
  }),
]

/** From the moment on that the store says it hears. */
async function listen(store: StoreWith<'subscribe'>): Promise<{ ids: Set<SessionId>; stop: () => void }> {
  const ids = new Set<SessionId>()
  let isHearing = false
  const onHearing = (hears: boolean): void => {
    isHearing = hears
  }
  const stop = store.subscribe({ onEnd: (id) => ids.add(id), onHearing })
  await until('the store says that it hears', () => isHearing)
  return { ids, stop }
}

async function hears(ids: ReadonlySet<SessionId>, id: SessionId): Promise<void> {
  await until('the end of a session is heard of', () => ids.has(id), 1_000)
}
