import { SessionError } from './errors.ts'

/* Why nothing was stored, in the words that the application gets. */

export function gone(): SessionError {
  return new SessionError(
    'ERR_SESSION_GONE',
    'the session ended while this request was changing it; nothing was stored',
  )
}

export function newer(): SessionError {
  const message = 'a newer version of the library has stored this session; a server that runs it can serve this request'
  return new SessionError('ERR_SESSION_NEWER', message, { retryAfter: 1 })
}

export function superseded(): SessionError {
  const message = 'the session’s privilege changed while this request was changing the session; nothing was stored'
  return new SessionError('ERR_SESSION_SUPERSEDED', message)
}

export function conflict(): SessionError {
  const message = 'another request changed the session out of turn; nothing was stored, and trying again is safe'
  return new SessionError('ERR_SESSION_CONFLICT', message, { retryAfter: 1 })
}

export function revoked(): SessionError {
  const message = 'this user’s sessions were ended while this sign-in was under way; sign in again'
  return new SessionError('ERR_SESSION_REVOKED', message)
}

export function unclear(): SessionError {
  const message = 'the session store failed during a write, and what it stored is not known'
  return new SessionError('ERR_STORE_UNAVAILABLE', message, { retryAfter: 1 })
}

export function tooLarge(bytes: number, maxBytes: number): SessionError {
  return new SessionError(
    'ERR_SESSION_TOO_LARGE',
    `the data takes ${bytes} bytes, and \`maxBytes\` is ${maxBytes}; nothing was stored`,
  )
}

export function limited(max: number): SessionError {
  const message = `this user already has ${max} sessions (sessionsPerUser.max); the sign-in was not stored`
  return new SessionError('ERR_SESSION_LIMIT', message)
}

export function reauthenticationRequired(message: string): SessionError {
  return new SessionError('ERR_REAUTHENTICATION_REQUIRED', message)
}
