import type { CommitsSessions, Exchange, ResponseHeaders } from '../core/exchange.ts'
import { type Duration, milliseconds } from '../core/lifetime.ts'
import { runWithin } from './functions/current-session.ts'
import { type PhpSettings, readSettings, type Settings } from './ini-settings.ts'
import { endOf, PhpSession } from './php-session.ts'
import type { SaveHandler } from './save-handler.ts'

/** What `new PhpSessions()` is told: where the sessions are, and the settings of PHP's `session.*`. */
export interface PhpSessionsOptions extends PhpSettings {
  /** Where the sessions are: `phpFiles(…)` of `coatcheck/php/files`, or `phpRedis(…)` of `coatcheck/php/redis`. */
  readonly saveHandler: SaveHandler
  /**
   * How long a request may keep its session from others, PHP's included. After that it is closed and nothing of it is stored: the
   * response fails with `ERR_SESSION_CONFLICT`. Default: 30 seconds, PHP's `max_execution_time`.
   */
  readonly maxHold?: Duration
}

/**
 * The sessions that an application shares with PHP. Any adapter takes it, as it takes a `Sessions`; in its handlers the functions of
 * `coatcheck/php` act on the session of the request that is being answered.
 *
 * The session is stored before the first byte of the response leaves, where PHP stores it after the last one. Its end is PHP's in
 * everything else: what a handler has put into `$_SESSION` is stored even if it throws.
 *
 * @example
 * const php = new PhpSessions({ saveHandler: phpFiles({ savePath: '/var/lib/php/sessions' }), useStrictMode: true, cookieHttponly: true })
 * createServer(coatcheck(php, async (request, response) => {
 *   await session_start()
 *   $_SESSION.visits = Number($_SESSION.visits ?? 0) + 1
 *   response.end(`visit no. ${$_SESSION.visits}`)
 * }))
 */
export class PhpSessions implements CommitsSessions {
  readonly #settings: Settings
  readonly #saveHandler: SaveHandler
  readonly #maxHoldMs: number
  readonly #session = Symbol('coatcheck PHP session')
  #isCollecting = false

  /** Throws a TypeError that names the option. */
  constructor({ saveHandler, maxHold = '30s', ...settings }: PhpSessionsOptions) {
    if (typeof saveHandler?.open !== 'function') {
      throw new TypeError(
        'saveHandler must be phpFiles(…) of coatcheck/php/files or phpRedis(…) of coatcheck/php/redis',
      )
    }
    this.#settings = readSettings(settings)
    this.#saveHandler = saveHandler
    this.#maxHoldMs = milliseconds('maxHold', maxHold)
  }

  /** The session of this request as an object, for code that has the request in hand. Nothing is read before `start()`. */
  open(request: object): PhpSession {
    const session = this.#of(request)
    if (session) return session
    const message = 'this request did not pass through coatcheck(php), the adapter of your framework'
    throw new TypeError(`php.open(request): ${message}`)
  }

  /** For adapters: a request has arrived. False when it was announced before. */
  attach(request: object, exchange: Exchange): boolean {
    if (this.#of(request)) return false
    const session = new PhpSession(exchange, this.#settings, this.#saveHandler, {
      maxHoldMs: this.#maxHoldMs,
      collectGarbage: (saveHandler) => this.#collectGarbage(saveHandler),
    })
    ;(request as { [session: symbol]: PhpSession })[this.#session] = session
    return true
  }

  /** For adapters: calls the handler so that the functions of `coatcheck/php` find this request's session in it, and in what it awaits. */
  within<T>(request: object, handler: () => T): T {
    return runWithin(request, this.open(request), handler)
  }

  /** For adapters: the first byte of the response is about to leave. Rejects with a SessionError when the response must not look like a success. */
  commit(request: object): Promise<ResponseHeaders> | undefined {
    const session = this.#of(request)
    return session && endOf(session)
  }

  #of(request: object): PhpSession | undefined {
    return (request as { [session: symbol]: PhpSession | undefined })[this.#session]
  }

  /** One at a time, and nobody waits for it: in PHP a visitor does. */
  #collectGarbage(saveHandler: SaveHandler): void {
    if (this.#isCollecting) return
    this.#isCollecting = true
    const done = () => {
      this.#isCollecting = false
    }
    // What fails is tried again by the next one whose lot it is.
    saveHandler.collectGarbage().then(done, done)
  }
}
