import type { Exchange, Sessions } from 'coatcheck'
import { putTogether } from '../../http/tickets.ts'

/** When everything happens. */
export const now: number = Date.parse('2026-11-24T12:00:00Z')

/** A ticket that never changes, so that what is in the corpus stays as near to a valid one as it was. */
export function ticketOf(user: string): { readonly sid: Buffer; readonly secret: Buffer; readonly value: string } {
  const [sid, secret] = [Buffer.alloc(16, `sid of ${user} `), Buffer.alloc(32, `secret of ${user} `)]
  return { sid, secret, value: putTogether({ sid, secret }) }
}

/** The host of each of the library's two kinds of cookie names, and the name. */
export const connections = [
  { name: '__Host-sid', secure: true, host: 'shop.example' },
  { name: 'sid-3000', secure: false, host: 'localhost:3000' },
] as const

export type Connection = (typeof connections)[number]

/** One request: its cookies, and what came of them. */
export class Visit {
  readonly request: object = {}
  readonly #sessions: Sessions

  constructor(
    sessions: Sessions,
    cookie: string | undefined,
    { secure, host }: Connection = connections[0],
    method = 'GET',
  ) {
    this.#sessions = sessions
    const exchange: Exchange = {
      method,
      header: (name) => (name === 'cookie' ? cookie : undefined),
      secure,
      host,
      isAborted: false,
      onClose() {},
    }
    sessions.attach(this.request, exchange)
  }

  open(mode: 'shared' | 'exclusive' = 'shared'): ReturnType<Sessions['open']> {
    return this.#sessions.open(this.request, { mode })
  }

  /** The value of the cookie that the response sets; undefined where it sets none. */
  async end(): Promise<string | undefined> {
    const headers = (await this.#sessions.commit(this.request)) ?? []
    const line = headers.find(([name]) => name === 'set-cookie')?.[1]
    return line && /^[^=]*=([^;]*)/.exec(line)?.[1]
  }
}
