import { SessionError } from '../core/errors.ts'
import type { Exchange, ResponseHeaders } from '../core/exchange.ts'
import { readCookie } from './cookie-header.ts'
import { PhpFormatError, type PhpKey, type PhpValue } from './formats.ts'
import { Hold } from './hold.ts'
import type { Settings } from './ini-settings.ts'
import { RequestSettings } from './request-settings.ts'
import { IllegalSessionIdError, type OpenSession, type SaveHandler } from './save-handler.ts'
import { SentHeaders } from './sent-headers.ts'
import { createSessionId, cutAtNul, isDangerousId } from './session-ids.ts'

/** What the sessions of one application have in common. */
export interface Common {
  readonly maxHoldMs: number
  /** Looks for expired sessions; nobody waits for it. */
  collectGarbage(saveHandler: SaveHandler): void
}

/** How a session begins, goes on under another id, and ends, step by step as in PHP. */
export class SessionLife extends RequestSettings {
  protected variables: Map<PhpKey, PhpValue> = new Map()
  /** Whether PHP would still find its `$_SESSION`: not before the first start, nor after a destroy. */
  protected hasVariables = false
  /** While it is active. */
  protected hold: Hold | undefined
  readonly #common: Common
  readonly #headers = new SentHeaders()
  /** What was read, as long as it need not be written when it hasn't changed. */
  #loaded: Uint8Array | undefined
  #isCookieDue = false
  #turn: Promise<unknown> | undefined
  #going: AbortController | undefined
  #failure: unknown
  #isEnded = false

  constructor(exchange: Exchange, settings: Settings, saveHandler: SaveHandler, common: Common) {
    super(exchange, settings, saveHandler)
    this.#common = common
  }

  protected async begin(): Promise<boolean> {
    const { settings, exchange } = this
    this.#isCookieDue = true
    if (this.currentId === undefined && settings.useCookies) {
      const value = readCookie(exchange.header('cookie'), settings.name)
      this.currentId = value
      this.#isCookieDue = value === undefined
    }
    if (isDangerousId(this.#storedId)) this.currentId = undefined
    if (!(await this.load('session_start'))) return false
    this.#headers.limitCaching(settings)
    return true
  }

  /** Names it, sends the cookie, waits for it, reads it: in this order. */
  protected async load(what: string): Promise<boolean> {
    const { settings, saveHandler } = this
    if (!this.#storedId || (settings.useStrictMode && !(await saveHandler.exists(this.#storedId)))) {
      this.currentId = this.newId()
      this.#isCookieDue = true
    }
    this.#sendCookie()
    this.variables = new Map()
    this.hasVariables = true
    const open = await this.#openUnder(what, this.#storedId)
    if (!open) {
      this.currentId = undefined
      return false
    }
    if (Math.random() * settings.gcDivisor < settings.gcProbability) this.#common.collectGarbage(saveHandler)
    this.hold = new Hold(open, this.#common.maxHoldMs, () => void this.#giveUp())
    const decoded = this.decoded(what, open.bytes)
    if (!decoded) {
      this.currentId = undefined
      await this.close()
      return false
    }
    this.variables = decoded
    this.#loaded = settings.lazyWrite ? open.bytes : undefined
    this.isActive = true
    return true
  }

  async #openUnder(what: string, id: string): Promise<OpenSession | undefined> {
    const { name, savePath } = this.saveHandler
    try {
      return await this.saveHandler.open(id, { signal: this.#gone() })
    } catch (error) {
      if (!(error instanceof IllegalSessionIdError)) throw error
      const text = 'Only the A-Z, a-z, 0-9, "-", and "," characters are allowed'
      this.warn(what, 'illegal-id', `Session ID is too long or contains illegal characters. ${text}`)
      this.warn(what, 'illegal-id', `Failed to read session data: ${name} (path: ${savePath})`)
      return undefined
    }
  }

  /** Who has gone does not stand in the line any more. */
  #gone(): AbortSignal {
    if (!this.#going) {
      const going = new AbortController()
      this.exchange.onClose(() => going.abort(new SessionError('ERR_SESSION_BUSY', 'the client has gone')))
      this.#going = going
    }
    return this.#going.signal
  }

  protected decoded(what: string, bytes: Uint8Array): Map<PhpKey, PhpValue> | undefined {
    try {
      return this.settings.serializeHandler.decode(bytes)
    } catch (error) {
      if (!(error instanceof PhpFormatError)) throw error
      this.warn(what, 'undecodable', `Failed to decode session object. Session has been kept (${error.message})`)
      return undefined
    }
  }

  protected async moveToNewId(deletesOld: boolean): Promise<boolean> {
    const hold = this.hold!
    if (!deletesOld) await hold.write(this.settings.serializeHandler.encode(this.variables))
    const id = this.newId()
    await hold.moveTo(await this.saveHandler.open(id, { signal: this.#gone() }), deletesOld)
    this.currentId = id
    this.#loaded = undefined
    this.#isCookieDue = true
    this.#sendCookie()
    return true
  }

  /** Under which it is stored: `''` where there is none. */
  get #storedId(): string {
    return cutAtNul(this.currentId ?? '')
  }

  protected newId(): string {
    return createSessionId(this.settings.sidLength, this.settings.sidBitsPerCharacter)
  }

  #sendCookie(): void {
    if (!this.settings.useCookies || !this.#isCookieDue) return
    this.#isCookieDue = false
    this.#headers.sendCookie(this.settings, this.currentId!)
  }

  protected writeAndClose(): Promise<void> {
    return this.finish(async () => {
      const bytes = this.settings.serializeHandler.encode(this.variables)
      const isUnchanged = this.#loaded && Buffer.compare(bytes, this.#loaded) === 0
      await (isUnchanged ? this.hold!.touch() : this.hold!.write(bytes))
    })
  }

  /** The last step on an open session. What fails there fails the response, whoever has caught it. */
  protected async finish(step: () => Promise<void> | undefined): Promise<void> {
    try {
      await step()
      await this.hold?.endFormer()
    } catch (error) {
      this.#failure ??= error
      throw error
    } finally {
      await this.close()
    }
  }

  /** A handler that hangs must not stop the visitor for ever, nor PHP, which waits without a limit. */
  #giveUp(): Promise<void> {
    return this.inTurn(async () => {
      if (!this.isActive) return
      this.#failure ??= new SessionError('ERR_SESSION_CONFLICT', 'this request kept its session longer than `maxHold`')
      await this.close()
    })
  }

  protected async close(): Promise<void> {
    const hold = this.hold
    this.isActive = false
    this.hold = undefined
    this.#loaded = undefined
    await hold?.close()
  }

  /** One step after the other, in the order in which they were called. */
  protected inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#turn ? this.#turn.then(step) : step()
    // Whoever awaits it hears of a failure; a handler that doesn't must not end the process.
    this.#turn = done.catch(() => {})
    return done
  }

  /** The response is about to begin. Undefined where there was no step at all. */
  protected end(): Promise<ResponseHeaders> | undefined {
    if (this.#isEnded) return undefined
    this.#isEnded = true
    if (this.#turn) return this.inTurn(() => this.#settle())
    this.areHeadersSent = true
    return undefined
  }

  async #settle(): Promise<ResponseHeaders> {
    this.areHeadersSent = true
    await (this.isActive ? this.writeAndClose() : this.close())
    if (this.#failure) throw this.#failure
    return this.#headers.all()
  }
}
