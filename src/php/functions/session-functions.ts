import type { StartOptions } from '../php-session.ts'
import type { CookieOptions, CookieParams } from '../request-settings.ts'
import type { SaveHandler } from '../save-handler.ts'
import { currentSession } from './current-session.ts'

/**
 * Reads the session of the current request, and keeps it from every other request, PHP's included, until it is closed. Options are PHP's settings
 * without their `session.`, for this request, and `read_and_close`. False where it can't be had: what is stored can't be decoded (and
 * stays as it is), its id is illegal, the response has begun. True when it is active already.
 *
 * Rejects with `ERR_SESSION_BUSY` when another request keeps it too long, with `ERR_STORE_UNAVAILABLE`, and with a TypeError
 * for an option that is no string, integer or boolean.
 *
 * @example
 * await session_start({ cookie_lifetime: 3600, read_and_close: true })
 */
export function session_start(options: StartOptions = {}): Promise<boolean> {
  return current('session_start').start(options)
}

/** The id, `''` where there is none yet. With an argument: what it was before; false while a session is active. */
export function session_id(id?: string): string | false {
  return current('session_id').id(id)
}

/** The name of the cookie. With an argument: what it was before; false while a session is active. */
export function session_name(name?: string): string | false {
  return current('session_name').name(name)
}

/** Where the save handler keeps sessions. To change it, `session_set_save_handler`. */
export function session_save_path(path?: string): string | false {
  return current('session_save_path').savePath(path)
}

/** `files` or `redis`. To change it, `session_set_save_handler`. Throws a RangeError for `user`, as PHP a ValueError. */
export function session_module_name(module?: string): string | false {
  return current('session_module_name').moduleName(module)
}

/** Another save handler for this request: `phpFiles(…)` or `phpRedis(…)`. False while a session is active. */
export function session_set_save_handler(saveHandler: SaveHandler, _registerShutdown = true): boolean {
  return current('session_set_save_handler').setSaveHandler(saveHandler)
}

/** `nocache`, `private`, `private_no_expire`, `public` or `''`. With an argument: what it was before; false while a session is active. */
export function session_cache_limiter(value?: string): string | false {
  return current('session_cache_limiter').cacheLimiter(value)
}

/** Minutes. With an argument: what it was before. */
export function session_cache_expire(value?: number): number | false {
  return current('session_cache_expire').cacheExpire(value)
}

/** `{ lifetime, path, domain, secure, httponly, samesite }`. */
export function session_get_cookie_params(): CookieParams {
  return current('session_get_cookie_params').getCookieParams()
}

/**
 * Either an object of what changes, or a lifetime in seconds and what follows it. False while a session is active, and where cookies
 * are switched off. Throws a RangeError for an object that names nothing, as PHP a ValueError.
 */
export function session_set_cookie_params(
  lifetimeOrOptions: number | CookieOptions,
  path?: string | null,
  domain?: string | null,
  secure?: boolean | null,
  httponly?: boolean | null,
): boolean {
  return current('session_set_cookie_params').setCookieParams(lifetimeOrOptions, path, domain, secure, httponly)
}

/** A new id, for `session_id(…)`. False for a prefix that no id may have. */
export function session_create_id(prefix = ''): string | false {
  return current('session_create_id').createId(prefix)
}

/**
 * Goes on under a new id, and sends it: call it when somebody signs in. The session under the old id is stored as it is now and stays, or is
 * deleted, once the new one is stored. False without an active session, or when the response has begun.
 */
export function session_regenerate_id(deleteOldSession = false): Promise<boolean> {
  return current('session_regenerate_id').regenerateId(deleteOldSession)
}

/** `$_SESSION` as it would be stored: a string, or bytes that are no UTF-8. False where that is nothing, or can't be stored. */
export function session_encode(): string | Uint8Array | false {
  return current('session_encode').encode()
}

/** Puts what `session_encode` gave into `$_SESSION`. False for what is no session; then, unlike in PHP, nothing changes. */
export function session_decode(data: string | Uint8Array): boolean {
  return current('session_decode').decode(data)
}

/**
 * Stores `$_SESSION` and lets the next request in. What is changed after that is lost. False without an active session. Rejects
 * with a SessionError where it was not stored; then the response fails too.
 */
export function session_write_close(): Promise<boolean> {
  return current('session_write_close').writeClose()
}

/** The same as `session_write_close`. */
export function session_commit(): Promise<boolean> {
  return current('session_commit').writeClose()
}

/** Closes the session and stores nothing. */
export function session_abort(): Promise<boolean> {
  return current('session_abort').abort()
}

/** Reads the session again; what was changed is lost. */
export function session_reset(): Promise<boolean> {
  return current('session_reset').reset()
}

/** Empties `$_SESSION`. False without an active session. */
export function session_unset(): boolean {
  return current('session_unset').unset()
}

/** Deletes the session. As in PHP, neither `$_SESSION` nor the cookie is cleared. Rejects with a SessionError where it was not deleted. */
export function session_destroy(): Promise<boolean> {
  return current('session_destroy').destroy()
}

/** Deletes what has expired: how many, or false. */
export function session_gc(): Promise<number | false> {
  return current('session_gc').gc()
}

/** `PHP_SESSION_NONE` or `PHP_SESSION_ACTIVE`. */
export function session_status(): number {
  return current('session_status').status()
}

/** There is nothing to register: the session is stored at the end of every request. */
export function session_register_shutdown(): void {}

function current(name: string): ReturnType<typeof currentSession> {
  return currentSession(`${name}()`)
}
