import session from '@fastify/session'
import { serveFastify } from './fastify-application.ts'
import type { Serve } from './subject.ts'

export const serve: Serve = async ({ faults }) => {
  const store = new session.MemoryStore() as { readonly store: Map<string, unknown> }
  return {
    port: await serveFastify(store, faults),
    contents: () => ({ count: store.store.size, text: JSON.stringify([...store.store]) }),
  }
}
