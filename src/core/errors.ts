/** Every code an application may meet. The text of each is stable; the message beside it is for people. */
export type SessionErrorCode = keyof typeof statusOf

/** The HTTP status that an adapter answers with, unless the application handles the error itself. */
const statusOf = {
  /** Another exclusive request changed the session in the meantime. Trying again is safe. */
  ERR_SESSION_CONFLICT: 409,
  /** The session was destroyed, revoked or expired while this request was changing it. */
  ERR_SESSION_GONE: 409,
  /** Someone signed in, or the privilege changed otherwise, while this request was changing the session as it was before. */
  ERR_SESSION_SUPERSEDED: 409,
  /** The user's sessions were ended ("sign out everywhere") while this sign-in was under way. */
  ERR_SESSION_REVOKED: 409,
  /** The user has as many sessions as `sessionsPerUser` allows, and this sign-in would be one more. */
  ERR_SESSION_LIMIT: 409,
  /** Nobody is signed in, or has proved who they are recently enough: ask for the password again, then `signIn`. */
  ERR_REAUTHENTICATION_REQUIRED: 403,
  /** The request comes from another site, or can't be told from one that does (CSRF). */
  ERR_CROSS_SITE_REQUEST: 403,
  /** A newer version of the library has stored the session, and this request would change it: while servers are being replaced. Trying again is safe. */
  ERR_SESSION_NEWER: 503,
  /** An exclusive request waited longer than `lock.wait` for its turn. */
  ERR_SESSION_BUSY: 503,
  /** The store failed or did not answer in time. Nothing is known to be saved; the visitor's cookie was left alone. */
  ERR_STORE_UNAVAILABLE: 503,
  /** The reason of `session.ended` when `sessions.close()` was called: this server is stopping, and the session lives on. */
  ERR_SERVER_STOPPING: 503,
  /** The session's data holds something that can't be stored. The message names the key. */
  ERR_SESSION_DATA: 500,
  /** The encoded data is larger than `maxBytes`. */
  ERR_SESSION_TOO_LARGE: 413,
  /** The session was used after it had been committed: the response's first byte has left. */
  ERR_SESSION_SETTLED: 500,
  /** A session cookie can't be kept safe on this connection: plain http to a host that is not this machine. */
  ERR_INSECURE_CONNECTION: 500,
} as const

/** What an application may handle. Compare `code`, not the message. */
export class SessionError extends Error {
  override readonly name = 'SessionError'
  readonly code: SessionErrorCode
  /** The HTTP status that fits. */
  readonly status: number
  /** Seconds after which trying again makes sense, where it does. */
  readonly retryAfter?: number

  constructor(code: SessionErrorCode, message: string, options?: { cause?: unknown; retryAfter?: number }) {
    super(`${code}: ${message}`, options && 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.status = statusOf[code]
    if (options?.retryAfter !== undefined) this.retryAfter = options.retryAfter
  }

  /** The plain answer to it, for frameworks that ask an error for one (Hono does), and for handlers on the Fetch API. */
  getResponse(): Response {
    const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }
    const retry = this.retryAfter === undefined ? {} : { 'retry-after': String(this.retryAfter) }
    return new Response(publicText(this), { status: this.status, headers: { ...headers, ...retry } })
  }
}

/** Whether what this request wanted must not be tried again on another base: it may be stored, or its turn is over. */
export function isFinal(error: unknown): boolean {
  return (
    error instanceof SessionError && (error.code === 'ERR_STORE_UNAVAILABLE' || error.code === 'ERR_SESSION_CONFLICT')
  )
}

const hints: { readonly [code in SessionErrorCode]?: string } = {
  ERR_SESSION_LIMIT: 'Please sign out elsewhere first.',
  ERR_REAUTHENTICATION_REQUIRED: 'Please sign in again.',
  ERR_CROSS_SITE_REQUEST:
    'Please go back to the site, reload its page and try again. A program has to send this site’s address as Origin.',
}

/** What a visitor is told: the message is for the application's people. */
export function publicText({ code, status }: SessionError): string {
  const hint =
    hints[code] ?? (status === 409 || status === 503 ? 'Please try again.' : 'Please tell whoever runs this site.')
  return `${status}: the session could not be used for this request. ${hint} (${code})\n`
}

/**
 * A store's answer to a record that can't be one: truncated, foreign, too large, not readable as a record. The visitor is
 * then anonymous, and `coatcheck:rejected` says why. Throw it from `read` and `lockAndRead`; other calls treat such a record as absent.
 */
export class CorruptRecordError extends Error {
  override readonly name = 'CorruptRecordError'
}
