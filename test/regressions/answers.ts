import type { Answer, Visitor } from '../http/visitor.ts'

export const who = async (visitor: Visitor): Promise<string> => (await visitor.get('/who')).body

export const dataOf = async (visitor: Visitor): Promise<unknown> => JSON.parse((await visitor.get('/data')).body)

/** What an answer says of the session: its status, its error's code, and what it did to the cookie. */
export function told({ status, body, setCookies }: Answer): string {
  const cookie = setCookies.map((line) => (/=; /.test(line) ? 'clears' : 'sets')).join()
  return [status, /ERR_\w+/.exec(body)?.[0], cookie].filter(Boolean).join(' ')
}
