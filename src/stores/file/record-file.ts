import { CorruptRecordError } from '../../core/errors.ts'
import type { SessionId, SessionRecord, Version } from '../../core/store.ts'
import { checkRecord } from '../shared/record-checks.ts'

/**
 * A record as a file: one line of JSON that the store needs, then the body as it is.
 * ```
 * {"coatcheck":1,"id":"9f86d0…","version":"…","expiresAt":1795460700000,"lastSeenAt":1795458900000,"userId":"1","bytes":31}
 * {"user_id":1,"username":"alice"}
 * ```
 * `bytes` is the body's length, so that a truncated file is told from a whole one; `id`, so that a copy under another name is.
 */
export function encodeRecord(record: SessionRecord): Uint8Array {
  const { id, version, expiresAt, lastSeenAt, userId, openedAt, body } = record
  checkRecord(record)
  const header = { coatcheck: 1, id, version, expiresAt, lastSeenAt, userId, openedAt, bytes: body.byteLength }
  const line = Buffer.from(`${JSON.stringify(header)}\n`)
  const file = Buffer.allocUnsafe(line.byteLength + body.byteLength)
  file.set(line)
  file.set(body, line.byteLength)
  return file
}

/** Throws `CorruptRecordError` for anything that `encodeRecord` did not write, whole, for this id. */
export function decodeRecord(id: SessionId, file: Uint8Array): SessionRecord {
  const end = file.indexOf(NEW_LINE)
  if (end < 0) throw new CorruptRecordError(file.length === 0 ? 'empty' : 'no header line')
  const header = parse(Buffer.from(file.buffer, file.byteOffset, end).toString())
  const { coatcheck, version, expiresAt, lastSeenAt, userId, openedAt, bytes } = header
  if (coatcheck !== 1) throw new CorruptRecordError('not a record of this format')
  if (header.id !== id) throw new CorruptRecordError('the record of another session')
  const body = file.subarray(end + 1)
  if (bytes !== body.byteLength) throw new CorruptRecordError(`${body.byteLength} bytes of ${String(bytes)}`)
  if (
    typeof version !== 'string' ||
    version === '' ||
    !Number.isFinite(expiresAt) ||
    !Number.isFinite(lastSeenAt) ||
    (userId !== undefined && typeof userId !== 'string') ||
    (openedAt !== undefined && !Number.isFinite(openedAt))
  ) {
    throw new CorruptRecordError('a header line with fields missing or of another type')
  }
  return {
    id,
    version: version as Version,
    expiresAt: expiresAt as number,
    lastSeenAt: lastSeenAt as number,
    ...(userId !== undefined && { userId }),
    ...(openedAt !== undefined && { openedAt: openedAt as number }),
    body,
  }
}

const NEW_LINE = 0x0a

function parse(line: string): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(line)
    if (typeof header === 'object' && header !== null) return header as Record<string, unknown>
  } catch (error) {
    throw new CorruptRecordError('a header line that is not JSON', { cause: error })
  }
  throw new CorruptRecordError('a header line that is not an object')
}
