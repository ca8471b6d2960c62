import { createHash, randomBytes } from 'node:crypto'
import type { RecordHistory } from '../record/record-history.ts'
import type { LoggedRequest } from './logged-request.ts'

/** What is remembered of one browser, in this process's memory alone. */
export interface Viewer {
  /** A random name. It is not in the cookie, and the cookie can't be made from it. */
  readonly id: string
  /** Oldest first. */
  readonly requests: LoggedRequest[]
  readonly history: RecordHistory
  /** When everything about the requests that were answered has been noted. */
  noted: Promise<void>
}

/**
 * Browsers, told apart by a random cookie of their own, as the session's cookie comes and goes at login and logout. As with sessions, only the hash of the cookie
 * is kept, a value that was not issued here is never adopted, and those longest unseen make room for new ones.
 */
export class Viewers {
  readonly #known = new Map<string, Viewer>()
  readonly #keys = new WeakMap<Viewer, string>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#known.size
  }

  /** Whether the browser has been given its cookie, and is remembered still. */
  has(viewer: Viewer): boolean {
    const key = this.#keys.get(viewer)
    return key !== undefined && this.#known.has(key)
  }

  find(cookie: string | undefined): Viewer | undefined {
    if (!cookie) return undefined
    const key = hash(cookie)
    const viewer = this.#known.get(key)
    if (!viewer) return undefined
    this.#known.delete(key)
    this.#known.set(key, viewer)
    return viewer
  }

  /** The value of the cookie that the browser is to be given. */
  admit(viewer: Viewer): string {
    const cookie = randomBytes(16).toString('base64url')
    this.#known.set(hash(cookie), viewer)
    this.#keys.set(viewer, hash(cookie))
    const [longestUnseen] = this.#known.keys()
    if (this.#known.size > this.#limit && longestUnseen) this.#known.delete(longestUnseen)
    return cookie
  }
}

export function newViewer(): Viewer {
  const noted = Promise.resolve()
  return { id: randomBytes(9).toString('base64url'), requests: [], history: { requestsSince: 0 }, noted }
}

function hash(cookie: string): string {
  return createHash('sha256').update(cookie).digest('base64url')
}
