import { SessionError } from '../../core/errors.ts'
import { IllegalSessionIdError } from '../save-handler.ts'

const hints: { readonly [code: string]: string } = {
  ENOENT: 'the folder does not exist, and PHP does not make it either, nor those of the levels in savePath',
  EACCES: 'permission is denied: PHP and Node have to run as the same user',
  EPERM: 'permission is denied: PHP and Node have to run as the same user',
  ELOOP: 'it is a symbolic link, which is not followed',
  ENOSPC: 'the disk is full',
}

/** What an application is told. Not the system's own error: it has the path in it, and with that the id, which is the visitor's secret. */
export function fileError(directory: string, error: unknown): Error {
  if (error instanceof SessionError || error instanceof IllegalSessionIdError) return error
  const { code, syscall, message } = error as NodeJS.ErrnoException
  if (code === 'ENAMETOOLONG') return new IllegalSessionIdError('the session id is too long for the name of a file')
  const reason = code ? (hints[code] ?? 'the file system refused it') : message
  return unavailable(directory, code ? `${syscall} failed with ${code}: ${reason}` : reason)
}

/** PHP refuses such a file too: whoever made it could read the session. */
export function foreignOwner(directory: string, owner: number): SessionError {
  return unavailable(
    directory,
    `the file was made by user ${owner}, and this process runs as user ${process.geteuid?.()}: PHP and Node have to run as the same`,
  )
}

export function unavailable(directory: string, reason: string): SessionError {
  return new SessionError('ERR_STORE_UNAVAILABLE', `a PHP session file in ${directory}: ${reason}`, { retryAfter: 1 })
}
