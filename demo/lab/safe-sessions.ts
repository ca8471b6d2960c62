import { type ReadonlySession, type Session, Sessions } from 'coatcheck'
import { coatcheck as fetchAdapter } from 'coatcheck/adapters/fetch'
import { coatcheck } from 'coatcheck/adapters/hono'
import { csrf } from 'coatcheck/security/csrf'
import { memoryStore } from 'coatcheck/stores/memory'
import { signedInCookie } from 'coatcheck/testing'
import { cookieNameAt } from './place.ts'
import type { Belongings, Room, Visit } from './room.ts'

export interface SafeOptions {
  /** Of the cookie, without what the connection adds to it. */
  cookie: string
  origin: string
  trustProxy: NonNullable<Parameters<typeof coatcheck>[1]>['trustProxy']
  clock: () => number
}

/** The same cloakroom's sessions by coatcheck, with its guard against forged requests and nothing else set. */
export function safeRoom({ cookie, origin, trustProxy, clock }: SafeOptions): Room {
  const store = memoryStore({ maxSessions: 100 })
  const sessions = new Sessions<Belongings>({
    store,
    guards: [csrf()],
    cookie: { name: cookie },
    absoluteTimeout: '15m',
    idleTimeout: '15m',
    cleanupInterval: false,
    clock,
  })
  const holder = fetchAdapter(sessions, async (request) => {
    const { userId } = await sessions.open(request, { mode: 'read-only', touch: false })
    return new Response(userId ?? '')
  })

  return {
    name: '',
    cookieName: cookieNameAt(origin, cookie),
    middleware: coatcheck(sessions, { ...(trustProxy && { trustProxy }) }),
    async open(c, options) {
      return visitOf(await sessions.open(c, options))
    },
    async holderOf(cookieHeader) {
      const answer = await holder(new Request(origin, { headers: { cookie: cookieHeader } }))
      return (await answer.text()) || undefined
    },
    async kept() {
      const kept = []
      const options = { now: clock(), signal: AbortSignal.timeout(1000) }
      for await (const { id, userId, body } of store.list?.(options) ?? []) {
        // The first line is the protocol's, then there is one for each key.
        const [, ...lines] = Buffer.from(body).toString().split('\n')
        kept.push({ key: `${id.slice(0, 8)}…`, user: userId, data: lines.join(' ').trim() })
      }
      return kept
    },
    async populate(count) {
      for (let number = 1; number <= count; number++)
        await signedInCookie(sessions, `visitor ${number}`, { url: origin })
    },
    close: () => sessions.close({ within: '1s' }),
  }
}

function visitOf(session: Session<Belongings> | ReadonlySession<Belongings>): Visit {
  const open = session as Session<Belongings>
  return {
    data: open.data,
    get user() {
      return open.userId
    },
    signIn: (user) => open.signIn(user),
    signOut: () => open.signOut(),
    formToken: undefined,
    // The guard has looked before this session was opened.
    accepts: () => true,
  }
}
