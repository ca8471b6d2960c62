import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash, randomBytes } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { LibraryStep } from './library-steps.ts'
import type { FunctionRun } from './seed-lab.ts'

export interface LoggedRequest {
  /** Milliseconds since 1970. */
  at: number
  method: string
  path: string
  /** Ours alone, each value cut. */
  cookies: string[]
  /** The size of the Cookie header's part that is ours. */
  cookieBytes: number
  steps: LibraryStep[]
  /** Absent while the request is being answered. */
  answer?: { status: number; location?: string | undefined; setCookies: string[]; milliseconds: number }
}

/** What the server remembers of one browser, in memory and for this demo's pages only. */
export interface Viewer {
  id: string
  requests: LoggedRequest[]
  /** Names that were logged in with from this browser. */
  knownNames: Set<string>
  /** The newest run of each of the seed's functions. */
  runs: Map<string, FunctionRun>
  /** The last login, as logged, and what the old cookie opened afterwards. */
  login?: { request: LoggedRequest; oldCookie: 'none' | 'refused' | 'accepted' }
}

export type LogEnv = { Variables: { viewer: Viewer; logged: LoggedRequest } }

interface RequestLogOptions {
  clock: () => number
  /** What tells browsers apart, by a name that no other server on this host uses. */
  cookie: (c: Context) => { name: string; secure: boolean }
  /** The names of the demo's other cookies. Cookies ignore ports: others of this host arrive too, and are no business of ours. */
  ownCookies: (c: Context) => readonly string[]
  browsers?: number
  requestsPerBrowser?: number
}

/** The request that is being answered; the library's events are published within it. */
const current = new AsyncLocalStorage<LoggedRequest>()

export function addStep(step: LibraryStep): void {
  const request = current.getStore()
  // A request that misbehaves for long must not fill the memory.
  if (request && request.steps.length < 40) request.steps.push(step)
}

/**
 * Remembers the last requests of each browser: method, path, cookies, status, Set-Cookie, and what the library did between.
 * Never a body, a query, a password, or more than the first four characters of a cookie.
 *
 * Browsers are told apart by a random cookie of their own, as the session's cookie comes and goes at login and logout. As
 * with sessions, only the hash of the cookie is kept, and a value that was not issued here is never adopted.
 */
export class RequestLog {
  readonly #options: Required<RequestLogOptions>
  readonly #viewers = new Map<string, Viewer>()

  constructor(options: RequestLogOptions) {
    this.#options = { browsers: 1000, requestsPerBrowser: 20, ...options }
  }

  /** A browser without the cookie is given one where `issues` says so. Elsewhere its requests are not remembered. */
  middleware(issues: (path: string) => boolean): MiddlewareHandler<LogEnv> {
    return async (c, next) => {
      const { name, secure } = this.#options.cookie(c)
      const known = this.#find(getCookie(c, name))
      const viewer = known ?? newViewer()
      c.set('viewer', viewer)
      const isNew = !known && issues(c.req.path)

      const started = performance.now()
      const request = this.#describe(c)
      c.set('logged', request)
      viewer.requests.push(request)
      if (viewer.requests.length > this.#options.requestsPerBrowser) viewer.requests.shift()

      await current.run(request, next)

      if (isNew) {
        setCookie(c, name, this.#admit(viewer), { httpOnly: true, sameSite: 'Lax', path: '/', secure })
      }
      request.answer = {
        status: c.res.status,
        location: c.res.headers.get('location')?.split('?')[0],
        setCookies: c.res.headers.getSetCookie().map(cutSetCookie),
        milliseconds: performance.now() - started,
      }
    }
  }

  #find(cookie: string | undefined): Viewer | undefined {
    if (!cookie) return undefined
    const key = hash(cookie)
    const viewer = this.#viewers.get(key)
    if (!viewer) return undefined
    this.#viewers.delete(key)
    this.#viewers.set(key, viewer)
    return viewer
  }

  #admit(viewer: Viewer): string {
    const cookie = randomBytes(16).toString('base64url')
    this.#viewers.set(hash(cookie), viewer)
    const [longestUnseen] = this.#viewers.keys()
    if (this.#viewers.size > this.#options.browsers && longestUnseen) this.#viewers.delete(longestUnseen)
    return cookie
  }

  #describe(c: Context): LoggedRequest {
    const { method, path } = c.req
    const names = [this.#options.cookie(c).name, ...this.#options.ownCookies(c)]
    const ours = (c.req.header('cookie') ?? '')
      .split(';')
      .map((pair) => pair.trim())
      .filter((pair) => names.includes(pair.slice(0, Math.max(0, pair.indexOf('=')))))
    return {
      at: this.#options.clock(),
      method: shorten(method, 12),
      path: shorten(path, 80),
      cookies: ours.slice(0, 10).map(cutPair),
      cookieBytes: ours.join('; ').length,
      steps: [],
    }
  }
}

function newViewer(): Viewer {
  return { id: randomBytes(9).toString('base64url'), requests: [], knownNames: new Set(), runs: new Map() }
}

function hash(cookie: string): string {
  return createHash('sha256').update(cookie).digest('base64url')
}

/** The first four characters: enough to see that it changed, too few to use. */
export function cut(value: string): string {
  return value.length > 4 ? `${value.slice(0, 4)}…` : value
}

function cutPair(pair: string): string {
  const equals = pair.indexOf('=')
  return `${shorten(pair.slice(0, equals), 60)}=${cut(pair.slice(equals + 1))}`
}

export function cutSetCookie(header: string): string {
  const end = header.indexOf(';')
  return end === -1 ? cutPair(header) : cutPair(header.slice(0, end)) + shorten(header.slice(end), 160)
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text
}
