import { Sessions, type Store } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/fetch'
import { signedInCookie } from 'coatcheck/testing'
import type { Twin } from './running-twin.ts'
import type { Identity } from './target.ts'

/** Asks a store of ours as another process of the same application would, past the application's pages and guards. */
export function storeReader(
  store: Store,
  clock: () => number,
): Pick<Twin, 'cookieName' | 'whoIs' | 'sessionsOf' | 'signIn'> {
  const sessions = new Sessions<{ role?: string }>({ store, clock, cleanupInterval: false })
  const look = coatcheck(sessions, async (request) => {
    const { userId, data } = await sessions.open(request, { mode: 'read-only', touch: false })
    return Response.json({ userId, role: data.role })
  })
  return {
    cookieName(url) {
      const { protocol, port } = new URL(url)
      return protocol === 'https:' ? '__Host-sid' : `sid-${port}`
    },
    async whoIs(cookieHeader, url) {
      const answer = await look(new Request(url, { headers: { cookie: cookieHeader } }))
      return (await answer.json()) as Identity
    },
    async sessionsOf(userId) {
      return (await sessions.ofUser(userId).list()).map(({ data }) => data)
    },
    signIn: (userId, url) => signedInCookie(sessions, userId, { url }),
  }
}
