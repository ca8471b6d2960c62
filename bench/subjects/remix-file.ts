import { createServer } from 'node:http'
import { createCookie } from '@remix-run/cookie'
import { createRouter } from '@remix-run/fetch-router'
import { createRequestListener } from '@remix-run/node-fetch-server'
import { Session } from '@remix-run/session'
import { createFsSessionStorage } from '@remix-run/session/fs-storage'
import { session as sessionMiddleware } from '@remix-run/session-middleware'
import { application, type VisitedSession } from '../application/application.ts'
import type { Faults } from './faults.ts'
import { filesOf } from './files-of.ts'
import { listening } from './listening.ts'
import type { Serve } from './subject.ts'

interface RemixSession {
  readonly destroyed: boolean
  readonly dirty: boolean
  get(key: string): unknown
  set(key: string, value: unknown): void
  destroy(): void
  regenerateId(deletesOldSession: boolean): void
}

interface Storage {
  read(cookie: string | null): Promise<RemixSession>
  save(session: RemixSession): Promise<string | null>
}

interface Context {
  readonly request: Request
  get(key: unknown): RemixSession
}

export const serve: Serve = async ({ directory, faults }) => {
  const cookie = createCookie('__session', {
    secrets: ['a secret of the comparison, 32 chars'],
    httpOnly: true,
    secure: true,
    sameSite: 'lax',
  })
  const storage = broken(createFsSessionStorage(directory), faults)
  const router = createRouter({
    middleware: [sessionMiddleware(cookie, storage)],
    async defaultHandler(context: Context) {
      const { method, url } = context.request
      const answer = await application({ method, url }, () => visited(context.get(Session)))
      const headers = answer.location ? { Location: answer.location } : {}
      return Response.json(answer.body, { status: answer.status, headers })
    },
  })
  const listener = createRequestListener((request: Request) => router.fetch(request), {
    onError: () => new Response('', { status: 500 }),
  })
  return {
    port: await listening(createServer(listener)),
    contents: () => {
      const files = filesOf(directory)
      return { count: files.length, text: files.map(({ path, text }) => `${path}\n${text}`).join('\n') }
    },
  }
}

function visited(session: RemixSession): VisitedSession {
  return {
    get: (key) => session.get(key),
    set: (key, value) => session.set(key, value),
    signIn(user) {
      session.regenerateId(true)
      session.set('user', user)
    },
    signOut: () => session.destroy(),
    rotate: () => session.regenerateId(true),
  }
}

function broken(storage: Storage, faults: Faults): Storage {
  return {
    async read(cookie) {
      if (cookie) await faults.before('read')
      return storage.read(cookie)
    },
    async save(session) {
      if (session.destroyed) await faults.before('destroy')
      else if (session.dirty) await faults.before('write')
      return storage.save(session)
    },
  }
}
