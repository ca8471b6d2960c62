import { createServer } from 'node:http'
import { Sessions, type Store } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { listening } from '../../subjects/listening.ts'
import { payload } from '../payload.ts'

export async function serveNode(store: Store): Promise<number> {
  const sessions = new Sessions<{ n?: number; cart?: unknown[] }>({ store })
  const handler = coatcheck(sessions, async (request, response) => {
    const session = await sessions.open(request)
    const [, path, bytes] = (request.url ?? '').split('/')
    if (path === 'fill') Object.assign(session.data, payload(Number(bytes)), { n: 0 })
    if (path === 'write') session.data.n = (session.data.n ?? 0) + 1
    response.end(`ok ${session.data.n}`)
  })
  return listening(createServer(handler))
}
