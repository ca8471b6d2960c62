import type { Sessions } from 'coatcheck'
import type { Gate } from './gate.ts'
import type { Application, Reply, Visit } from './hosts.ts'

/** What the visitors of the shared application store. */
export interface Shop {
  n: number
  /** Summed when two requests change it at once. */
  visits: number
  /** Appended to when two requests change it at once. */
  items: string[]
  theme?: string
  [key: `key${number}`]: number
}

export const initial = (): Shop => ({ n: 0, visits: 0, items: [] })

type Route = (visit: Visit) => Promise<Reply>

/** `'GET /path'` and what it does. */
export interface Routes {
  readonly [methodAndPath: string]: Route
}

/** A small shop, the same on every host. `gate` is where its slow handlers wait until a test lets them go on. */
export function application(sessions: Sessions<Shop>, gate: Gate, more: Routes = {}): Application {
  const open = ({ request }: Visit) => sessions.open(request)
  const routes: Routes = {
    ...({
      'GET /untouched': async () => ({ body: 'untouched' }),
      'GET /who': async (visit) => text((await open(visit)).userId ?? 'nobody'),
      'GET /data': async (visit) => text(JSON.stringify((await open(visit)).data)),
      'GET /read-only': async ({ request }) => {
        const session = await sessions.open(request, { mode: 'read-only' })
        return text(JSON.stringify(session.data))
      },
      'GET /slow-reader': async (visit) => {
        const { data } = await open(visit)
        await gate.pass()
        return text(JSON.stringify(data))
      },

      'POST /n': async (visit) => text(String(++(await open(visit)).data.n)),
      'GET /update': async (visit) => text(String(await (await open(visit)).update((data) => ++data.n))),
      'GET /visit': async (visit) => text(String(++(await open(visit)).data.visits)),
      'GET /append': async (visit) => {
        ;(await open(visit)).data.items.push(visit.query.get('item') ?? '')
        return text('appended')
      },
      'GET /set': (visit) => set(visit),
      'POST /set': (visit) => set(visit),
      'POST /set-and-redirect': async (visit) => {
        await set(visit)
        return redirect('/data')
      },
      'POST /slow-writer': async ({ request }) => {
        const session = await sessions.open(request, { mode: 'shared' })
        session.data.theme = 'written late'
        await gate.pass()
        return text('written')
      },
      'POST /slow-exclusive-writer': async (visit) => {
        const session = await open(visit)
        session.data.theme = 'written late'
        await gate.pass()
        return text('written')
      },

      'POST /login': (visit) => signIn(visit),
      'POST /slow-login': async (visit) => {
        await gate.pass()
        return signIn(visit)
      },
      'POST /logout': async ({ request, query }) => {
        const session = await sessions.open(request, { mode: 'shared' })
        session.signOut({ keep: query.has('keep') ? ['theme'] : [] })
        return redirect('/')
      },
      'POST /slow-logout': async ({ request }) => {
        const session = await sessions.open(request, { mode: 'shared' })
        await gate.pass()
        session.signOut()
        return redirect('/')
      },
      'POST /destroy': async ({ request }) => {
        const session = await sessions.open(request, { mode: 'shared' })
        session.destroy()
        session.destroy()
        return redirect('/')
      },
      'POST /regenerate': async (visit) => {
        ;(await open(visit)).regenerateId()
        return text('regenerated')
      },

      'GET /flash/add': (visit) => addFlash(visit),
      'POST /flash/add': async (visit) => {
        await addFlash(visit)
        return redirect('/flash')
      },
      'GET /flash': async (visit) => text(JSON.stringify((await open(visit)).flash.take())),

      'GET /devices': async (visit) => {
        const { userId } = await open(visit)
        return text(JSON.stringify(userId ? (await sessions.ofUser(userId).list()).map(({ handle }) => handle) : []))
      },
      'POST /devices/revoke': async (visit) => {
        const { userId } = await open(visit)
        const handle = visit.query.get('handle') ?? ''
        return text(String(userId !== undefined && (await sessions.ofUser(userId).revoke(handle))))
      },
      'POST /devices/revoke-others': async (visit) => {
        const session = await open(visit)
        return text(String(await sessions.ofUser(session.userId ?? '').revokeAll({ except: session })))
      },

      'GET /events': async ({ request }) => {
        const { ended } = await sessions.open(request, { mode: 'read-only', touch: false })
        return { headers: { 'content-type': 'text/event-stream' }, body: eventsUntil(ended) }
      },
      'GET /throw': async (visit) => {
        ;(await open(visit)).data.theme = 'changed before it threw'
        throw new Error('a handler failed')
      },
      'POST /sign-in-and-throw': async (visit) => {
        ;(await open(visit)).signIn('alice')
        throw new Error('the second factor was wrong')
      },
      'POST /sign-out-and-throw': async (visit) => {
        ;(await open(visit)).signOut({ keep: ['theme'] })
        throw new Error('a handler failed')
      },
    } satisfies Routes),
    ...more,
  }

  async function set(visit: Visit): Promise<Reply> {
    const session = await open(visit)
    for (const [key, value] of visit.query) {
      if (key === 'theme') session.data.theme = value
      else session.data[key as 'key0'] = Number(value)
    }
    return text('set')
  }

  async function signIn({ request, query }: Visit): Promise<Reply> {
    const session = await sessions.open(request)
    session.signIn(query.get('user') ?? 'alice', {
      remember: query.has('remember'),
      ...(query.has('keep') && { keep: query.get('keep') === 'theme' ? ['theme'] : [] }),
    })
    return redirect('/who')
  }

  async function addFlash(visit: Visit): Promise<Reply> {
    ;(await open(visit)).flash.add('notice', visit.query.get('text') ?? '')
    return text('added')
  }

  return async (visit) => {
    const route = routes[`${visit.method === 'HEAD' ? 'GET' : visit.method} ${visit.path}`]
    return route ? route(visit) : { status: 404, body: 'not found' }
  }
}

export function text(body: string): Reply {
  return { headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
}

export function redirect(location: string): Reply {
  return { status: 303, headers: { location } }
}

async function* eventsUntil(ended: AbortSignal): AsyncIterable<string> {
  yield 'data: open\n\n'
  if (!ended.aborted) await new Promise((resolve) => ended.addEventListener('abort', resolve, { once: true }))
  yield 'data: ended\n\n'
}
