import { randomBytes } from 'node:crypto'
import type { LockOptions, SessionId, SessionRecord, StoreOptions, Version } from '../../../core/store.ts'

export const now: number = Date.parse('2026-11-23T19:05:00Z')
export const minute = 60_000

export const options: StoreOptions = { now, signal: new AbortController().signal }
export const lease: LockOptions = { ...options, leaseMs: 30_000 }

export function at(time: number): StoreOptions {
  return { ...options, now: time }
}

export function newId(): SessionId {
  return randomBytes(32).toString('hex') as SessionId
}

export function newVersion(): Version {
  return randomBytes(16).toString('base64url') as Version
}

/** A session of half an hour that holds this number, and a filling by which half a record is told from a whole one. */
export function recordOf(number: number, fields: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: newId(),
    version: newVersion(),
    expiresAt: now + 30 * minute,
    lastSeenAt: now,
    body: new TextEncoder().encode(JSON.stringify({ number, filling: 'x'.repeat(number % 2000) })),
    ...fields,
  }
}

export function numberIn(record: SessionRecord | undefined): number {
  if (!record) throw new Error('no record')
  const { number, filling } = JSON.parse(new TextDecoder().decode(record.body))
  if (filling.length !== number % 2000) throw new Error('half a record')
  return number
}

export async function all(records: AsyncIterable<SessionRecord> | Iterable<SessionRecord>): Promise<SessionRecord[]> {
  const found: SessionRecord[] = []
  for await (const record of records) found.push(record)
  return found
}
