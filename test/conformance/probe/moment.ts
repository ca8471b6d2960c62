import { AsyncLocalStorage } from 'node:async_hooks'
import type { IncomingMessage } from 'node:http'

/** When and from where a request claims to come. Nothing but a test may believe it. */
interface Moment {
  readonly now: number | undefined
  readonly address: string
}

const moment = new AsyncLocalStorage<Moment>()

/** The time as this request tells it in `X-Test-Clock`: each request has its own, so that none disturbs another. */
export function now(): number {
  return moment.getStore()?.now ?? Date.now()
}

/** The address as this request tells it in `X-Test-Address`. */
export function address(): string {
  return moment.getStore()?.address ?? '127.0.0.1'
}

export function atTheMomentOf(request: IncomingMessage, handle: () => void): void {
  const clock = request.headers['x-test-clock']
  const from = request.headers['x-test-address']?.toString() ?? '127.0.0.1'
  // As if the connection came from there, so that the library finds the address where it would look for it.
  Object.defineProperty(request.socket, 'remoteAddress', { value: from, configurable: true })
  moment.run({ now: clock === undefined ? undefined : Number(clock), address: from }, handle)
}
