import { inspect } from 'node:util'
import { type Session, type SessionId, Sessions, type SessionsOptions } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/hono'
import { cutSetCookie } from 'coatcheck/devtools'
import { csrf } from 'coatcheck/security/csrf'
import { Hono } from 'hono'
import type { Demo, DemoContext } from './demo-env.ts'
import type { PhpRun } from './functions/php/php-lab.ts'
import type { LabRequest, SessionFunction } from './functions/session-function.ts'
import { type RawRecord, readRawRecord } from './raw-record.ts'
import type { LoggedRequest } from './request-log.ts'
import type { LabData } from './seed-functions.ts'

/** What one press of a button did, kept for the page that shows it. */
export interface FunctionRun {
  name: string
  /** What coatcheck did; absent for a function that it has no equivalent of. */
  ours: OurRun | undefined
  /** What real PHP did, where it is installed and has the same call. */
  php: PhpRun | undefined
  /** The library's steps are in it. */
  request: LoggedRequest
}

export interface OurRun {
  /** In TypeScript's notation; undefined when the call returned nothing. */
  returned: string | undefined
  thrown: string | undefined
  /** Of this call's own response, values cut. */
  setCookies: string[]
  /** The others that the library has its say in: `Cache-Control: no-store`. */
  headers: string[]
  before: RawRecord | undefined
  after: RawRecord | undefined
}

/** How a call is made: a row's own way, as far as it has one. */
export type LabCall = Pick<SessionFunction, 'open' | 'options' | 'throws'> & {
  run: (lab: LabRequest, session: Session<LabData>) => unknown
}

/** As `createDemo` opens the lab, but for what a row wants otherwise. */
function labOptions({ store, clock }: Demo): SessionsOptions<LabData> {
  const cookie = { name: 'lab' }
  return { store, clock, guards: [csrf()], cookie, idleTimeout: '20m', cleanupInterval: false, initial: () => ({}) }
}

/**
 * Makes one call on the visitor's lab session, in a request of its own within this one: so its headers are all there to be
 * shown, the record is looked at when it is stored, and a handler that throws is one. The cookie goes on to the browser.
 */
export async function runInLab(c: DemoContext, demo: Demo, { open, options, throws, run }: LabCall): Promise<OurRun> {
  const calls: string[] = []
  const own = options && new Sessions<LabData>({ ...labOptions(demo), ...options(demo.store, calls) })
  const sessions = own ?? demo.lab
  let [returned, thrown, failure]: unknown[] = []
  let before: RawRecord | undefined
  let id: SessionId | undefined
  let session: Session<LabData> | undefined

  const app = new Hono().use(coatcheck(sessions))
  app.onError((error, inner) => {
    failure = error
    return inner.body(null, 500)
  })
  app.post('*', async (inner) => {
    session = await sessions.open(inner, open)
    id = session.id
    before = id && (await readRawRecord(demo, id))
    try {
      returned = await run({ c: inner, sessions, store: demo.store, calls }, session)
    } catch (error) {
      thrown = error
      throw error
    }
    return inner.body(null)
  })

  try {
    const response = await app.fetch(requestWithin(c, demo))
    if (failure !== undefined && !(throws && failure === thrown)) throw failure
    const setCookies = response.headers.getSetCookie()
    for (const cookie of setCookies) c.header('Set-Cookie', cookie, { append: true })
    const stored = session?.id ?? id
    return {
      returned: returned === undefined ? undefined : inShort(returned),
      thrown: thrown === undefined ? undefined : String(thrown),
      setCookies: setCookies.map(cutSetCookie),
      headers: ['Cache-Control', 'Vary'].flatMap((name) => {
        const value = response.headers.get(name)
        return value === null ? [] : [`${name}: ${value}`]
      }),
      before,
      after: stored && (await readRawRecord(demo, stored)),
    }
  } finally {
    await own?.close()
  }
}

/** The same cookies, from the same site, over the same kind of connection. */
function requestWithin(c: DemoContext, demo: Demo): Request {
  const url = new URL('/lab', c.req.url)
  url.protocol = demo.isSecure(c) ? 'https:' : 'http:'
  const headers = new Headers()
  for (const name of ['host', 'cookie', 'origin', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest']) {
    const value = c.req.header(name)
    if (value !== undefined) headers.set(name, value)
  }
  return new Request(url, { method: 'POST', headers })
}

function inShort(value: unknown): string {
  return inspect(value, { maxStringLength: 120, breakLength: 80 })
}
