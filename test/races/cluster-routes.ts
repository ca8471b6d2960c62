import { setTimeout as sleep } from 'node:timers/promises'
import type { Sessions } from 'coatcheck'
import { type Routes, type Shop, text } from '../http/application.ts'
import type { Reply, Visit } from '../http/hosts.ts'

/** What `GET /state` answers. */
export interface State {
  readonly id?: string
  readonly userId?: string
  readonly data: Shop
}

/** What `GET /devices` answers. */
export interface Devices {
  readonly userId?: string
  readonly handles: readonly string[]
}

/** What the revoking routes answer: who asked, and how many sessions were ended. */
export interface Revoked {
  readonly userId?: string
  readonly count: number
}

/** What the mixed load asks for beyond the shared application: answers that say on whose behalf they were given. */
export function routes(sessions: Sessions<Shop>): Routes {
  return {
    'GET /state': async ({ request, query }) => {
      const { id, userId, data } = await sessions.open(request)
      await sleep(Number(query.get('ms') ?? 0))
      return json({ id, userId, data })
    },
    'POST /slow-set': (visit) => slowSet(visit, 'shared'),
    'POST /slow-exclusive-set': (visit) => slowSet(visit, 'exclusive'),
    'GET /devices': async ({ request }) => {
      const { userId } = await sessions.open(request)
      const listed = userId === undefined ? [] : await sessions.ofUser(userId).list()
      return json({ userId, handles: listed.map(({ handle }) => handle) })
    },
    'POST /devices/revoke': async ({ request, query }) => {
      const { userId } = await sessions.open(request, { mode: 'shared' })
      const isRevoked = userId !== undefined && (await sessions.ofUser(userId).revoke(query.get('handle') ?? ''))
      return json({ userId, count: Number(isRevoked) })
    },
    'POST /devices/revoke-others': async ({ request }) => {
      const session = await sessions.open(request, { mode: 'shared' })
      const { userId } = session
      return json({
        userId,
        count: userId === undefined ? 0 : await sessions.ofUser(userId).revokeAll({ except: session }),
      })
    },
  }

  async function slowSet({ request, query }: Visit, mode: 'shared' | 'exclusive'): Promise<Reply> {
    const session = await sessions.open(request, { mode })
    for (const [key, value] of query) if (key !== 'ms') session.data[key as 'key0'] = Number(value)
    await sleep(Number(query.get('ms') ?? 0))
    return text('set')
  }
}

function json(value: State | Devices | Revoked | { readonly [key: string]: unknown }): Reply {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}
