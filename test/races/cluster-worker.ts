import cluster from 'node:cluster'
import { existsSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { Sessions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { application, initial, type Shop } from '../http/application.ts'
import { Gate } from '../http/gate.ts'
import { openStore, type StoreAddress } from '../outages/opened-store.ts'
import { type Fault, faults } from './cluster-faults.ts'
import { routes } from './cluster-routes.ts'

/* One of the processes that share a port and a store. It ends with the test, whatever ends that. */

export interface WorkerSettings {
  /** Removed by the workers if the test dies without a chance to do so. */
  readonly root: string
  readonly address: StoreAddress
  /** Milliseconds that one call to the store may take. */
  readonly storeTimeout: number
  readonly fault: Fault
  /** Milliseconds. */
  readonly rotateEvery: number
}

/** Milliseconds after which a visit is written down again. */
export const touchInterval = 25

/** Says which process has answered. */
export const workerHeader = 'x-worker'

class RemoteGate extends Gate {
  override pass(): Promise<void> {
    process.send?.('waiting')
    return super.pass()
  }
}

export async function serve({ root, address, storeTimeout, fault, rotateEvery }: WorkerSettings): Promise<void> {
  const { store } = await openStore(address)
  const sessions = new Sessions<Shop>({
    store: faults[fault](store),
    storeTimeout,
    initial,
    merge: { visits: 'sum', items: 'append' },
    rotation: { every: rotateEvery },
    // Most visits are written down, and the clean-up runs all the time: both beside everything else.
    touchInterval,
    cleanupInterval: 250,
  })
  const gate = new RemoteGate()
  process.on('message', () => gate.open())
  // A signal to the whole group (Ctrl-C) ends the test, and the end of the test ends this.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  cluster.worker?.once('disconnect', () => {
    remove(root)
    process.exit()
  })
  const shop = application(sessions, gate, routes(sessions))
  const server = createServer(
    coatcheck(sessions, async (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
      const {
        status = 200,
        headers,
        body,
      } = await shop({
        request,
        method: request.method ?? '',
        path: pathname,
        query: searchParams,
        body: async () => '',
      })
      response.writeHead(status, { ...headers, [workerHeader]: process.pid })
      response.end(typeof body === 'string' ? body : undefined)
    }),
  )
  // A connection that was idle for five seconds must not close under a request.
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
}

/** All workers do it at once, and some are still at work. */
function remove(root: string): void {
  for (let tries = 0; tries < 50 && existsSync(root); tries++) {
    try {
      rmSync(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
    } catch {
      // Another one has removed, or added, what this one was about to remove.
    }
  }
}
