import type { SessionId, SessionRecord, Store } from 'coatcheck'
import { memoryStore } from 'coatcheck/stores/memory'
import { kinds, type RequestKind } from './request-kinds.ts'
import type { StageName } from './stages.ts'
import type { Faults, Scenario } from './world.ts'

/** A store, or a handler, with one mistake, and the requests whose races show it. */
export interface Mistake {
  readonly name: string
  /** What the explorer must find broken. */
  readonly breaks: string
  readonly stage: StageName
  readonly requests: readonly RequestKind[]
  readonly faults?: Faults
  readonly settings?: Scenario['settings']
  readonly openStore: () => Store
}

type Sound = Required<Store>

const changed = (change: (sound: Sound) => Partial<Store>) => (): Store => {
  const sound = memoryStore() as Sound
  return { ...sound, ...change(sound) }
}

const { look, write, exclusiveIncrement, destroy, sharedSignIn, signInElsewhere, revokeAll, save } = kinds

const takingNoTurn: RequestKind = { ...exclusiveIncrement, name: 'n++ without a turn', mode: 'shared' }

export const mistakes: readonly Mistake[] = [
  {
    name: 'a store that stores whatever comes',
    breaks: 'G2 kept',
    stage: 'anonymous',
    requests: [write, write],
    openStore: changed((sound) => ({
      write(record, _, options) {
        sound.delete(record.id, options)
        return sound.write(record, undefined, options)
      },
    })),
  },
  {
    name: 'a store that creates what it should refuse',
    breaks: 'G1 ended',
    stage: 'anonymous',
    requests: [write, destroy],
    openStore: changed((sound) => ({
      async write(record, expected, options) {
        const written = await sound.write(record, expected, options)
        return written.ok || written.current ? written : sound.write(record, undefined, options)
      },
    })),
  },
  {
    name: 'a store whose touch creates',
    breaks: 'G1 ended',
    stage: 'anonymous',
    requests: [look, destroy],
    openStore: changed((sound) => {
      const seen = new Map<SessionId, SessionRecord>()
      return {
        write(record, expected, options) {
          seen.set(record.id, record)
          return sound.write(record, expected, options)
        },
        touch: (id, times, options) => void sound.write({ ...seen.get(id)!, ...times }, undefined, options),
      }
    }),
  },
  {
    name: 'a store that deletes late',
    breaks: 'G1 ended',
    stage: 'signed in',
    requests: [destroy, look],
    openStore: changed((sound) => {
      const doomed: SessionId[] = []
      return {
        delete: (id) => void doomed.push(id),
        touch(id, times, options) {
          for (const each of doomed.splice(0)) sound.delete(each, options)
          return sound.touch(id, times, options)
        },
      }
    }),
  },
  {
    name: 'a store that writes over what has expired',
    breaks: 'G1 expired',
    stage: 'anonymous',
    requests: [save],
    faults: { clock: [1_860_000] },
    openStore: changed((sound) => ({
      write: (record, expected, { now: _, ...options }) => sound.write(record, expected, { ...options, now: 0 }),
    })),
  },
  {
    name: 'a store whose touch moves the times back',
    breaks: 'G1 touch',
    stage: 'anonymous',
    requests: [look, look],
    faults: { clock: [120_000] },
    openStore: changed((sound) => ({
      async touch(id, times, options) {
        const record = await sound.read(id, options)
        if (!record) return
        sound.delete(id, options)
        await sound.write({ ...record, ...times }, undefined, options)
      },
    })),
  },
  {
    name: 'a store that refuses the same write again',
    breaks: 'G9 errors',
    stage: 'anonymous',
    requests: [write, look],
    faults: { losses: 1 },
    openStore: changed((sound) => ({
      async write(record, expected, options) {
        const current = await sound.read(record.id, options)
        return current?.version === record.version ? { ok: false, current } : sound.write(record, expected, options)
      },
    })),
  },
  {
    name: 'a store whose lock lets everybody in',
    breaks: 'G3 turns',
    stage: 'anonymous',
    requests: [exclusiveIncrement, exclusiveIncrement],
    openStore: changed((sound) => ({
      async lockAndRead(id, options) {
        const record = await sound.read(id, options)
        return record && { record, lock: { renew: () => true, release() {} } }
      },
    })),
  },
  {
    name: 'a store whose lock prefers the last one',
    breaks: 'G3 fair',
    stage: 'anonymous',
    requests: [exclusiveIncrement, exclusiveIncrement, exclusiveIncrement],
    openStore: changed(lastFirst),
  },
  {
    name: 'a store whose write forgets to unlock',
    breaks: 'G9 hangs',
    stage: 'anonymous',
    requests: [exclusiveIncrement, exclusiveIncrement],
    openStore: changed((sound) => ({
      write: (record, expected, { now, signal }) => sound.write(record, expected, { now, signal }),
    })),
  },
  {
    name: 'a store whose index forgets a sign-in on a session that was there',
    breaks: 'G11 listed',
    stage: 'anonymous',
    requests: [sharedSignIn, look],
    openStore: changed((sound) => {
      const forgotten = new Set<SessionId>()
      return {
        write(record, expected, options) {
          if (record.userId !== undefined && expected !== undefined) forgotten.add(record.id)
          return sound.write(record, expected, options)
        },
        users: {
          ...sound.users,
          *list(userId, options) {
            for (const record of sound.users.list(userId, options) as Iterable<SessionRecord>) {
              if (!forgotten.has(record.id)) yield record
            }
          },
        },
      }
    }),
  },
  {
    name: 'a store that ignores `notBefore`',
    breaks: 'G11 revoked',
    stage: 'anonymous',
    requests: [sharedSignIn, revokeAll],
    openStore: changed((sound) => ({
      users: {
        ...sound.users,
        deleteByUser: (userId, options) => sound.users.deleteByUser(userId, { ...options, notBefore: 0 }),
      },
    })),
  },
  {
    name: 'a store whose list lags behind the sign-ins',
    breaks: 'G11 limit',
    stage: 'anonymous',
    requests: [sharedSignIn, signInElsewhere],
    settings: { sessionsPerUser: { max: 1 } },
    openStore: changed((sound) => ({ users: { ...sound.users, list: () => [] } })),
  },
  {
    name: 'a store that takes every sign-in for one that arrived just now',
    breaks: 'G11 begun',
    stage: 'half signed in',
    requests: [kinds.completeSignInLater, revokeAll],
    openStore: changed((sound) => ({
      write: (record, expected, options) =>
        sound.write(
          { ...record, ...(record.openedAt !== undefined && { openedAt: options.now + 1_000 }) },
          expected,
          options,
        ),
    })),
  },
  {
    name: 'a store that lets a record go from one user to another',
    breaks: 'G11 user',
    stage: 'signed in',
    requests: [write, look],
    openStore: changed((sound) => ({
      write(record, expected, options) {
        if (expected === undefined) return sound.write(record, expected, options)
        sound.delete(record.id, options)
        return sound.write({ ...record, userId: 'eve' }, undefined, options)
      },
    })),
  },
  {
    name: 'a store that answers before it has stored',
    breaks: 'G2 kept',
    stage: 'anonymous',
    requests: [write, look],
    openStore: changed((sound) => ({
      write: (record, expected, options) =>
        expected === undefined ? sound.write(record, expected, options) : { ok: true },
    })),
  },
  {
    name: 'a handler that counts without a turn',
    breaks: 'G3 exact',
    stage: 'anonymous',
    requests: [takingNoTurn, takingNoTurn],
    openStore: memoryStore,
  },
]

function lastFirst(sound: Sound): Partial<Store> {
  const waiting = new Map<SessionId, (() => void)[]>()
  return {
    async lockAndRead(id, options) {
      const queue = waiting.get(id)
      if (queue) await new Promise<void>((resolve) => queue.push(resolve))
      else waiting.set(id, [])
      const record = await sound.read(id, options)
      const release = (): void => {
        const next = waiting.get(id)?.pop()
        if (next) next()
        else waiting.delete(id)
      }
      return record && { record, lock: { renew: () => true, release } }
    },
    write(record, expected, { unlock, ...options }) {
      const written = sound.write(record, expected, options)
      unlock?.release()
      return written
    },
  }
}
