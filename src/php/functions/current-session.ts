import { AsyncLocalStorage } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import type { PhpSession } from '../php-session.ts'

const sessions = new AsyncLocalStorage<PhpSession>()
const sessionOf: unique symbol = Symbol('coatcheck PHP session of the listeners')

type Emitter = Pick<EventEmitter, 'emit'> & { [sessionOf]?: PhpSession }

/**
 * Calls it so that `currentSession()`, in it and in all that it awaits or starts, is this one; in listeners of the request too, such as
 * those for its body.
 */
export function runWithin<T>(request: object, session: PhpSession, handler: () => T): T {
  if ('emit' in request) followListeners(request as Emitter, session)
  return sessions.run(session, handler)
}

/** The session of the request that is being answered. */
export function currentSession(what: string): PhpSession {
  const session = sessions.getStore()
  if (session) return session
  throw new TypeError(
    `${what} was used outside of a request. Wrap the application in coatcheck(php), the adapter of your framework; ` +
      'in a listener or a worker that lost the request, use php.open(request)',
  )
}

/** Since Node 22, what of the body comes later is emitted outside of the request that it belongs to. */
function followListeners(request: Emitter, session: PhpSession): void {
  const isFollowed = request[sessionOf] !== undefined
  request[sessionOf] = session
  if (isFollowed) return
  const { emit } = request
  request.emit = (...event: Parameters<typeof emit>) =>
    sessions.run(request[sessionOf]!, () => Reflect.apply(emit, request, event))
}
