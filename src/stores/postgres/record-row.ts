import type { SessionId, SessionRecord, Version } from '../../core/store.ts'
import type { Row } from './pool.ts'

export function idToBytes(id: SessionId): Buffer {
  return Buffer.from(id, 'hex')
}

/** As bytes: PostgreSQL's text has no U+0000, and its order of text changes with the system's library. */
export function userToBytes(userId: string): Buffer {
  return Buffer.from(userId)
}

export function bodyToBytes({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** Whatever the caller's pg makes of an int8: a string, a number or a bigint. */
export function toRecord(row: Row): SessionRecord {
  return {
    id: bytesOf(row.id).toString('hex') as SessionId,
    version: String(row.version) as Version,
    expiresAt: Number(row.expires_at),
    lastSeenAt: Number(row.last_seen_at),
    ...(row.user_id !== null && { userId: bytesOf(row.user_id).toString() }),
    ...(row.opened_at !== null && { openedAt: Number(row.opened_at) }),
    body: bytesOf(row.body),
  }
}

function bytesOf(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value
  throw new TypeError('postgresStore needs bytea as Buffer, and a type parser of this pg makes something else of it')
}
