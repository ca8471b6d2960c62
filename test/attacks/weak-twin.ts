import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { dirname, join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { Application, type Shop, type Visit } from './application.ts'
import { type RunOptions, runTwin, type Twin } from './running-twin.ts'
import type { Target } from './target.ts'

/** `cookie`: a logout clears the cookie and leaves the record. `record`: it deletes both. */
export interface WeakTwinOptions extends RunOptions {
  readonly logout?: 'cookie' | 'record'
}

/**
 * The application with sessions as many sites have them, each fault a real one:
 * 16-bit ids · an id that the visitor brings is taken over, and kept at login · the id is the file's name · a role in a
 * readable cookie · no HttpOnly, no SameSite, nothing that tells a cross-site request · a whole session is saved at the end of each
 * request, the last one wins, and a deleted one is back · one variable for "signed in" and "wants a new password" · stored JSON is
 * merged into an object key by key · pages that any cache may keep.
 */
export async function weakTwin({ logout = 'cookie', ...options }: WeakTwinOptions = {}): Promise<Target> {
  const make = (directory: string): Twin => {
    const sessions = new WeakSessions(join(directory, 'sessions'))
    const application = new Application(join(directory, 'uploads'))

    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      const cookies = cookiesOf(request.headers.cookie)
      const id = cookies.get('sid') || newId()
      const setCookies = [`sid=${id}; Path=/`]
      let data: Shop | undefined = sessions.load(id)
      const visit: Visit = {
        get data() {
          return data ?? {}
        },
        get userId() {
          return data?.user
        },
        get role() {
          return roleOf(cookies, data)
        },
        signIn(userId, role) {
          visit.data.user = userId
          const card = Buffer.from(JSON.stringify({ user: userId, role })).toString('base64')
          setCookies.push(`role=${card}; Path=/`)
        },
        signOut() {
          setCookies[0] = 'sid=; Path=/; Max-Age=0'
          if (logout === 'record') sessions.delete(id)
          data = undefined
        },
      }
      const end = (): void => {
        if (data) sessions.save(id, data)
        response.setHeader('set-cookie', setCookies)
      }
      const failed = (error: unknown): void => void response.writeHead(500).end(String(error))
      application.answer(request, response, () => visit, end).catch(failed)
    }

    return {
      application,
      listener,
      sessionFiles: join(directory, 'sessions'),
      cookieName: () => 'sid',
      whoIs(cookieHeader) {
        const cookies = cookiesOf(cookieHeader)
        const data = sessions.load(cookies.get('sid') ?? '')
        return { userId: data.user, role: roleOf(cookies, data) }
      },
      sessionsOf: (userId) => sessions.all().filter(({ user }) => user === userId),
      signIn(userId) {
        const id = newId()
        sessions.save(id, { user: userId })
        return `sid=${id}`
      },
      close() {},
    }
  }
  return runTwin('the weak twin', make, options)
}

class WeakSessions {
  readonly #directory: string
  readonly #ids = new Set<string>()

  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true })
  }

  load(id: string): Shop {
    const path = this.#path(id)
    return realm.load(id !== '' && existsSync(path) ? readFileSync(path, 'utf8') : '{}')
  }

  save(id: string, data: Shop): void {
    this.#ids.add(id)
    writeFileSync(this.#path(id), JSON.stringify(data))
  }

  delete(id: string): void {
    rmSync(this.#path(id), { force: true })
  }

  all(): Shop[] {
    return [...this.#ids].map((id) => this.load(id))
  }

  #path(id: string): string {
    const path = join(this.#directory, `sess_${id}`)
    // Weak as it is, it is run on somebody's machine.
    if (!path.startsWith(dirname(this.#directory))) throw new Error(`${path} is none of the twin's files`)
    return path
  }
}

/** In a realm of its own: what it does to `Object.prototype` ends with it, and is felt by nobody else in this process. */
const realm = runInNewContext(`
  function merge(target, source) {
    for (const key in source) {
      if (typeof source[key] === 'object') merge(target[key] ??= {}, source[key])
      else target[key] = source[key]
    }
    return target
  }
  ({ load: (text) => merge({}, JSON.parse(text)) })
`) as { readonly load: (text: string) => Shop }

function newId(): string {
  return randomBytes(2).toString('hex')
}

function roleOf(cookies: ReadonlyMap<string, string>, data: Shop | undefined): string | undefined {
  const card = cookies.get('role')
  return card ? JSON.parse(Buffer.from(card, 'base64').toString()).role : data?.role
}

function cookiesOf(header = ''): Map<string, string> {
  const pairs = header.split(/;\s*/).filter((pair) => pair.includes('='))
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
}
