import { CorruptRecordError } from '../../core/errors.ts'
import type { SessionId, SessionRecord, Version } from '../../core/store.ts'

/*
 * A record is one string, a line of text and the body's bytes:
 *
 *   1 <expiresAt> <lastSeenAt> <version> <openedAt or -> <userId as JSON or ->\n<body>
 *
 * So a read is one GET, and a record of 500 bytes takes 760 of memory; a hash would be read as fast, but take 1,160. The times
 * are as wide as any number can be: a touch changes them in place (SETRANGE), and what goes to the append-only file is 49
 * bytes. The scripts read the line alone (GETRANGE).
 */
const maxLineBytes = 2_048

export function packRecord(record: SessionRecord): Buffer {
  const { version, expiresAt, lastSeenAt, openedAt, userId, body } = record
  if (!/^[\w-]{1,128}$/.test(version)) throw new TypeError('a version has 1 to 128 letters, digits, - or _')
  const line = `1 ${packTime(expiresAt)} ${packTime(lastSeenAt)} ${version} ${
    openedAt === undefined ? '-' : packTime(openedAt).trimEnd()
  } ${packUser(userId)}\n`
  const head = Buffer.from(line)
  if (head.byteLength > maxLineBytes) throw new RangeError('the user id is too long: 256 characters always fit')
  return Buffer.concat([head, body])
}

/** Throws `CorruptRecordError` for what `packRecord` can't have made. */
export function unpackRecord(id: SessionId, value: Buffer): SessionRecord {
  const end = value.indexOf(10)
  const fields = end < 0 || end > maxLineBytes ? null : lineFormat.exec(value.toString('utf8', 0, end))
  const [, expiresAt, lastSeenAt, version, openedAt, user] = fields ?? []
  const record = {
    id,
    version: version as Version,
    expiresAt: Number(expiresAt),
    lastSeenAt: Number(lastSeenAt),
    ...(user !== '-' && { userId: unpackUser(user) }),
    ...(openedAt !== '-' && { openedAt: Number(openedAt) }),
    body: value.subarray(end + 1),
  }
  const { userId } = record
  const areTimes = [record.expiresAt, record.lastSeenAt, record.openedAt ?? 0].every(Number.isFinite)
  if (!fields || !areTimes || (userId === undefined && user !== '-')) {
    throw new CorruptRecordError(`what Redis holds for session ${id.slice(0, 8)}… is no record`)
  }
  return record as SessionRecord
}

const lineFormat = /^1 ([-+.e\d]+) +([-+.e\d]+) +([\w-]+) ([-+.e\d]+|-) (-|".*")$/

/** As wide as any number can be. */
export function packTime(time: number): string {
  if (!Number.isFinite(time)) throw new TypeError(`the record’s times must be finite numbers, got ${time}`)
  return String(time).padEnd(24)
}

/** Clocks of several servers differ: Redis cleans a record up this long after its end by the clock of the one who wrote it. */
const slackMs = 5 * 60_000

/** By how much of the writer's time is left, so that the clock of Redis does not matter. */
export function timeToLive(expiresAt: number, now: number): string {
  return String(Math.max(0, Math.ceil(expiresAt - now)) + slackMs)
}

export function packUser(userId: string | undefined): string {
  return userId === undefined ? '-' : JSON.stringify(userId)
}

export function unpackUser(text: string | undefined): string | undefined {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
