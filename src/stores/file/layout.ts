import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import type { SessionId } from '../../core/store.ts'
import { isSessionId } from '../shared/record-checks.ts'

/**
 * Where everything lies:
 * ```
 * records/9f/sess_9f86d0…              one session; beside it, only while needed:
 *            sess_9f86d0….next/          its slot: the change that is under way
 *            sess_9f86d0….lock/          who holds its lock
 *            sess_9f86d0….queue/         who waits for the lock, the first to come first
 * users/6b/6b86b2….sessions/sess_…     a user's sessions: empty files in a directory named by the SHA-256 of the user's id
 *          6b86b2…                       the user's last "sign out everywhere", once there was one
 * expiry/2026-11-23/19-05/…            when to look whether a session has expired, by day and minute (UTC)
 * tmp/                                 changes being prepared
 * ```
 */
export interface Layout {
  readonly root: string
  readonly records: string
  readonly users: string
  readonly expiry: string
  readonly preparation: string
}

export function layoutOf(root: string): Layout {
  return {
    root,
    records: `${root}/records`,
    users: `${root}/users`,
    expiry: `${root}/expiry`,
    preparation: `${root}/tmp`,
  }
}

export function recordPath(layout: Layout, id: SessionId): string {
  return `${layout.records}/${id.slice(0, 2)}/sess_${id}`
}

/** As `recordPath`. Throws for what is not a session id. */
export function pathOf(layout: Layout, id: SessionId): string {
  if (!isSessionId(id)) throw new TypeError('a session id has 64 lower-case hexadecimal digits')
  return recordPath(layout, id)
}

export function userPath(layout: Layout, userId: string): string {
  const name = createHash('sha256').update(userId).digest('hex')
  return `${layout.users}/${name.slice(0, 2)}/${name}`
}

/** The session that a file's name speaks of, if it does. */
export function idFromName(name: string): SessionId | undefined {
  const id = name.startsWith('sess_') ? name.slice(5) : ''
  return isSessionId(id) ? id : undefined
}

/** The directories to bring to the disk for a new file to be there: its own, and those above that may be new too. */
export function parentsOf(path: string): string[] {
  const parent = dirname(path)
  return [parent, dirname(parent), dirname(dirname(parent))]
}
