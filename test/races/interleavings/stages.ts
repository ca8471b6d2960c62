import { type Exchange, type SessionId, type SessionRecord, Sessions, type SessionsOptions } from 'coatcheck'
import { memoryStore } from 'coatcheck/stores/memory'
import type { Data } from './request-kinds.ts'

const minute = 60_000
/** Longer than any run takes: no timer of core's fires. */
const never = '1h'

export const graceMs = 30_000
export const leaseMs = 600_000
export const cookieName = '__Host-sid'

export const initial: Data = { n: 0, total: 10 }

export const options: Omit<SessionsOptions<Data>, 'store'> = {
  initial: () => ({ ...initial }),
  merge: { total: 'sum' },
  storeTimeout: never,
  lock: { wait: never, lease: leaseMs },
  rotation: { every: '15m', grace: graceMs },
  cleanupInterval: false,
}

/** What is stored, and what the browser has, when a run begins. */
export interface Stage {
  readonly name: StageName
  readonly now: number
  readonly records: readonly SessionRecord[]
  /** The record that most requests are about. */
  readonly first: SessionId
  /** When the sign-in that is half-done began. */
  readonly begunAt: number
  /** When the browser was given its cookie. */
  readonly changedAt: number
  readonly cookies: { readonly own: string; readonly old: string }
  /** The old cookie was replaced by a rotation, not by a sign-in. */
  readonly isOldAlias: boolean
}

export type StageName =
  | 'anonymous'
  | 'half signed in'
  | 'signed in'
  | 'rotation due'
  | 'rotation due, older data'
  | 'rotated'
  | 'rotated and seen'

const stages = new Map<StageName, Promise<Stage>>()

export function stage(name: StageName): Promise<Stage> {
  const known = stages.get(name) ?? prepare(name)
  stages.set(name, known)
  return known
}

async function prepare(name: StageName): Promise<Stage> {
  const store = memoryStore()
  let now = Date.UTC(2030, 0, 1)
  const sessions = new Sessions<Data>({
    ...options,
    ...(name === 'rotation due, older data' && { initial: () => ({}) as Data }),
    store,
    clock: () => now,
    randomBytes: countingBytes(99),
  })
  let first: SessionId | undefined
  let changedAt = now
  const ask: Asking = async (cookie, handle, isNavigation = false) => {
    const { setCookie, id } = await request(sessions, cookie, handle, isNavigation)
    if (setCookie && id === (first ?? id)) changedAt = now
    first ??= id
    return setCookie ?? cookie ?? ''
  }
  const anonymous = await ask(undefined, ({ data }) => {
    data.origin = 'first'
  })
  let cookies = { own: anonymous, old: anonymous }
  const begunAt = now
  if (name === 'half signed in')
    cookies = { own: await ask(anonymous, (session) => session.beginSignIn('ada')), old: anonymous }
  else if (name !== 'anonymous') {
    cookies = { own: await ask(anonymous, (session) => session.signIn('ada')), old: anonymous }
    await ask(undefined, (session) => {
      session.data.origin = 'second'
      session.signIn('ada')
    })
    if (name !== 'signed in') now += 16 * minute
    if (name.startsWith('rotated')) cookies = { own: await ask(cookies.own, () => {}, true), old: cookies.own }
    if (name === 'rotated and seen') await ask(cookies.own, () => {})
  }
  // A touch is due, unless the grace would be over by then.
  if (name !== 'rotated and seen') now += 2 * minute
  const records = [...(store.list!({ now, signal: new AbortController().signal }) as Iterable<SessionRecord>)]
  return {
    name,
    now,
    records,
    first: first!,
    begunAt,
    changedAt,
    cookies,
    isOldAlias: name.startsWith('rotated') || cookies.own === cookies.old,
  }
}

type Handle = (session: Awaited<ReturnType<Sessions<Data>['open']>>) => unknown
type Asking = (cookie: string | undefined, handle: Handle, isNavigation?: boolean) => Promise<string>

async function request(
  sessions: Sessions<Data>,
  cookie: string | undefined,
  handle: Handle,
  isNavigation: boolean,
): Promise<{ setCookie: string | undefined; id: SessionId | undefined }> {
  const visit = {}
  sessions.attach(visit, exchange(cookie, isNavigation))
  const session = await sessions.open(visit, { mode: 'shared' })
  await handle(session)
  const headers = (await sessions.commit(visit)) ?? []
  return { setCookie: cookieOf(headers), id: session.id }
}

/** `name=value` of the Set-Cookie line, if there is one. */
export function cookieOf(headers: Iterable<readonly [string, string]>): string | undefined {
  for (const [name, value] of headers) if (name === 'set-cookie') return value.split(';')[0]
  return undefined
}

export function exchange(cookie: string | undefined, isNavigation: boolean): Exchange {
  const headers: { [name: string]: string | undefined } = {
    cookie,
    'sec-fetch-mode': isNavigation ? 'navigate' : 'cors',
  }
  return {
    method: 'POST',
    header: (name) => headers[name],
    secure: true,
    host: 'shop.example',
    isAborted: false,
    onClose() {},
  }
}

/** Different for each call and each source, and the same in every run. */
export function countingBytes(source: number): (size: number) => Uint8Array {
  let count = 0
  return (size) => {
    const bytes = Buffer.alloc(size)
    bytes.writeUInt16BE(source + 1, 0)
    bytes.writeUInt16BE(++count, 2)
    return bytes
  }
}
