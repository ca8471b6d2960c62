import { randomBytes } from 'node:crypto'
import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import { parse } from 'hono/utils/cookie'
import type { DemoContext } from '../demo-env.ts'
import { type Belongings, lifetimeMs, type Room, type Visit } from './room.ts'

export interface WeakOptions {
  name?: string
  cookie?: string
  /** The cookies of a run are of no use outside it. */
  path: string
  sameSite?: 'None' | 'Lax' | 'Strict'
  /** Whether a request that changes something is looked at. */
  check?: 'origin' | 'token'
  /** What a logout forgets: the cookie alone, or the record too. */
  logout?: 'cookie' | 'record'
}

type Data = Belongings & { user?: string; token?: string }

/** Nobody fills the memory by presenting made-up ids. */
const maxRecords = 100

/**
 * Sessions as they are where nobody has thought about it, each fault a real one that popular libraries or sites have: ids of
 * 16 bits; whatever id a visitor brings is taken over, and kept at login; a session is loaded whole and saved whole, so that
 * the last one wins and a deleted one is back; no HttpOnly and no SameSite. Used by the attack lab and nowhere else.
 */
export function weakRoom({ name = '', cookie = 'weak', path, sameSite, check, logout = 'record' }: WeakOptions): Room {
  const records = new Map<string, string>()
  const visits = new WeakMap<Context, WeakVisit>()

  const load = (id: string): Data => JSON.parse(records.get(id) ?? '{}')
  const save = (id: string, data: Data): void => {
    if (records.has(id) || records.size < maxRecords) records.set(id, JSON.stringify(data))
  }
  const send = (c: Context, value: string, maxAge: number): void => {
    // Browsers take SameSite=None only with Secure; they count this machine as secure.
    const site = sameSite ? `; SameSite=${sameSite}${sameSite === 'None' ? '; Secure' : ''}` : ''
    c.header('Set-Cookie', `${cookie}=${value}; Path=${path}; Max-Age=${maxAge}${site}`, { append: true })
  }

  return {
    name,
    cookieName: cookie,
    async middleware(c, next) {
      await next()
      const visit = visits.get(c)
      if (!visit) return
      const { id, data, wasStored, isSignedOut } = visit
      if (isSignedOut) {
        note(c, logout === 'record' ? `Delete session ${id}` : `Leave session ${id} where it is`)
        if (logout === 'record') records.delete(id)
        send(c, '', 0)
      } else if (Object.keys(data).length > 0) {
        if (wasStored && !records.has(id)) note(c, `Session ${id} was deleted meanwhile: it is back`, true)
        else note(c, `Save session ${id}, whole`)
        save(id, data)
        send(c, id, lifetimeMs / 1000)
      }
    },
    async open(c) {
      const id = getCookie(c, cookie)?.slice(0, 40) || newId()
      if (records.has(id)) note(c, `Load session ${id}`)
      const visit = new WeakVisit(id, load(id), records.has(id), (token) => {
        if (check === 'origin') return isFromOwnPage(c)
        return check === 'token' ? token !== '' && token === visit.data.token : true
      })
      if (check === 'token' && visit.user) visit.data.token ??= randomBytes(16).toString('base64url')
      visits.set(c, visit)
      return visit
    },
    async holderOf(header) {
      return load(parse(header, cookie)[cookie] ?? '').user
    },
    async kept() {
      return [...records].map(([id, text]) => {
        const { user, token, ...data }: Data = JSON.parse(text)
        return { key: id, user, data: JSON.stringify(data) }
      })
    },
    async populate(count) {
      while (records.size < count) save(newId(), { user: `visitor ${records.size + 1}` })
    },
    async close() {
      records.clear()
    },
  }
}

class WeakVisit implements Visit {
  readonly id: string
  readonly data: Data
  readonly wasStored: boolean
  readonly accepts: (token: string) => boolean
  isSignedOut = false

  constructor(id: string, data: Data, wasStored: boolean, accepts: (token: string) => boolean) {
    this.id = id
    this.data = data
    this.wasStored = wasStored
    this.accepts = accepts
  }

  get user(): string | undefined {
    return this.isSignedOut ? undefined : this.data.user
  }

  get formToken(): string | undefined {
    return this.data.token
  }

  signIn(user: string): void {
    this.data.user = user
  }

  signOut(): void {
    this.isSignedOut = true
  }
}

/** What it does stands among the evidence, as the library's steps do. */
function note(c: DemoContext | Context, text: string, isWarning = false): void {
  ;(c as DemoContext).get('logged').steps.push({ text, isWarning })
}

export function newId(): string {
  return randomBytes(2).toString('hex')
}

/** What the browser says of the page that a request comes from; without Sec-Fetch-Site, Origin must do. */
function isFromOwnPage(c: Context): boolean {
  const site = c.req.header('sec-fetch-site')
  if (site) return site === 'same-origin' || site === 'none'
  return c.req.header('origin') === new URL(c.req.url).origin
}
