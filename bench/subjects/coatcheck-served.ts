import { createServer } from 'node:http'
import { Sessions, type Store } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { application } from '../application/application.ts'
import { visited } from './coatcheck-application.ts'
import { contentsOf } from './coatcheck-contents.ts'
import { broken } from './coatcheck-faults.ts'
import type { Faults } from './faults.ts'
import { listening } from './listening.ts'
import type { Running } from './subject.ts'

/** The application under node:http, with one of our stores. */
export async function serveStore(store: Store, faults: Faults): Promise<Running> {
  const sessions = new Sessions({ store: broken(store, faults) })
  const handler = coatcheck(
    sessions,
    async (request, response) => {
      const { method = 'GET', url = '/' } = request
      const answer = await application({ method, url }, async (reason) =>
        visited(await sessions.open(request, reason === 'sign-out' ? { mode: 'shared' } : {})),
      )
      if (answer.location) response.setHeader('Location', answer.location)
      response.writeHead(answer.status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer.body))
    },
    { trustProxy: ['127.0.0.1'] },
  )
  return { port: await listening(createServer(handler)), contents: () => contentsOf(store) }
}
