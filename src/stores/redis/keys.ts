import { randomBytes } from 'node:crypto'
import type { SessionId } from '../../core/store.ts'
import { isSessionId } from '../shared/record-checks.ts'

/** Where things lie. What is in braces chooses a cluster's slot, so a record and the queue for it lie in the same one. */
export interface Keys {
  record(id: SessionId): string
  queue(id: SessionId): string
  user(userId: string): string
  /** Matches all records and nothing else. */
  readonly recordPattern: string
  idOf(recordKey: string): SessionId | undefined
  /** The channel on which ended sessions are told. */
  readonly ended: string
  /** With the part before a token's dot it is the channel on which that process is told that it is its turn. */
  readonly turns: string
}

export function keysOf(prefix: string): Keys {
  return {
    record: (id) => `${prefix}{${id}}`,
    queue: (id) => `${prefix}{${id}}:queue`,
    user: (userId) => `${prefix}user:${userId}`,
    recordPattern: `${prefix.replace(/[\\*?[\]]/g, '\\$&')}{*}`,
    idOf(recordKey) {
      const id = recordKey.slice(prefix.length + 1, -1)
      return isSessionId(id) ? id : undefined
    },
    ended: `${prefix}ended`,
    turns: `${prefix}turn:`,
  }
}

/** Never the same name twice, in any process. */
export function randomName(): string {
  return randomBytes(12).toString('base64url')
}
