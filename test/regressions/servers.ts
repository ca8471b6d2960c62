import { hosts } from '../http/hosts.ts'
import { onServer, type Serve } from '../http/serving.ts'
import { places } from '../http/stores.ts'

/** For bugs that a store could have: the adapters know nothing of each other, so one is enough. */
export function onEveryStore(scenarios: (serve: Serve) => void): void {
  for (const place of Object.keys(places)) onServer('node', place, scenarios)
}

/** For bugs that an adapter could have. */
export function onEveryHost(scenarios: (serve: Serve) => void): void {
  for (const host of Object.keys(hosts)) onServer(host, 'memoryStore', scenarios)
}
