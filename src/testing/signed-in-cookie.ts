import type { StorableData } from '../core/data.ts'
import type { Exchange } from '../core/exchange.ts'
import type { SignInOptions } from '../core/session.ts'
import type { Sessions } from '../core/sessions.ts'

/** What `signedInCookie` signs in with, besides the user. */
export interface SignedInCookieOptions<Data> extends Pick<SignInOptions<Data>, 'remember'> {
  /** What the session holds besides `initial()`. */
  readonly data?: Partial<Data>
  /** The server that the cookie is for: over plain http the cookie's name carries its port. Default: `http://localhost`, which is port 80. */
  readonly url?: string | URL
}

/**
 * Signs a user in by the library's own rules and returns the Cookie header of the next request, `name=value`, so that a
 * test of an application can begin behind its login. Throws what a sign-in in the application would throw, such as
 * `ERR_INSECURE_CONNECTION` for plain http to another machine.
 *
 * @example
 * const cookie = await signedInCookie(sessions, 'alice', { url: 'http://localhost:3000', data: { cart: ['hat'] } })
 * const response = await fetch('http://localhost:3000/dashboard', { headers: { cookie } })
 */
export async function signedInCookie<Data extends StorableData<Data>>(
  sessions: Sessions<Data>,
  userId: string,
  { data = {}, url = 'http://localhost', remember = false }: SignedInCookieOptions<Data> = {},
): Promise<string> {
  const request = {}
  sessions.attach(request, loginTo(new URL(url)))
  const session = await sessions.open(request, { mode: 'shared' })
  Object.assign(session.data as object, data)
  session.signIn(userId, { remember })
  const headers = (await sessions.commit(request)) ?? []
  const [, setCookie = ''] = headers.find(([name]) => name === 'set-cookie') ?? []
  return setCookie.split(';', 1)[0]!
}

/** The request of someone who has no cookie yet, as a browser sends a form of the same site's. */
function loginTo({ protocol, host, origin }: URL): Exchange {
  const headers: { readonly [name: string]: string } = { origin, 'sec-fetch-site': 'same-origin' }
  return {
    method: 'POST',
    header: (name) => headers[name],
    secure: protocol === 'https:',
    host,
    isAborted: false,
    onClose() {},
  }
}
