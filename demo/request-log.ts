import { AsyncLocalStorage } from 'node:async_hooks'
import { type Arrival, type LibraryStep, type LoggedRequest, panelHeader, type Recorder } from 'coatcheck/devtools'
import type { Context, MiddlewareHandler } from 'hono'
import type { FunctionRun } from './seed-lab.ts'

export type { LoggedRequest } from 'coatcheck/devtools'
export { cut } from 'coatcheck/devtools'

type Recorded = ReturnType<Recorder['begin']>['viewer']

/** What the server remembers of one browser, in memory and for this demo's pages only. */
export interface Viewer {
  /** As the recorder knows it. */
  readonly recorded: Recorded
  readonly id: string
  /** Oldest first. */
  readonly requests: LoggedRequest[]
  /** Names that were logged in with from this browser. */
  readonly knownNames: Set<string>
  /** The newest run of each of the seed's functions. */
  readonly runs: Map<string, FunctionRun>
  /** The last login, as logged, and what the old cookie opened afterwards. */
  login?: { request: LoggedRequest; oldCookie: 'none' | 'refused' | 'accepted' }
}

export type LogEnv = { Variables: { viewer: Viewer; logged: LoggedRequest } }

/** Where the pages that are open listen for news. */
export const livePath = '/live'

/** For as long as the recorder remembers the browser. */
const viewers = new WeakMap<Recorded, Viewer>()
const current = new AsyncLocalStorage<LoggedRequest>()

/** Something that the demo itself does, among the library's steps. */
export function addStep(step: LibraryStep): void {
  current.getStore()?.steps.push(step)
}

/** A page that asks for its own panels anew: neither a request to remember nor a sign of life. */
export function isPanelRequest(c: Context): boolean {
  return c.req.header(panelHeader) !== undefined
}

/** A browser that is not known yet is given its cookie where `issues` says so. Elsewhere its requests are not remembered. */
export function recordRequests(
  recorder: Recorder,
  { issues, isSecure }: { issues: (path: string) => boolean; isSecure: (c: Context) => boolean },
): MiddlewareHandler<LogEnv> {
  return async (c, next) => {
    const { method, path } = c.req
    const arrival: Arrival = {
      method,
      path,
      header: (name) => c.req.header(name),
      secure: isSecure(c),
      host: c.req.header('host') ?? new URL(c.req.url).host,
    }
    const recording = recorder.begin(arrival, { isPanel: path === livePath || isPanelRequest(c) })
    c.set('viewer', viewerOf(recording.viewer))
    c.set('logged', recording.request)
    await current.run(recording.request, () => recording.run(next))
    const admitted = recording.isNew && issues(path) ? recording.admit() : undefined
    if (admitted) c.header('Set-Cookie', admitted, { append: true })
    const { status, headers } = c.res
    recording.end({ status, location: headers.get('location') ?? undefined, setCookies: headers.getSetCookie() })
  }
}

function viewerOf(recorded: Recorded): Viewer {
  const known = viewers.get(recorded)
  if (known) return known
  const { id, requests } = recorded
  const viewer: Viewer = { recorded, id, requests, knownNames: new Set(), runs: new Map() }
  viewers.set(recorded, viewer)
  return viewer
}
