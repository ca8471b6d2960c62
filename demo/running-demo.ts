import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { fileStore } from 'coatcheck/stores/file'
import { type CookieJar, cookieJar } from 'coatcheck/testing'
import { createDemo, type DemoOptions } from './app.ts'

/** The demo on a free port of this machine, with a store of its own: for tests. */
export interface RunningDemo {
  url: string
  directory: string
  stop: () => Promise<void>
}

export async function runDemo(options: Partial<DemoOptions> = {}): Promise<RunningDemo> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'coatcheck-demo-'))
  const store = options.store ?? fileStore(directory)
  const demo = createDemo({ ...options, store, directory })
  const server = createServer(getRequestListener(demo.app.fetch))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    directory,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await demo.close()
      await store.close?.()
      if (!options.directory) rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A page as a browser got it. */
export interface Answer {
  status: number
  location: string | null
  headers: Headers
  setCookies: string[]
  html: string
  /** What a reader sees, without tags and with single spaces. */
  text: string
}

/** A visitor with a cookie jar, who fills in forms; as browsers do, each says which site it is of. Follows no redirect by itself. */
export class Visitor {
  readonly jar: CookieJar
  readonly #url: string

  constructor(url: string, clock?: () => number) {
    this.#url = url
    this.jar = cookieJar(clock ? { clock } : {})
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask(path, { headers })
  }

  post(path: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask(path, {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: this.#url, ...headers },
    })
  }

  login(username: string, password: string): Promise<Answer> {
    return this.post('/login', { username, password })
  }

  /** The session's cookie, as `name=value`. */
  get sessionCookie(): string | undefined {
    const cookie = this.jar.list().find(({ name }) => /^(__Host-)?sid\b/.test(name))
    return cookie && `${cookie.name}=${cookie.value}`
  }

  async #ask(path: string, init: RequestInit): Promise<Answer> {
    const response = await this.jar.fetch(this.#url + path, init)
    const html = await response.text()
    return {
      status: response.status,
      location: response.headers.get('location'),
      headers: response.headers,
      setCookies: response.headers.getSetCookie(),
      html,
      text: textOf(html),
    }
  }
}

const entities: Record<string, string> = { '&quot;': '"', '&#39;': "'", '&lt;': '<', '&gt;': '>', '&amp;': '&' }

export function textOf(html: string): string {
  return html
    .replaceAll(/<wbr\/?>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&[^;]+;/g, (entity) => entities[entity] ?? entity)
    .replaceAll(/\s+/g, ' ')
}
