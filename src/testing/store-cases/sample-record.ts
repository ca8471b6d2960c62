import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { SessionId, SessionRecord, Store, StoreOptions, Version, Written } from '../../core/store.ts'

/**
 * The time at which the cases begin: the next full minute. Not a date of the past, as engines that clean up by a clock of
 * their own, Redis for one, would remove the records at once.
 */
export const now: number = Math.ceil(Date.now() / 60_000) * 60_000

export const second = 1_000
export const minute = 60_000

/** How long the sample records live. Long, for stores that hand their engine a time to live. */
export const idle: number = 30 * minute

/** The moment from which on a sample record is absent. */
export const expiry: number = now + idle

/** What a call at that time is told. */
export function at(time: number): StoreOptions {
  return { now: time, signal: new AbortController().signal }
}

export function newId(): SessionId {
  return randomBytes(32).toString('hex') as SessionId
}

export function newVersion(): Version {
  return randomBytes(16).toString('base64url') as Version
}

/** An anonymous session of half an hour. */
export function sampleRecord(fields: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id: newId(),
    version: newVersion(),
    expiresAt: expiry,
    lastSeenAt: now,
    body: Buffer.from('{"cart":["hat"]}'),
    ...fields,
  }
}

/** A session of this user, whose sign-in has just arrived. */
export function sessionOf(userId: string, fields: Partial<SessionRecord> = {}): SessionRecord {
  return sampleRecord({ userId, openedAt: now, ...fields })
}

/** The state that a writer who has read this record stores next. */
export function nextState(record: SessionRecord, fields: Partial<SessionRecord> = {}): SessionRecord {
  const version = newVersion()
  return { ...record, version, body: Buffer.from(`{"state":"${version}"}`), ...fields }
}

/** Stores a new session, and returns it. */
export async function stored(store: Store, record: SessionRecord = sampleRecord()): Promise<SessionRecord> {
  assertOk(await store.write(record, undefined, at(now)), 'a new session is stored')
  return record
}

export function assertOk(written: Written, what: string): void {
  assert.deepEqual(written.ok ? { ok: true } : written, { ok: true }, what)
}

/** Refused, with this record as the current one; undefined: with none. */
export function assertRefused(written: Written, current: SessionRecord | undefined, reason?: 'revoked'): void {
  assert.equal(written.ok, false, 'the write is refused')
  assert.equal(written.ok ? undefined : written.reason, reason, 'the reason of the refusal')
  assertSame(written.ok ? undefined : written.current, current)
}

/** Every field counts, and none may be added. A field that is undefined is absent. */
export function assertSame(actual: SessionRecord | undefined, expected: SessionRecord | undefined): void {
  if (!actual || !expected) {
    assert.equal(actual && plain(actual), expected && plain(expected))
    return
  }
  // Compared by itself first: the difference between two megabytes is no message.
  if (!Buffer.from(actual.body).equals(expected.body)) {
    const shown = (body: Uint8Array): string =>
      `${body.byteLength} bytes: ${Buffer.from(body).toString('latin1', 0, 80)}`
    assert.equal(shown(actual.body), shown(expected.body))
    assert.fail(`two bodies of ${actual.body.byteLength} bytes differ`)
  }
  assert.deepEqual(plain(actual), plain(expected))
}

function plain({ body, ...fields }: SessionRecord): Record<string, unknown> {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(present), bytes: body.byteLength }
}

/** The ids of listed records, sorted, as a list has no order. An id that is listed twice is there twice. */
export async function idsOf(records: AsyncIterable<SessionRecord> | Iterable<SessionRecord>): Promise<SessionId[]> {
  const ids: SessionId[] = []
  for await (const { id } of records) ids.push(id)
  return ids.sort()
}

export function sortedIds(...records: readonly SessionRecord[]): SessionId[] {
  return records.map(({ id }) => id).sort()
}
