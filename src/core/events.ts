import { type Channel, channel } from 'node:diagnostics_channel'

/**
 * What an operator can watch, as messages on `node:diagnostics_channel`, one channel per name: `coatcheck:created` and so on.
 * No message holds a secret, a ticket or a session's data.
 */
export interface SessionEvents {
  /** A record was stored for a visitor who had none. */
  created: { handle: string; userId?: string | undefined }
  /** The cookie was replaced: by the clock, or because the privilege changed, which killed the old one at once. */
  rotated: { handle: string; userId?: string | undefined; reason: 'periodic' | 'privilege' }
  /** A record was deleted: by its visitor; by someone else; because its replaced cookie was used again; because the user has too many. */
  ended: { handle: string; userId?: string | undefined; reason: 'destroyed' | 'revoked' | 'reuse' | 'limit' }
  /** Decisions that could not be kept, as the answer had to stand without them. */
  discarded: { handle?: string | undefined; reason: 'client-gone' | 'handler-failed' | 'keep-failed' | 'superseded' }
  /** The same keys were changed by two requests at once; the later one was stored. */
  conflict: { handle: string; keys: readonly string[] }
  /** A cookie that opened nothing. */
  rejected: {
    handle?: string | undefined
    reason: 'doubled' | 'malformed' | 'unknown' | 'expired' | 'wrong-secret' | 'spent' | 'corrupt' | 'newer'
  }
  /** A guard, named so, has refused a request. `code` is the error's; the message beside it may say why. */
  refused: { guard: string; handle?: string | undefined; code: string | undefined; message: string }
  /** An old cookie was used after its successor was in use and the grace was over: one of the two holders is not the visitor. */
  suspicious: { handle: string; userId?: string | undefined }
  /**
   * An exclusive request waits for those of its session before it; has its turn, after `waited` milliseconds in this process's own
   * queue; and then either has `left`, or had `given-up` before its turn came.
   */
  turn: { handle: string } & (
    | { state: 'waiting' }
    | { state: 'holding'; waited: number }
    | { state: 'left' }
    | { state: 'given-up' }
  )
  /** A call to the store came back. */
  store: {
    operation: 'read' | 'write' | 'touch' | 'delete' | 'lockAndRead' | 'list' | 'deleteByUser' | 'deleteExpired'
    handle?: string | undefined
    outcome: 'ok' | 'absent' | 'refused' | 'failed' | 'timed-out'
    /** Milliseconds. */
    duration: number
    error?: unknown
  }
  /**
   * The store has stopped answering, so that it is not asked for the moment and every call fails at once; it is being tried; it is
   * back. Durations in milliseconds.
   */
  availability:
    | { state: 'unavailable'; failures: number; pause: number; error: unknown }
    | { state: 'probing' }
    | { state: 'available'; duration: number }
}

const channels = Object.fromEntries(
  [
    'created',
    'rotated',
    'ended',
    'discarded',
    'conflict',
    'rejected',
    'refused',
    'suspicious',
    'turn',
    'store',
    'availability',
  ].map((name) => [name, channel(`coatcheck:${name}`)]),
) as Record<keyof SessionEvents, Channel>

export function isWatched(name: keyof SessionEvents): boolean {
  return channels[name].hasSubscribers
}

export function publish<Name extends keyof SessionEvents>(name: Name, message: SessionEvents[Name]): void {
  if (channels[name].hasSubscribers) channels[name].publish(message)
}
