import { createServer } from 'node:http'
import { createFileSessionStorage } from '@react-router/node'
import { createRequestListener } from '@remix-run/node-fetch-server'
import { application, type VisitedSession } from '../application/application.ts'
import type { Faults } from './faults.ts'
import { filesOf } from './files-of.ts'
import { listening } from './listening.ts'
import type { Serve } from './subject.ts'

interface RouterSession {
  get(key: string): unknown
  set(key: string, value: unknown): void
}

interface Storage {
  getSession(cookie: string | null): Promise<RouterSession>
  commitSession(session: RouterSession): Promise<string>
  destroySession(session: RouterSession): Promise<string>
}

export const serve: Serve = async ({ directory, faults }) => {
  const storage = broken(
    createFileSessionStorage({
      dir: directory,
      cookie: {
        name: '__session',
        secrets: ['a secret of the comparison, 32 chars'],
        httpOnly: true,
        secure: true,
        sameSite: 'lax',
        path: '/',
        maxAge: 43_200,
      },
    }),
    faults,
  )
  /** Every action commits, and sends the cookie itself, as the guide's examples do. */
  const handle = async (request: Request): Promise<Response> => {
    const headers = new Headers()
    const visit = visited(await storage.getSession(request.headers.get('Cookie')), storage, request.method === 'POST')
    const answer = await application({ method: request.method, url: request.url }, () => visit.session)
    const cookie = await visit.finish()
    if (cookie) headers.set('Set-Cookie', cookie)
    if (answer.location) headers.set('Location', answer.location)
    return Response.json(answer.body, { status: answer.status, headers })
  }
  return {
    port: await listening(
      createServer(createRequestListener(handle, { onError: () => new Response('', { status: 500 }) })),
    ),
    contents: () => {
      const files = filesOf(directory)
      return { count: files.length, text: files.map(({ path, text }) => `${path}\n${text}`).join('\n') }
    },
  }
}

function visited(
  session: RouterSession,
  storage: Storage,
  isAction: boolean,
): { session: VisitedSession; finish(): Promise<string | undefined> } {
  let ending: 'none' | 'commit' | 'destroy' = isAction ? 'commit' : 'none'
  const set = (key: string, value: unknown): void => {
    session.set(key, value)
    ending = 'commit'
  }
  return {
    session: {
      get: (key) => session.get(key),
      set,
      signIn: (user) => set('user', user),
      signOut: () => {
        ending = 'destroy'
      },
    },
    async finish() {
      if (ending === 'commit') return storage.commitSession(session)
      return ending === 'destroy' ? storage.destroySession(session) : undefined
    },
  }
}

function broken(storage: Storage, faults: Faults): Storage {
  return {
    async getSession(cookie) {
      if (cookie) await faults.before('read')
      return storage.getSession(cookie)
    },
    async commitSession(session) {
      await faults.before('write')
      return storage.commitSession(session)
    },
    async destroySession(session) {
      await faults.before('destroy')
      return storage.destroySession(session)
    },
  }
}
