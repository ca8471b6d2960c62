import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Session, Sessions } from 'coatcheck'
import { csrfToken } from 'coatcheck/security/csrf'
import type { Accounts } from './accounts.ts'
import { secondFactor } from './accounts.ts'
import { stepUpSeconds } from './configuration.ts'
import { address } from './moment.ts'
import type { OperatorLog } from './operator-log.ts'
import { bodyOf, json, Refusal, type Reply, seeOther, text } from './replies.ts'

export type Data = Record<string, unknown>

export interface Parts {
  readonly sessions: Sessions<Data>
  readonly other: Sessions<Data>
  readonly accounts: Accounts
  readonly log: OperatorLog
}

const stepUp = `${stepUpSeconds}s` as const

/** Anonymous sessions that one address may begin. */
const anonymousLimit = 100
const begun = new Map<string, number>()

/** The last part of a path may be a name. */
export interface Routes {
  readonly [methodAndPath: string]: (request: IncomingMessage, form: URLSearchParams, name: string) => Promise<Reply>
}

/** The routes that a small application would have. */
export function routesOf({ sessions, other, accounts, log }: Parts): Routes {
  const open = (request: IncomingMessage): Promise<Session<Data>> => sessions.open(request)
  const look = (request: IncomingMessage) => sessions.open(request, { mode: 'read-only' })
  const signedIn = async (request: IncomingMessage): Promise<Session<Data> & { userId: string }> => {
    const session = await open(request)
    if (session.userId === undefined) throw new Refusal(401, 'please sign in')
    return session as Session<Data> & { userId: string }
  }
  const clearing = { 'clear-site-data': '"cache", "cookies", "storage"' }

  return {
    'GET /': async () => text('welcome'),
    'POST /anon': async (request) => {
      limitAnonymous()
      ;(await open(request)).data.seen = true
      return text('stored')
    },

    'POST /login': async (request, form) => {
      const session = await open(request)
      const userId = accounts.verify(form.get('user') ?? undefined, form.get('password') ?? undefined)
      if (userId === undefined) {
        log.write('sign-in-failed', { user: form.get('user') })
        return text('wrong name or password', 401)
      }
      if (accounts.needsSecondFactor(userId)) session.beginSignIn(userId)
      else session.signIn(userId)
      return seeOther('/me')
    },
    'POST /mfa': async (request, form) => {
      const session = await open(request)
      if (session.pendingUserId === undefined || form.get('code') !== secondFactor) return text('wrong code', 401)
      session.completeSignIn()
      return seeOther('/me')
    },
    'POST /logout': async (request) => {
      ;(await sessions.open(request, { mode: 'shared' })).signOut()
      return seeOther('/', clearing)
    },
    'POST /logout-and-fail': async (request) => {
      ;(await sessions.open(request, { mode: 'shared' })).signOut()
      throw new Error('something else failed')
    },
    'POST /reauth': async (request, form) => {
      const session = await signedIn(request)
      if (!accounts.verify(session.userId, form.get('password') ?? undefined)) return text('wrong password', 401)
      session.signIn(session.userId)
      return text('welcome back')
    },
    'POST /password': async (request) => {
      const session = await signedIn(request)
      session.requireRecent(stepUp)
      await sessions.ofUser(session.userId).revokeAll({ except: session })
      session.signIn(session.userId)
      return text('changed')
    },
    'POST /role': async (request) => {
      const session = await signedIn(request)
      session.data.role = 'editor'
      session.regenerateId()
      return text('you are an editor now')
    },
    'POST /forgot': async (request, form) => {
      ;(await open(request)).data.resetFor = form.get('user')
      return text('look into your mail')
    },
    'POST /email': async (request) => {
      const session = await open(request)
      session.requireRecent(stepUp)
      session.data.email = 'changed'
      return text('changed')
    },

    'GET /me': async (request) => {
      const { userId } = await open(request)
      return userId === undefined ? text('please sign in', 401) : text(userId)
    },
    'GET /kv/:name': async (request, _form, name) => {
      const { data } = await look(request)
      return Object.hasOwn(data, name) ? text(String(data[name])) : text('no such key', 404)
    },
    'POST /kv/:name': async (request, form, name) => keep(await open(request), name, form.get('value') ?? ''),
    'POST /json/:name': async (request, _form, name) => {
      if (!/^application\/json(;|$)/.test(request.headers['content-type'] ?? '')) return text('JSON only', 415)
      const session = await open(request)
      const body = JSON.parse(await bodyOf(request)) as { value?: unknown }
      return keep(session, name, typeof body.value === 'string' ? body.value : JSON.stringify(body.value))
    },
    'POST /slow': async (request, form) => {
      const session = await sessions.open(request, { mode: 'shared' })
      await sleep(Number(form.get('ms')))
      session.data.slow = (typeof session.data.slow === 'number' ? session.data.slow : 0) + 1
      return text('done')
    },

    'GET /sessions': async (request) => {
      const { userId, handle } = await look(request)
      if (userId === undefined) return text('please sign in', 401)
      const all = await sessions.ofUser(userId).list()
      return json(all.map((each) => ({ handle: each.handle, isThisOne: each.handle === handle })))
    },
    'DELETE /sessions/:name': async (request, _form, name) => {
      const session = await signedIn(request)
      session.requireRecent(stepUp)
      return (await sessions.ofUser(session.userId).revoke(name)) ? text('ended') : text('no such session', 404)
    },
    'POST /admin/revoke': async (request, form) => {
      await administrator(request)
      await sessions.ofUser(form.get('user') ?? '').revokeAll()
      return text('ended')
    },
    'POST /admin/disable': async (request, form) => {
      await administrator(request)
      const userId = form.get('user') ?? ''
      accounts.disable(userId)
      await sessions.ofUser(userId).revokeAll()
      return text('disabled')
    },
    'GET /csrf': async (request) => text(csrfToken(await look(request)) ?? ''),
    'GET /other/me': async (request) => {
      const { userId } = await other.open(request, { mode: 'read-only' })
      return userId === undefined ? text('please sign in', 401) : text(userId)
    },
  }

  async function administrator(request: IncomingMessage): Promise<void> {
    if (!accounts.isAdministrator((await look(request)).userId)) throw new Refusal(403, 'administrators only')
  }
}

/** A plain object takes every name but one: `__proto__` stays what it is, and whoever sends it is told. */
function keep({ data }: Session<Data>, name: string, value: string): Reply {
  data[name] = value
  return Object.hasOwn(data, name) ? text('stored') : text('not a name', 400)
}

/** As a proxy in front would do it, or a limiter; this machine is not limited. */
function limitAnonymous(): void {
  const count = (begun.get(address()) ?? 0) + 1
  begun.set(address(), count)
  if (count > anonymousLimit && address() !== '127.0.0.1') throw new Refusal(429, 'too many')
}
