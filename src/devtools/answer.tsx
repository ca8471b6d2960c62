import type { Exchange } from '../core/exchange.ts'
import { liveScript } from './assets/live-script.ts'
import { pageStyle } from './assets/page-style.ts'
import { panelStyle } from './assets/panel-style.ts'
import { timesScript } from './assets/times-script.ts'
import { DevtoolsDocument } from './pages/devtools-page.tsx'
import { type InspectedSessions, openAs, type Recorder } from './recorder.ts'
import { newViewer, type Viewer } from './wire/viewers.ts'

/** An answer of the devtools themselves, for whichever server. */
export interface OwnAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | ReadableStream<Uint8Array>
}

const safeHeaders = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'none'; frame-ancestors 'none'; " +
    "base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-robots-tag': 'noindex',
}

export const notFound: OwnAnswer = {
  status: 404,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  body: '404 Not Found\n',
}

/** An EventSource stops at it without a complaint; the page asks for itself first, and is known then. */
const notKnown: OwnAnswer = { status: 204, headers: { 'cache-control': 'no-store' }, body: '' }

interface Asked {
  readonly exchange: Exchange
  /** The rest of the path, behind the one that the devtools are mounted on. */
  readonly page: string
  readonly path: string
  readonly sessions: InspectedSessions
  readonly recorder: Recorder
  readonly clock: () => number
}

/** What one of the devtools' own addresses answers. A browser that comes for the first time is given the cookie that it is known by. */
export async function answerOwn(asked: Asked): Promise<OwnAnswer> {
  const { exchange, page, path, recorder } = asked
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return notFound
  if (page === '' || page === '/')
    return { ...notFound, status: 302, headers: { ...safeHeaders, location: `${path}/wire` }, body: '' }
  if (page === '/devtools.css') return asset('text/css', pageStyle + panelStyle)
  if (page === '/devtools.js') return asset('text/javascript', timesScript + liveScript)
  const arrival = { ...exchange, path: `${path}${page}` }
  const known = recorder.find(arrival)
  const viewer = known ?? newViewer()
  if (page === '/live') return known && exchange.method === 'GET' ? live(asked, known) : notKnown
  if (page !== '/wire' && page !== '/store') return notFound
  const admitted = known ? undefined : recorder.admit(arrival, viewer)
  const { body, type } = await show(asked, viewer, page.slice(1) as 'wire' | 'store')
  const setCookie = admitted === undefined ? {} : { 'set-cookie': admitted }
  return {
    status: 200,
    headers: { ...safeHeaders, ...setCookie, vary: 'Accept, Cookie', 'content-type': `${type}; charset=utf-8` },
    body,
  }
}

async function show(
  { exchange, path, sessions, recorder, clock }: Asked,
  viewer: Viewer,
  page: 'wire' | 'store',
): Promise<{ type: string; body: string }> {
  const content =
    page === 'wire'
      ? { page, requests: viewer.requests, now: clock() }
      : { page, view: await recorder.view(viewer, await openAs(sessions, exchange)) }
  const accept = exchange.header('accept') ?? ''
  if (accept.includes('application/json') && !accept.includes('text/html')) {
    const json = content.page === 'wire' ? { now: content.now, requests: content.requests } : content.view
    return { type: 'application/json', body: `${JSON.stringify(json, undefined, 2)}\n` }
  }
  return { type: 'text/html', body: `<!DOCTYPE html>${await DevtoolsDocument({ ...content, path })}` }
}

async function live({ exchange, sessions, recorder }: Asked, viewer: Viewer): Promise<OwnAnswer> {
  // The Fetch API does not say when a response has ended: the stream does.
  const onEnd: (() => void)[] = []
  const session = await openAs(sessions, { ...exchange, onClose: (listener) => void onEnd.push(listener) })
  const stream = recorder.stream(viewer, session)
  const end = (): void => {
    for (const listener of onEnd) listener()
  }
  if (!stream) {
    end()
    return {
      ...notFound,
      status: 503,
      headers: { ...notFound.headers, 'retry-after': '5' },
      body: 'Too many streams are open.\n',
    }
  }
  exchange.onClose(() => stream.close())
  void stream.closed.then(end)
  return { status: 200, headers: { ...safeHeaders, 'content-type': 'text/event-stream' }, body: stream.body }
}

function asset(type: string, body: string): OwnAnswer {
  return { status: 200, headers: { ...safeHeaders, 'content-type': `${type}; charset=utf-8` }, body }
}
