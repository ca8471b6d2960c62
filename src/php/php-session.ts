import { isUtf8 } from 'node:buffer'
import { SessionError } from '../core/errors.ts'
import type { Exchange, ResponseHeaders } from '../core/exchange.ts'
import type { PhpKey, PhpValue } from './formats.ts'
import type { Settings } from './ini-settings.ts'
import { isLegalSessionId, type SaveHandler } from './save-handler.ts'
import { type Common, SessionLife } from './session-life.ts'
import { type SessionVariables, sessionVariables } from './session-variables.ts'

/** `session_status()`: sessions are switched off. Never here. */
export const PHP_SESSION_DISABLED = 0
/** `session_status()`: none is active. */
export const PHP_SESSION_NONE = 1
/** `session_status()`: one is active, and nobody else has it. */
export const PHP_SESSION_ACTIVE = 2

/** PHP's settings without their `session.`, for this request only, and `read_and_close`. */
export type StartOptions = { readonly [name: string]: string | number | boolean }

/** For `PhpSessions`: the end of the request. Undefined where no session was started, else the headers to add. */
export let endOf: (session: PhpSession) => Promise<ResponseHeaders> | undefined

/** For `$_SESSION`. */
export let dataOf: (session: PhpSession) => Map<PhpKey, PhpValue>

/**
 * PHP's session of one request, step by step as PHP goes: `coatcheck/php` has the same as functions. What reads or writes the
 * stored session is a promise; the steps of one request take turns, in the order in which they were called.
 *
 * Each returns what PHP returns, and PHP's warnings are published. Where PHP would lose what the session holds, or go on without one
 * that could not be read, it rejects with a `SessionError`, and so does the end of the request: the response is no success.
 */
export class PhpSession extends SessionLife {
  readonly #data: SessionVariables

  static {
    endOf = (session) => session.end()
    dataOf = (session) => session.variables
  }

  constructor(exchange: Exchange, settings: Settings, saveHandler: SaveHandler, common: Common) {
    super(exchange, settings, saveHandler, common)
    this.#data = sessionVariables(() => this.variables)
  }

  /** What `$_SESSION` is: empty before the session was started; afterwards still readable, and then changes are lost. */
  get data(): SessionVariables {
    return this.#data
  }

  /** `PHP_SESSION_NONE` or `PHP_SESSION_ACTIVE`. */
  status(): number {
    return this.isActive ? PHP_SESSION_ACTIVE : PHP_SESSION_NONE
  }

  /**
   * Reads the session and keeps it from everyone else until it is closed. False where it can't be had: it is undecodable, its id is
   * illegal, the response has begun. Rejects with `ERR_SESSION_BUSY` and `ERR_STORE_UNAVAILABLE`, and with a TypeError for an option that is no string, integer or boolean.
   */
  start(options: StartOptions = {}): Promise<boolean> {
    return this.inTurn(async () => {
      const what = 'session_start'
      if (this.isActive) {
        this.warn(what, 'active', 'Ignoring session_start() because a session is already active', 'notice')
        return true
      }
      if (this.areHeadersSent) {
        this.warn(what, 'headers-sent', 'Session cannot be started after headers have already been sent')
        return false
      }
      this.applyOptions(options)
      if (!(await this.begin())) return false
      if (isOn(options.read_and_close)) await this.close()
      return true
    })
  }

  /** Stores what has changed, and lets the next one in. What is changed after that is lost, until the session is started again. */
  writeClose(): Promise<boolean> {
    return this.#whileActive(async () => {
      await this.writeAndClose()
      return true
    })
  }

  /** Closes without storing anything. */
  abort(): Promise<boolean> {
    return this.#whileActive(async () => {
      await this.finish(() => undefined)
      return true
    })
  }

  /** Reads it again; what was changed is lost. Others may come in between. */
  reset(): Promise<boolean> {
    return this.#whileActive(async () => {
      await this.finish(() => undefined)
      await this.load('session_reset')
      return true
    })
  }

  /** Deletes the session. Neither the cookie nor `data` is cleared, as in PHP. */
  destroy(): Promise<boolean> {
    return this.inTurn(async () => {
      if (!this.isActive) {
        this.warn('session_destroy', 'inactive', 'Trying to destroy uninitialized session')
        return false
      }
      await this.finish(() => this.hold!.destroy())
      this.currentId = undefined
      this.hasVariables = false
      return true
    })
  }

  /**
   * Goes on under a new id and sends it. The session under the old id stays, with what it holds now, or is deleted. Unlike PHP, it is
   * deleted when the new one is stored and not before.
   */
  regenerateId(deleteOldSession = false): Promise<boolean> {
    return this.inTurn(async () => {
      const what = 'session_regenerate_id'
      const text = 'Session ID cannot be regenerated'
      if (!this.isActive) this.warn(what, 'inactive', `${text} when there is no active session`)
      else if (this.areHeadersSent) this.warn(what, 'headers-sent', `${text} after headers have already been sent`)
      else return this.moveToNewId(deleteOldSession)
      return false
    })
  }

  /** Deletes what has expired: how many, or false where the save handler can't tell. */
  gc(): Promise<number | false> {
    return this.inTurn(async () => {
      if (this.isActive) return this.saveHandler.collectGarbage()
      const text = 'Session cannot be garbage collected when there is no active session'
      this.warn('session_gc', 'inactive', text)
      return false
    })
  }

  /** Empties `data`; the session goes on. */
  unset(): boolean {
    if (this.isActive) this.variables.clear()
    return this.isActive
  }

  /** The session as it would be stored: a string, or bytes that are no UTF-8. False where that is nothing, or can't be stored. */
  encode(): string | Uint8Array | false {
    if (!this.hasVariables) {
      this.warn('session_encode', 'inactive', 'Cannot encode non-existent session')
      return false
    }
    try {
      const bytes = this.settings.serializeHandler.encode(this.variables)
      if (bytes.length === 0) return false
      return isUtf8(bytes) ? Buffer.from(bytes).toString('utf8') : bytes
    } catch (error) {
      if (!(error instanceof SessionError)) throw error
      this.warn('session_encode', 'unencodable', error.message)
      return false
    }
  }

  /** Takes on what `encode` gave: over what is there, or, in the format `php_serialize`, in its place. Unlike PHP, what is no session changes nothing. */
  decode(text: string | Uint8Array): boolean {
    const what = 'session_decode'
    if (!this.isActive) {
      this.warn(what, 'inactive', 'Session data cannot be decoded when there is no active session')
      return false
    }
    const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text
    const decoded = this.decoded(what, bytes)
    if (!decoded) return false
    if (this.settings.serializeHandler.name === 'php_serialize') {
      this.variables = decoded
      return true
    }
    for (const [key, value] of decoded) this.variables.set(key, value)
    for (const key of this.variables.keys()) {
      if (typeof key !== 'string') this.warn(what, 'unencodable', `Skipping numeric key ${key}`)
    }
    return true
  }

  /** A new id, for `id(…)`. False for a prefix that no id may have. */
  createId(prefix = ''): string | false {
    if (prefix !== '' && !isLegalSessionId(prefix)) {
      const text =
        'Prefix cannot contain special characters. Only the A-Z, a-z, 0-9, "-", and "," characters are allowed'
      this.warn('session_create_id', 'refused', text)
      return false
    }
    return prefix + this.newId()
  }

  #whileActive(step: () => Promise<boolean>): Promise<boolean> {
    return this.inTurn(async () => this.isActive && step())
  }
}

/** As PHP's `(int)` sees it: text counts by the digits that it begins with. */
function isOn(option: string | number | boolean | undefined): boolean {
  return typeof option === 'string' ? (Number.parseInt(option, 10) || 0) !== 0 : Boolean(option)
}
