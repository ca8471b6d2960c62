import { channel } from 'node:diagnostics_channel'

/**
 * What PHP would have warned of, as a message on the channel `coatcheck:php-warning` of `node:diagnostics_channel`. It holds no session's
 * data, and an id only where PHP's own text has it: nowhere so far.
 */
export interface PhpWarning {
  readonly level: 'warning' | 'notice'
  readonly code: PhpWarningCode
  /** Such as `session_start`. */
  readonly function: string
  /** As PHP 8.2 says it, the function's name first. */
  readonly message: string
}

/** What a warning is about, in one word that does not change. */
export type PhpWarningCode =
  /** It can't be done while a session is active. */
  | 'active'
  /** It can't be done without an active session. */
  | 'inactive'
  /** It can't be done any more: the response has begun. */
  | 'headers-sent'
  /** No session can be kept under the visitor's id. */
  | 'illegal-id'
  /** The stored session can't be read as one. It was left as it is. */
  | 'undecodable'
  /** The session can't be written as one. */
  | 'unencodable'
  /** A setting, option or argument that is refused. */
  | 'refused'

const warnings = channel('coatcheck:php-warning')
const told = new Set<PhpWarningCode>()

/** Where nobody listens, the first of each code becomes a warning of the process: PHP logs what nobody handles. */
export function warn(warning: PhpWarning): void {
  if (warnings.hasSubscribers) warnings.publish(warning)
  if (warnings.hasSubscribers || told.has(warning.code)) return
  told.add(warning.code)
  process.emitWarning(`${warning.message} (listen to coatcheck:php-warning for more)`, 'PhpSessionWarning')
}
