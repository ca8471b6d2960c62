import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import type { SessionId, SessionRecord, Store, StoreOptions } from '../../core/store.ts'
import { newVersion, nextState, sampleRecord } from '../store-cases/sample-record.ts'
import { patience } from './messages.ts'

/** Where a job is done. */
export interface Place {
  readonly store: Store
  /** Tells the parent of what has just been acknowledged, before anything else is done. */
  say(value: unknown): void
}

interface Timed {
  readonly now: number
  readonly forMs: number
}

/** From the grant of a lock to the call that lets go of it, by the clock that all processes share. */
export interface Turn {
  readonly from: bigint
  readonly to: bigint
}

/** A session's number, once each step of its life is acknowledged. */
export type Life = { readonly signedIn: number } | { readonly signedOut: number }

/** What a process can be told to do by itself. A function can't be sent to it; these names can. */
export interface Jobs {
  /** Adds one, by compare-and-set, and says each number; the record that a refusal shows is the next one's base. */
  count(place: Place, task: { id: SessionId; now: number; times: number }): Promise<void>
  /** Adds one, holding the lock, until both the times and the time are over. */
  countLocked(
    place: Place,
    task: Timed & { id: SessionId; times: number; leaseMs: number },
  ): Promise<{ turns: Turn[]; refused: number }>
  /** Sets keys of the session's data, one by one, and leaves the others as they are. */
  setKeys(place: Place, task: { id: SessionId; now: number; keys: readonly string[] }): Promise<void>
  /** Writes, from the current record on, until there is none. */
  writeUntilGone(place: Place, task: Timed & { id: SessionId }): Promise<'gone' | 'still there'>
  /** Touches, with later and later times. */
  touchOn(place: Place, task: Timed & { id: SessionId; expiresAt: number }): Promise<number>
  /** Writes bodies of all sizes, each of which repeats its version, from the current record on. */
  repeatVersions(place: Place, task: Timed & { id: SessionId; sizes: readonly number[] }): Promise<void>
  /** Reads all the time, and says what can't be: a body that is not of its version, a time that went back, no record. */
  watch(place: Place, task: Timed & { id: SessionId }): Promise<{ reads: number; faults: string[] }>
  /** Creates, writes and deletes other sessions. */
  churn(place: Place, task: Timed): Promise<void>
  /** Lists all the time, and says what can't be: one of these is missing or there twice. */
  listOn(place: Place, task: Timed & { ids: readonly SessionId[] }): Promise<{ lists: number; faults: string[] }>
  /** Cleans up, again and again, in small batches. */
  cleanOn(place: Place, task: Timed): Promise<void>
  /** Touches each of them shortly before it expires, and names those that are found alive after that. */
  keepAlive(
    place: Place,
    task: { ids: readonly SessionId[]; now: number; later: number; expiresAt: number },
  ): Promise<SessionId[]>
  /** Signs in with sessions of the numbers given, by a create or on an anonymous record, several at once. */
  signIn(
    place: Place,
    task: { userId: string; seed: string; from: number; to: number; now: number; openedAt: number },
  ): Promise<('ok' | 'revoked' | 'gone')[]>
  /** Signs in, again and again, and out with every third; says each step. */
  comeAndGo(place: Place, task: { userId: string; seed: string; now: number }): Promise<void>
}

export type JobName = keyof Jobs
export type Task<Name extends JobName> = Parameters<Jobs[Name]>[1]
export type Result<Name extends JobName> = Awaited<ReturnType<Jobs[Name]>>

export const jobs: Jobs = {
  async count({ store, say }, { id, now, times }) {
    let current = await store.read(id, at(now))
    for (let counted = 0; counted < times; ) {
      assert.ok(current, 'the record is there')
      const next = withText(current, String(Number(textOf(current)) + 1))
      const written = await store.write(next, current.version, at(now))
      current = written.ok ? next : written.current
      if (!written.ok) continue
      counted++
      say(Number(textOf(next)))
      if (counted % 4 === 0) await turn()
    }
  },

  async countLocked({ store }, { id, now, times, forMs, leaseMs }) {
    const end = performance.now() + forMs
    const turns: Turn[] = []
    let refused = 0
    while (turns.length < times || performance.now() < end) {
      const locked = await store.lockAndRead?.(id, { ...at(now), leaseMs })
      const from = process.hrtime.bigint()
      assert.ok(locked, 'the record is there')
      const { lock, record } = locked
      const next = withText(record, String(Number(textOf(record)) + 1))
      turns.push({ from, to: process.hrtime.bigint() })
      const written = await store.write(next, record.version, { ...at(now), unlock: lock })
      if (written.ok) continue
      refused++
      await lock.release()
    }
    return { turns, refused }
  },

  async setKeys({ store }, { id, now, keys }) {
    let current = await store.read(id, at(now))
    for (const key of keys) {
      for (;;) {
        assert.ok(current, 'the record is there')
        const next: SessionRecord = withText(current, JSON.stringify({ ...JSON.parse(textOf(current)), [key]: true }))
        const written = await store.write(next, current.version, at(now))
        current = written.ok ? next : written.current
        if (written.ok) break
      }
    }
  },

  async writeUntilGone({ store }, { id, now, forMs }) {
    let current = await store.read(id, at(now))
    for (const isOver = after(forMs); current; await turn()) {
      if (isOver()) return 'still there'
      const next = nextState(current)
      const written = await store.write(next, current.version, at(now))
      current = written.ok ? next : written.current
    }
    return 'gone'
  },

  async touchOn({ store }, { id, now, forMs, expiresAt }) {
    let touches = 0
    for (const isOver = after(forMs); !isOver(); await turn()) {
      touches++
      await store.touch(id, { expiresAt: expiresAt + touches, lastSeenAt: now + touches }, at(now))
    }
    return touches
  },

  async repeatVersions({ store }, { id, now, forMs, sizes }) {
    let current = await store.read(id, at(now))
    const isOver = after(forMs)
    for (let round = 0; current && !isOver(); round++) {
      const version = newVersion()
      const body = Buffer.from(version.repeat(sizes[round % sizes.length]!))
      const next: SessionRecord = { ...current, version, body }
      const written = await store.write(next, current.version, at(now))
      current = written.ok ? next : written.current
      await turn()
    }
  },

  async watch({ store }, { id, now, forMs }) {
    const faults: string[] = []
    let reads = 0
    let expiresAt = 0
    let lastSeenAt = 0
    for (const isOver = after(forMs); !isOver() && faults.length < 5; await turn()) {
      reads++
      const record = await store.read(id, at(now))
      if (!record) {
        faults.push(`read no. ${reads} finds no record`)
        continue
      }
      const text = textOf(record)
      const { version } = record
      if (text !== version.repeat(text.length / version.length || 0)) {
        faults.push(`read no. ${reads} finds ${text.length} bytes that are not those of its version`)
      }
      if (record.expiresAt < expiresAt) faults.push(`expiresAt goes back by ${expiresAt - record.expiresAt} ms`)
      if (record.lastSeenAt < lastSeenAt) faults.push(`lastSeenAt goes back by ${lastSeenAt - record.lastSeenAt} ms`)
      expiresAt = record.expiresAt
      lastSeenAt = record.lastSeenAt
    }
    return { reads, faults }
  },

  async churn({ store }, { now, forMs }) {
    for (const isOver = after(forMs); !isOver(); await turn()) {
      const record = sampleRecord()
      const next = nextState(record)
      await store.write(record, undefined, at(now))
      await store.write(next, record.version, at(now))
      await store.delete(record.id, at(now))
    }
  },

  async listOn({ store }, { now, forMs, ids }) {
    const faults: string[] = []
    let lists = 0
    for (const isOver = after(forMs); (lists < 2 || !isOver()) && faults.length < 5; await turn()) {
      lists++
      const seen = new Map<string, number>()
      for await (const { id } of store.list?.(at(now)) ?? []) seen.set(id, (seen.get(id) ?? 0) + 1)
      const missing = ids.filter((id) => !seen.has(id)).length
      const doubled = ids.filter((id) => seen.get(id)! > 1).length
      if (missing > 0) faults.push(`list no. ${lists} lacks ${missing} of ${ids.length}`)
      if (doubled > 0) faults.push(`list no. ${lists} has ${doubled} of ${ids.length} twice`)
    }
    return { lists, faults }
  },

  async cleanOn({ store }, { now, forMs }) {
    for (const isOver = after(forMs); !isOver(); await turn()) await store.deleteExpired?.({ ...at(now), batch: 5 })
  },

  async keepAlive({ store }, { ids, now, later, expiresAt }) {
    const kept: SessionId[] = []
    for (const id of ids) {
      await store.touch(id, { expiresAt, lastSeenAt: now }, at(now))
      if (await store.read(id, at(later))) kept.push(id)
      await turn()
    }
    return kept
  },

  signIn({ store }, { userId, seed, from, to, now, openedAt }) {
    const numbers = Array.from({ length: to - from }, (_, index) => from + index)
    return Promise.all(numbers.map(async (number) => signInOnce(store, seed, number, userId, now, openedAt)))
  },

  async comeAndGo({ store, say }, { userId, seed, now }) {
    let last = 0
    const lane = async (): Promise<void> => {
      for (;;) {
        const number = last++
        const answer = await signInOnce(store, seed, number, userId, now, now)
        assert.equal(answer, 'ok', `sign-in no. ${number}`)
        say({ signedIn: number } satisfies Life)
        if (number % 3 === 0) {
          await store.delete(numberedId(seed, number), at(now))
          say({ signedOut: number } satisfies Life)
        }
        await pause(1)
      }
    }
    await Promise.all(Array.from({ length: 6 }, lane))
  },
}

/** An id that another process can work out. */
export function numberedId(seed: string, number: number): SessionId {
  return createHash('sha256').update(`${seed} ${number}`).digest('hex') as SessionId
}

async function signInOnce(
  store: Store,
  seed: string,
  number: number,
  userId: string,
  now: number,
  openedAt: number,
): Promise<'ok' | 'revoked' | 'gone'> {
  const first = sampleRecord({ id: numberedId(seed, number) })
  const isCreate = number % 2 === 0
  if (!isCreate) await store.write(first, undefined, at(now))
  const signedIn: SessionRecord = { ...first, version: newVersion(), userId, openedAt }
  const written = await store.write(signedIn, isCreate ? undefined : first.version, at(now))
  return written.ok ? 'ok' : (written.reason ?? 'gone')
}

function at(now: number): StoreOptions {
  return { now, signal: AbortSignal.timeout(patience) }
}

function after(milliseconds: number): () => boolean {
  const end = performance.now() + milliseconds
  return () => performance.now() >= end
}

export function textOf({ body }: SessionRecord): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()
}

function withText(record: SessionRecord, text: string): SessionRecord {
  return { ...record, version: newVersion(), body: Buffer.from(text) }
}
