import session from 'express-session'
import { serveExpress } from './express-application.ts'
import type { Serve } from './subject.ts'

export const serve: Serve = async ({ faults }) => {
  const store = new session.MemoryStore() as { readonly sessions: Record<string, string> }
  return {
    port: await serveExpress(store, faults),
    contents: () => ({ count: Object.keys(store.sessions).length, text: JSON.stringify(store.sessions) }),
  }
}
