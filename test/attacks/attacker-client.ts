import { type CookieJar, cookieJar } from 'coatcheck/testing'
import { attacker, type Form, type Target } from './target.ts'

/** The attacker's own client. It has a cookie jar, and says in each header what an honest browser would. */
export interface AttackerClient {
  readonly jar: CookieJar
  /** All resolve to the answer's status, and follow no redirect. */
  get(path: string, cookie?: string): Promise<number>
  post(form: Form): Promise<number>
  /** Any body, with nothing but these cookies. */
  send(path: string, body: string, cookie: string): Promise<number>
  /** Into the attacker's own account. */
  logIn(): Promise<number>
}

export function attackerClient({ url }: Pick<Target, 'url'>): AttackerClient {
  const jar = cookieJar()
  const ask = async (path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<number> => {
    const response = await jar.fetch(url + path, { ...init, headers: { origin: url, ...init.headers } })
    await response.body?.cancel()
    return response.status
  }
  const post = ({ path, fields }: Form): Promise<number> =>
    ask(path, { method: 'POST', body: new URLSearchParams(fields) })
  return {
    jar,
    get: (path, cookie) => ask(path, cookie === undefined ? {} : { headers: { cookie } }),
    post,
    send: (path, body, cookie) => ask(path, { method: 'POST', body, headers: { cookie } }),
    logIn: () => post({ path: '/login', fields: { username: attacker.name, password: attacker.password } }),
  }
}
