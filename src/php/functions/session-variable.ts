import { dataOf } from '../php-session.ts'
import { type SessionVariables, sessionVariables } from '../session-variables.ts'
import { currentSession } from './current-session.ts'

/**
 * The variables of the current request's session, as the properties of an object: read, assign, `delete`, `in`, `Object.keys`, spread and
 * `JSON.stringify`. Requests that run side by side each see their own. What of necessity reads otherwise than in PHP:
 *
 * | PHP | here |
 * |---|---|
 * | `session_start();` | `await session_start()` |
 * | `$_SESSION['n']` | `$_SESSION.n` or `$_SESSION['n']`; `undefined` where it is not set, without a warning |
 * | `isset($_SESSION['n'])` | `$_SESSION.n != null` |
 * | `unset($_SESSION['n'])` | `delete $_SESSION.n` |
 * | `$_SESSION['cart'][] = 'hat'` | `$_SESSION.cart.push('hat')`; say its type in `SessionVariables` |
 * | `$copy = $_SESSION['cart']` | the same array, not a copy: `structuredClone($_SESSION.cart)` |
 * | `$_SESSION = []` | `session_unset()`; it can't be assigned as a whole |
 *
 * Outside of a request, a TypeError.
 */
export const $_SESSION: SessionVariables = sessionVariables(() => dataOf(currentSession('$_SESSION')))
