import type { Exchange } from '../core/exchange.ts'
import { changeSetting, type Settings } from './ini-settings.ts'
import type { SaveHandler } from './save-handler.ts'
import { cutAtNul } from './session-ids.ts'
import { type PhpWarningCode, warn } from './warnings.ts'

/** As `session_get_cookie_params()` returns it. */
export interface CookieParams {
  lifetime: number
  path: string
  domain: string
  secure: boolean
  httponly: boolean
  samesite: string
}

/** What may be set of a cookie, by PHP's names in any case. */
export type CookieOptions = { readonly [name: string]: string | number | boolean }

/** What a request may ask and change of its session's settings: until it starts, and not any more once the response has begun. */
export class RequestSettings {
  protected readonly exchange: Exchange
  protected readonly settings: Settings
  protected saveHandler: SaveHandler
  protected currentId: string | undefined
  protected isActive = false
  /** The response has begun, or is about to. */
  protected areHeadersSent = false

  constructor(exchange: Exchange, settings: Settings, saveHandler: SaveHandler) {
    this.exchange = exchange
    this.settings = { ...settings }
    this.saveHandler = saveHandler
  }

  /** The id, `''` where there is none yet; with an argument, what it was before. It is checked when the session starts. */
  id(newId?: string): string | false {
    const before = cutAtNul(this.currentId ?? '')
    if (newId === undefined) return before
    if (!this.mayChange('session_id', 'Session ID', this.settings.useCookies)) return false
    this.currentId = newId
    return before
  }

  /** The cookie's name; with an argument, what it was before. */
  name(newName?: string): string | false {
    const before = this.settings.name
    if (newName === undefined) return before
    if (!this.mayChange('session_name', 'Session name')) return false
    this.#change('session_name', 'name', newName)
    return before
  }

  cacheLimiter(newLimiter?: string): string | false {
    const before = this.settings.cacheLimiter
    if (newLimiter === undefined) return before
    if (!this.mayChange('session_cache_limiter', 'Session cache limiter')) return false
    this.settings.cacheLimiter = newLimiter
    return before
  }

  /** Minutes. While a session is active, it can't be changed and is returned as it is. */
  cacheExpire(newMinutes?: number): number | false {
    const before = this.settings.cacheExpire
    if (newMinutes === undefined) return before
    if (!this.mayChange('session_cache_expire', 'Session cache expiration')) return this.isActive ? before : false
    this.settings.cacheExpire = newMinutes
    return before
  }

  /** Where the save handler keeps sessions. It can't be changed here: `setSaveHandler` can. */
  savePath(newPath?: string): string | false {
    const { savePath } = this.saveHandler
    if (newPath === undefined) return savePath
    if (!this.mayChange('session_save_path', 'Session save path')) return false
    if (newPath === savePath) return savePath
    this.warn('session_save_path', 'refused', 'The save path is the save handler’s own: set another save handler')
    return false
  }

  /** `files` or `redis`. Another one is set by `setSaveHandler`. */
  moduleName(newName?: string): string | false {
    const { name } = this.saveHandler
    if (newName === undefined) return name
    const what = 'session_module_name'
    if (!this.mayChange(what, 'Session save handler module')) return false
    if (newName.toLowerCase() === 'user') throw new RangeError(`${what}(): Argument #1 ($module) cannot be "user"`)
    if (newName === name) return name
    this.warn(what, 'refused', `Session handler module "${newName}" cannot be found`)
    return false
  }

  /** For this request only. */
  setSaveHandler(saveHandler: SaveHandler): boolean {
    if (typeof saveHandler?.open !== 'function') {
      const got = saveHandler === null ? 'null' : typeof saveHandler
      throw new TypeError(`session_set_save_handler(): Argument #1 must be a save handler, ${got} given`)
    }
    if (!this.mayChange('session_set_save_handler', 'Session save handler')) return false
    this.saveHandler = saveHandler
    return true
  }

  getCookieParams(): CookieParams {
    const { cookieLifetime, cookiePath, cookieDomain, cookieSecure, cookieHttponly, cookieSamesite } = this.settings
    return {
      lifetime: cookieLifetime,
      path: cookiePath,
      domain: cookieDomain,
      secure: cookieSecure,
      httponly: cookieHttponly,
      samesite: cookieSamesite,
    }
  }

  /** Only what is named changes. False where cookies are not used at all. Throws a RangeError where PHP throws a ValueError. */
  setCookieParams(
    lifetimeOrOptions: number | CookieOptions,
    path?: string | null,
    domain?: string | null,
    secure?: boolean | null,
    httponly?: boolean | null,
  ): boolean {
    const what = 'session_set_cookie_params'
    if (!this.settings.useCookies) {
      this.warn(what, 'refused', 'Session cookies cannot be used when session.use_cookies is disabled')
      return false
    }
    if (!this.mayChange(what, 'Session cookie parameters')) return false
    const given =
      typeof lifetimeOrOptions === 'number'
        ? { lifetime: lifetimeOrOptions, path, domain, secure, httponly }
        : this.#cookieOptions(lifetimeOrOptions)
    for (const [name, value] of Object.entries(given)) {
      if (value === undefined || value === null) continue
      if (!this.#change(what, `cookie_${name}`, iniText(value))) return false
    }
    return true
  }

  #cookieOptions(options: CookieOptions): { readonly [name: string]: string | number | boolean | undefined } {
    const what = 'session_set_cookie_params'
    const found: { [name: string]: string | number | boolean | undefined } = {
      lifetime: undefined,
      path: undefined,
      domain: undefined,
      secure: undefined,
      httponly: undefined,
      samesite: undefined,
    }
    for (const [key, value] of Object.entries(options)) {
      const name = key.toLowerCase()
      if (Object.hasOwn(found, name)) found[name] = value
      else if (isIndex(key))
        this.warn(what, 'refused', 'Argument #1 ($lifetime_or_options) cannot contain numeric keys')
      else this.warn(what, 'refused', `Argument #1 ($lifetime_or_options) contains an unrecognized key "${key}"`)
    }
    if (Object.values(found).every((value) => value === undefined)) {
      throw new RangeError(`${what}(): Argument #1 ($lifetime_or_options) must contain at least 1 valid key`)
    }
    return found
  }

  /** What `session_start()` is given. Throws a TypeError where PHP does. */
  protected applyOptions(options: { readonly [name: string]: unknown }): void {
    const what = 'session_start'
    for (const [name, value] of Object.entries(options)) {
      if (isIndex(name)) continue
      const isFit = typeof value === 'string' || typeof value === 'boolean' || Number.isInteger(value)
      if (!isFit) {
        const type = phpType(value)
        throw new TypeError(`${what}(): Option "${name}" must be of type string|int|bool, ${type} given`)
      }
      if (name === 'read_and_close') continue
      if (!this.#change(what, name, iniText(value as string | number | boolean))) {
        this.warn(what, 'refused', `Setting option "${name}" failed`)
      }
    }
  }

  protected mayChange(what: string, subject: string, isInHeaders = true): boolean {
    if (this.isActive) this.warn(what, 'active', `${subject} cannot be changed when a session is active`)
    else if (isInHeaders && this.areHeadersSent)
      this.warn(what, 'headers-sent', `${subject} cannot be changed after headers have already been sent`)
    else return true
    return false
  }

  protected warn(what: string, code: PhpWarningCode, text: string, level: 'warning' | 'notice' = 'warning'): void {
    warn({ level, code, function: what, message: `${what}(): ${text}` })
  }

  #change(what: string, name: string, text: string): boolean {
    const changed = changeSetting(this.settings, name, text)
    if (typeof changed === 'object') this.warn(what, 'refused', changed.warning)
    return changed === true
  }
}

/** Of a PHP array's keys, a number. */
function isIndex(key: string): boolean {
  return /^(0|-?[1-9]\d*)$/.test(key)
}

function iniText(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? '1' : '') : String(value)
}

function phpType(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  return typeof value === 'number' ? 'float' : typeof value === 'object' ? 'array' : typeof value
}
