import type { SessionId, SessionRecord } from '../../core/store.ts'

/** True for what may become a key, a part of a path or a column. Anything else is no session. */
export function isSessionId(id: string): id is SessionId {
  return /^[0-9a-f]{64}$/.test(id)
}

/** Throws a TypeError for what no store can keep exactly. */
export function checkRecord({ id, version, expiresAt, lastSeenAt, openedAt = 0 }: SessionRecord): void {
  if (!isSessionId(id)) throw new TypeError('a session id has 64 lower-case hexadecimal digits')
  if (version === '') throw new TypeError('the record has an empty version')
  for (const time of [expiresAt, lastSeenAt, openedAt]) {
    if (!Number.isFinite(time)) throw new TypeError(`the record's times must be finite numbers, got ${time}`)
  }
}
