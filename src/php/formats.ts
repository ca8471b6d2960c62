import * as layouts from './formats/layouts.ts'
import { decodeSession, encodeSession, type Layout } from './formats/session.ts'
import type { PhpKey, PhpValue } from './formats/values.ts'

export { PhpFormatError } from './formats/error.ts'
export { toPhpKey } from './formats/keys.ts'
export {
  PhpCustom,
  PhpEnum,
  PhpFloat,
  type PhpKey,
  PhpObject,
  PhpReference,
  type PhpValue,
  type PhpVisibility,
} from './formats/values.ts'

/**
 * How a session is written: what PHP's `session.serialize_handler` names. What PHP wrote, from 7.1 on, comes out as the
 * same bytes again as long as nobody changed it. Nothing is ever instantiated or called.
 *
 * What differs from PHP 8.2, on purpose:
 * - Classes are unknown here. So every object is accepted as it is, where PHP's class may refuse its data; and every
 *   enum's case, where PHP refuses those that it doesn't know.
 * - Of a class that it doesn't know, PHP loses the payload of a `C:` and that keys were integers. Both are kept.
 * - With `php_serialize`, PHP takes a number, a text or an object for a session, or an array that refers to itself, and
 *   can't write it again. Here that is an error.
 * - More than 128 MiB are an error, where PHP ends by its `memory_limit`.
 * - Names that PHP leaves out when it writes, or with which it loses the session, are refused.
 *
 * @example
 * const session = php.decode(await readFile('/var/lib/php/sessions/sess_…'))
 * session.set('visits', 1 + Number(session.get('visits') ?? 0))
 * const bytes = php.encode(session)
 */
export interface SessionFormat {
  readonly name: 'php' | 'php_serialize' | 'php_binary'
  /**
   * Accepts what PHP 8.2 accepts, and takes it for the same. Throws `PhpFormatError`, which says at which byte. No bytes
   * are an empty session.
   */
  decode(bytes: Uint8Array): Map<PhpKey, PhpValue>
  /**
   * The same bytes that PHP writes for these values. Throws before anything is written: `ERR_SESSION_DATA`, which names
   * the key, for what PHP can't keep or would lose in silence, and `ERR_SESSION_TOO_LARGE`.
   */
  encode(session: ReadonlyMap<PhpKey, PhpValue>): Uint8Array
}

/**
 * PHP's default: `name|value`. Refuses names that are integers or hold a `|`, with which PHP would lose them, or
 * everything.
 */
export const php: SessionFormat = format('php', layouts.php)

/** The session as one array; any name will do. PHP's manual recommends it. */
export const phpSerialize: SessionFormat = format('php_serialize', layouts.phpSerialize)

/** As `php`, with the length of each name before it. Refuses names that are integers or longer than 127 bytes. */
export const phpBinary: SessionFormat = format('php_binary', layouts.phpBinary)

function format(name: SessionFormat['name'], layout: Layout): SessionFormat {
  return {
    name,
    decode: (bytes) => decodeSession(bytes, layout),
    encode: (session) => encodeSession(session, layout),
  }
}
