import session from 'express-session'
import sessionFileStore from 'session-file-store'
import type { Serve } from '../server.ts'
import { serveExpressSession } from './express-session.ts'

export const serve: Serve = (path) => {
  const FileStore = sessionFileStore(session)
  return serveExpressSession(new FileStore({ path, logFn: () => {} }))
}
