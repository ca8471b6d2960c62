import { Agent } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { Sessions } from 'coatcheck'
import { application, initial, type Shop } from '../http/application.ts'
import { Gate } from '../http/gate.ts'
import { hosts } from '../http/hosts.ts'
import { Visitor } from '../http/visitor.ts'
import { type OpenedStore, openStore, type StoreAddress } from './opened-store.ts'

/** Milliseconds that one call to the store may take, and that a request waits for its turn. */
export const storeTimeout = 300
export const lockWait = 1_000

/** The shared application on a store that may fail, until the test is over. */
export async function openShop(
  t: TestContext,
  place: StoreAddress | OpenedStore,
  patience: { readonly storeTimeout: number } = { storeTimeout },
): Promise<{ visitor(): Visitor }> {
  const { store, close } = 'store' in place ? place : await openStore(place)
  const sessions = new Sessions<Shop>({
    store,
    initial,
    merge: { visits: 'sum', items: 'append' },
    ...patience,
    lock: { wait: lockWait },
  })
  const server = hosts.node!(application(sessions, new Gate()), [sessions], {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true })
  t.after(async () => {
    agent.destroy()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await sessions.close({ within: '1s' })
    await close()
  })
  return { visitor: () => new Visitor(port, agent) }
}
