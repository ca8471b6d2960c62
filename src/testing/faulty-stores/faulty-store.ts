import type { SessionId, SessionRecord, Store, StoreOptions, UserIndex, Version } from '../../core/store.ts'
import { memoryStore } from '../../stores/memory.ts'

/** A store with one mistake that people make, and the cases that must find it. */
export interface FaultyStore {
  readonly mistake: string
  readonly foundBy: readonly string[]
  open(): Store
}

/** The store that the mistakes are made in. */
export type Sound = Required<Store> & { readonly users: UserIndex }

/** A memory store but for what the mistake changes. */
export function faulty(
  mistake: string,
  foundBy: readonly string[],
  change: (sound: Sound) => Partial<Store>,
): FaultyStore {
  return {
    mistake,
    foundBy,
    open() {
      const sound = memoryStore() as Sound
      return { ...sound, ...change(sound) }
    },
  }
}

/** The clock at which nothing has expired. */
export function ever<Options extends StoreOptions>(options: Options): Options {
  return { ...options, now: 0 }
}

/** Stores a record, whatever lies there. */
export async function put(sound: Sound, record: SessionRecord, options: StoreOptions): Promise<void> {
  await sound.delete(record.id, options)
  await sound.write(record, undefined, options)
}

export function blank(id: SessionId, { now }: StoreOptions): SessionRecord {
  return { id, version: 'blank' as Version, expiresAt: now + 60_000, lastSeenAt: now, body: new Uint8Array(0) }
}

export async function toArray(
  records: AsyncIterable<SessionRecord> | Iterable<SessionRecord>,
): Promise<SessionRecord[]> {
  const array: SessionRecord[] = []
  for await (const record of records) array.push(record)
  return array
}
