import session from 'express-session'
import sessionFileStore from 'session-file-store'
import { serveExpress } from './express-application.ts'
import { filesOf } from './files-of.ts'
import type { Serve } from './subject.ts'

export const serve: Serve = async ({ directory, faults }) => {
  const FileStore = sessionFileStore(session)
  const store = new FileStore({ path: directory, logFn: () => {} })
  return {
    port: await serveExpress(store, faults),
    contents: () => {
      const files = filesOf(directory).filter(({ path }) => path.endsWith('.json'))
      return { count: files.length, text: files.map(({ path, text }) => `${path}\n${text}`).join('\n') }
    },
  }
}
