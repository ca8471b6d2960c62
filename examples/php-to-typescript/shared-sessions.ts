import { resolve } from 'node:path'
import { PhpSessions } from 'coatcheck/php'
import { phpFiles } from 'coatcheck/php/files'
import { php } from 'coatcheck/php/formats'

declare module 'coatcheck/php' {
  interface SessionVariables {
    user?: string
    cart?: string[]
    visits?: number
  }
}

/** PHP's `session.save_path`. */
export const savePath: string = resolve('php-sessions')

/** The same settings as in php/php.ini. */
export const sharedSessions: PhpSessions = new PhpSessions({
  saveHandler: phpFiles({ savePath, maxLifetime: '24m' }),
  serializeHandler: php,
  name: 'PHPSESSID',
  useStrictMode: true,
  cookiePath: '/',
  cookieHttponly: true,
  cookieSamesite: 'Lax',
})
