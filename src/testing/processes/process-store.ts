import type { Lock, SessionId, SessionRecord, Store, StoreOptions } from '../../core/store.ts'
import { heeded } from '../store-cases/waiting.ts'
import type { Connection } from './connection.ts'
import type { JobName, Result, Task } from './jobs.ts'
import type { About } from './messages.ts'

/** A store that another process holds open. Each call is made there. */
export interface ProcessStore extends Store {
  /** The same store; its calls begin at that moment, to the microsecond. */
  begin(moment: bigint): this
  /** Does something there that takes many calls, and so leaves no time for messages in between. */
  run<Name extends JobName>(name: Name, task: Task<Name>, said?: (value: unknown) => void): Promise<Result<Name>>
  /** SIGKILL. Resolves when the process is gone. */
  kill(): Promise<void>
}

/** A moment that calls can agree on: soon, but not before all of the messages have arrived. */
export function soon(): bigint {
  return process.hrtime.bigint() + 1_500_000n
}

export function processStore(connection: Connection, space: string, about: About, begin?: bigint): ProcessStore {
  const ask = <T>(name: string, ...values: readonly unknown[]): Promise<T> =>
    connection.ask({ space, name, values, begin }) as Promise<T>
  const askList = async function* (name: string, ...values: readonly unknown[]): AsyncGenerator<SessionRecord> {
    yield* await ask<SessionRecord[]>(name, ...values)
  }

  const granted = async (id: SessionId, leaseMs: number, now: number) => {
    const locked = await ask<{ lock: number; record: SessionRecord } | undefined>('lockAndRead', id, leaseMs, now)
    if (!locked) return undefined
    const lock: Lock = {
      renew: (leaseMs) => ask('renew', locked.lock, leaseMs),
      release: () => ask('release', locked.lock),
    }
    lockNumbers.set(lock, locked.lock)
    return { lock, record: locked.record }
  }

  const all = {
    lockAndRead: (id, { leaseMs, now }) => heeded(granted(id, leaseMs, now)),
    users: {
      list: (userId, { now }) => askList('listOfUser', userId, now),
      deleteByUser: (userId, { except, notBefore, now }) => ask('deleteByUser', userId, except, notBefore, now),
    },
    list: ({ now }: StoreOptions) => askList('list', now),
    deleteExpired: ({ batch, now }) => ask('deleteExpired', batch, now),
    subscribe(listener) {
      const said = (value: unknown): void => {
        const { id, hears } = value as { id?: SessionId; hears?: boolean }
        if (id !== undefined) listener.onEnd(id)
        if (hears !== undefined) listener.onHearing(hears)
      }
      connection.ask({ space, name: 'subscribe', values: [], said })
      return () => void ask('unsubscribe')
    },
  } satisfies Partial<Store>
  const offered = Object.fromEntries(about.offers.map((capability) => [capability, all[capability]]))

  return {
    durability: about.durability,
    read: (id, { now }) => ask('read', id, now),
    write: (record, expected, { now, unlock }) =>
      ask('write', record, expected, now, unlock && lockNumbers.get(unlock)),
    touch: (id, times, { now }) => ask('touch', id, times, now),
    delete: (id, { now }) => ask('delete', id, now),
    ...offered,
    begin: (moment) => processStore(connection, space, about, moment),
    run: (name, task, said) => connection.ask({ space, name, values: [task], begin, said }) as never,
    kill: () => connection.end(),
  }
}

const lockNumbers = new WeakMap<Lock, number>()
