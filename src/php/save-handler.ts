/**
 * Where PHP keeps sessions, and how it locks them: what PHP calls a save handler. A value is whole and opaque bytes here, and
 * whoever has a session open has it alone, PHP included.
 */
export interface SaveHandler {
  /** As `session_module_name()` says it: `files` or `redis`. */
  readonly name: string
  /** As `session.save_path` says it. */
  readonly savePath: string
  /**
   * Waits for the lock, first come, first served within this process, then reads. A session that isn't there, or has expired, is empty.
   *
   * Throws `ERR_SESSION_BUSY` when the lock isn't free in time, `ERR_STORE_UNAVAILABLE` when the engine fails, the signal's
   * reason when it is aborted, and `IllegalSessionIdError` for an id that nothing may be kept under. Then nothing stays locked.
   */
  open(id: string, options?: OpenOptions): Promise<OpenSession>
  /** Whether there is such a session, for strict mode: not when it has expired, nor under an illegal id. Takes no lock. */
  exists(id: string): Promise<boolean>
  /** As `session_gc()`: deletes what has expired and is not in use. How many those were, or false where it can't be told or isn't needed. */
  collectGarbage(): Promise<number | false>
}

/** What `open` is told besides. */
export interface OpenOptions {
  /** Ends the wait for the lock. */
  readonly signal?: AbortSignal | undefined
}

/** One session under its lock. Whoever has it must `close` it, whatever happened, or `destroy` it. */
export interface OpenSession {
  /** What was read. Stays as it is when something is written. */
  readonly bytes: Uint8Array
  /**
   * Replaces the whole value; the lock stays. Throws `ERR_SESSION_GONE` when the session was deleted from outside in the meantime,
   * `ERR_SESSION_CONFLICT` when the lock was lost, and `ERR_STORE_UNAVAILABLE`. What it throws for is not stored.
   */
  write(bytes: Uint8Array): Promise<void>
  /** Lets the session live on as if it had been written; does nothing to one that is gone. */
  touch(): Promise<void>
  /** Deletes it, and only then releases the lock: whoever waits for it finds an empty session. */
  destroy(): Promise<void>
  /** Releases the lock. Twice is harmless, and so is after `destroy`; nothing else works any more then. Never throws. */
  close(): Promise<void>
}

/** No session can be kept under this id: it is a visitor's own choice, so it is no failure of the server's. */
export class IllegalSessionIdError extends TypeError {
  override readonly name = 'IllegalSessionIdError'
}

/** Up to 256 of the characters that PHP makes ids of. No other id becomes part of a file's name or a key. */
export function isLegalSessionId(id: string): boolean {
  return /^[A-Za-z0-9,-]{1,256}$/.test(id)
}
