export { type DifferenceCode, type DifferenceFromPhp, differencesFromPhp } from './differences.ts'
export * from './functions/session-functions.ts'
export { $_SESSION } from './functions/session-variable.ts'
export type { PhpSettings } from './ini-settings.ts'
export {
  PHP_SESSION_ACTIVE,
  PHP_SESSION_DISABLED,
  PHP_SESSION_NONE,
  type PhpSession,
  type StartOptions,
} from './php-session.ts'
export { PhpSessions, type PhpSessionsOptions } from './php-sessions.ts'
export type { CookieOptions, CookieParams } from './request-settings.ts'
export type { OpenOptions, OpenSession, SaveHandler } from './save-handler.ts'
export type * from './session-variables.ts'
export type { PhpWarning, PhpWarningCode } from './warnings.ts'
