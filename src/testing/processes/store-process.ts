// The program of a process that holds stores open for others: `node store-process.js <module>`. It ends with its parent.
import { setImmediate as turn } from 'node:timers/promises'
import type { Lock, SessionId, SessionRecord, Store, StoreOptions, Version } from '../../core/store.ts'
import type { Capability } from '../store-cases/store-case.ts'
import { jobs } from './jobs.ts'
import { type About, type Answer, type Call, patience } from './messages.ts'

/** One store, and what is held of it for the parent. */
interface Opened {
  readonly store: Store
  readonly locks: Map<number, Lock>
  readonly stops: (() => void)[]
}

interface StoreModule {
  readonly default: (space: string) => Store | Promise<Store>
  readonly remove?: (space: string) => unknown
}

type Handler = (opened: Opened, values: never, say: (value: unknown) => void) => unknown

const capabilities: readonly Capability[] = ['lockAndRead', 'users', 'list', 'deleteExpired', 'subscribe']
let lockCount = 0

const calls: Readonly<Record<string, Handler>> = {
  about: ({ store }): About => ({
    durability: store.durability,
    offers: capabilities.filter((capability) => store[capability] !== undefined),
  }),
  read: ({ store }, [id, now]: readonly [SessionId, number]) => store.read(id, at(now)),
  write: (
    { store, locks },
    [record, expected, now, lock]: readonly [SessionRecord, Version | undefined, number, number | undefined],
  ) => store.write(record, expected, { ...at(now), ...(lock !== undefined && { unlock: locks.get(lock) }) }),
  touch: ({ store }, [id, times, now]: readonly [SessionId, { expiresAt: number; lastSeenAt: number }, number]) =>
    store.touch(id, times, at(now)),
  delete: ({ store }, [id, now]: readonly [SessionId, number]) => store.delete(id, at(now)),
  async lockAndRead({ store, locks }, [id, leaseMs, now]: readonly [SessionId, number, number]) {
    const locked = await store.lockAndRead?.(id, { ...at(now), leaseMs })
    if (!locked) return undefined
    locks.set(++lockCount, locked.lock)
    return { lock: lockCount, record: locked.record }
  },
  renew: ({ locks }, [lock, leaseMs]: readonly [number, number]) => locks.get(lock)?.renew(leaseMs),
  release: ({ locks }, [lock]: readonly [number]) => locks.get(lock)?.release(),
  list: async ({ store }, [now]: readonly [number]) => toArray(store.list?.(at(now))),
  listOfUser: async ({ store }, [userId, now]: readonly [string, number]) =>
    toArray(store.users?.list(userId, at(now))),
  deleteByUser: (
    { store },
    [userId, except, notBefore, now]: readonly [string, SessionId | undefined, number, number],
  ) => store.users?.deleteByUser(userId, { ...at(now), except, notBefore }),
  deleteExpired: ({ store }, [batch, now]: readonly [number, number]) => store.deleteExpired?.({ ...at(now), batch }),
  /** Never answered, so that there is always somewhere to tell. */
  subscribe({ store, stops }, _, say) {
    const stop = store.subscribe?.({ onEnd: (id) => say({ id }), onHearing: (hears) => say({ hears }) })
    if (stop) stops.push(stop)
    return new Promise(() => {})
  },
  unsubscribe({ stops }) {
    for (const stop of stops.splice(0)) stop()
  },
}

// Before anything is awaited: a parent that dies while the module loads is not told of twice.
process.on('disconnect', () => process.exit())
if (!process.connected) process.exit()

const { default: open, remove } = await load(process.argv[2] ?? '')
const spaces = new Map<string, Promise<Opened>>()

process.on('message', (call: Call) => void answer(call))
tell({ ready: true })

async function load(module: string): Promise<StoreModule> {
  try {
    const loaded: StoreModule = await import(module)
    if (typeof loaded.default !== 'function') throw new TypeError('its default export is to be a function')
    return loaded
  } catch (error) {
    tell({ failed: error instanceof Error ? `${error.stack}` : String(error) })
    throw error
  }
}

async function answer({ call, space, name, values, begin }: Call): Promise<void> {
  try {
    tell({ call, value: await handle(space, name, values, (said) => tell({ call, said }), begin) })
  } catch (error) {
    const { name, message, stack = '' } = error instanceof Error ? error : new Error(String(error))
    tell({ call, error: { name, message, stack } })
  }
}

async function handle(
  space: string,
  name: string,
  values: readonly unknown[],
  say: (value: unknown) => void,
  begin: bigint | undefined,
): Promise<unknown> {
  if (name === 'remove') return remove?.(space)
  if (name === 'close') return close(space)
  if (!spaces.has(space)) {
    spaces.set(
      space,
      Promise.resolve(open(space)).then((store) => ({ store, locks: new Map(), stops: [] })),
    )
  }
  const opened = await spaces.get(space)!
  // Not left to the event loop: processes that are to meet within microseconds look at the clock themselves.
  if (begin !== undefined) while (process.hrtime.bigint() < begin);
  const job = jobs[name as keyof typeof jobs] as ((...values: readonly unknown[]) => unknown) | undefined
  return job ? job({ store: opened.store, say }, ...values) : calls[name]?.(opened, values as never, say)
}

async function close(space: string): Promise<void> {
  const opened = await spaces.get(space)
  spaces.delete(space)
  for (const stop of opened?.stops ?? []) stop()
  await opened?.store.close?.()
}

function tell(answer: Answer): void {
  if (process.connected) process.send?.(answer)
}

function at(now: number): StoreOptions {
  return { now, signal: AbortSignal.timeout(patience) }
}

async function toArray(
  records: AsyncIterable<SessionRecord> | Iterable<SessionRecord> | undefined,
): Promise<SessionRecord[]> {
  const found: SessionRecord[] = []
  for await (const record of records ?? []) found.push(record)
  await turn()
  return found
}
