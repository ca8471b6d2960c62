import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { samples } from './samples.ts'

/** A session in the words that all libraries share. Each subject spells them as its README does. */
export interface VisitedSession {
  get(key: string): unknown
  set(key: string, value: unknown): void | Promise<void>
  /** The sign-in of the README: a new id where the library has a way to get one, then the user. */
  signIn(user: string): void | Promise<void>
  signOut(): void | Promise<void>
  /** A new id, the data stays. Absent where the library has no way. */
  rotate?(): void | Promise<void>
  /** Saves now, for libraries that answer before they have saved. */
  save?(): Promise<void>
}

export interface Call {
  readonly method: string
  /** Path and query. */
  readonly url: string
}

export interface Answer {
  readonly status: number
  readonly location?: string
  readonly body: Readonly<Record<string, unknown>>
}

/** `reason` lets a library with several ways of opening choose the one that its README gives for it. */
export type Open = (reason: 'sign-out' | 'anything else') => VisitedSession | Promise<VisitedSession>

/** The same small application on every subject. `?wait=` is the database that a real handler waits for. */
export async function application({ method, url }: Call, open: Open): Promise<Answer> {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const query = (name: string): string => searchParams.get(name) ?? ''
  const work = (): Promise<void> | undefined => (query('wait') ? sleep(Number(query('wait'))) : undefined)
  const session = await open(pathname === '/sign-out' ? 'sign-out' : 'anything else')

  switch (`${method} ${pathname}`) {
    case 'GET /read': {
      const values = Object.fromEntries(
        query('keys')
          .split(',')
          .map((key) => [key, session.get(key)]),
      )
      const user = session.get('user') ?? null
      await work()
      return ok({ user, values })
    }
    case 'GET /write':
    case 'POST /write':
      session.get(query('key'))
      await work()
      await session.set(query('key'), query('value'))
      return ok({})
    case 'GET /increment':
    case 'POST /increment': {
      const n = Number(session.get('n') ?? 0)
      await work()
      await session.set('n', n + 1)
      return ok({ n: n + 1 })
    }
    case 'POST /push': {
      const cart = session.get('cart') as { items: string[] } | undefined
      if (cart) cart.items.push('hat')
      else await session.set('cart', { items: [] })
      return ok({})
    }
    case 'POST /sample':
      await session.set('sample', samples[query('kind')]?.())
      return ok({})
    case 'GET /sample':
      return ok({ isSame: isDeepStrictEqual(session.get('sample'), samples[query('kind')]?.()) })
    case 'POST /sign-in':
      await session.signIn(query('user'))
      return ok({})
    case 'POST /sign-out':
      await session.signOut()
      return ok({})
    case 'POST /rotate':
      if (!session.rotate) return { status: 501, body: {} }
      await session.rotate()
      return ok({})
    case 'POST /redirect':
      await session.set(query('key'), query('value'))
      if (query('save')) {
        if (!session.save) return { status: 501, body: {} }
        await session.save()
      }
      return { status: 303, location: `/read?keys=${query('key')}`, body: {} }
  }
  return { status: 404, body: {} }
}

function ok(body: Answer['body']): Answer {
  return { status: 200, body }
}
