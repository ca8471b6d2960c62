import { EventEmitter, once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { localCertificate } from '../../demo/certificate.ts'
import type { Application } from './application.ts'
import { attackerClient } from './attacker-client.ts'
import type { Identity, Target } from './target.ts'

/** A twin as it is made: the site, the server that shows it, and what is known of its sessions. */
export interface Twin {
  readonly application: Application
  readonly listener: RequestListener
  readonly sessionFiles: string
  cookieName(url: string): string
  whoIs(cookieHeader: string, url: string): Identity | Promise<Identity>
  sessionsOf(userId: string): readonly object[] | Promise<readonly object[]>
  /** Returns the cookie of a new session. */
  signIn(userId: string, url: string): string | Promise<string>
  close(): void | Promise<void>
}

/** `secure`: over https, under a host name that has siblings. Default: plain http on localhost. */
export interface RunOptions {
  readonly secure?: boolean
}

/** Starts a twin on a free port of this machine, in a directory of its own. */
export async function runTwin(
  name: string,
  make: (directory: string) => Twin,
  { secure = false }: RunOptions = {},
): Promise<Target> {
  const directory = mkdtempSync(join(tmpdir(), 'coatcheck-twin-'))
  const twin = make(directory)
  const { application, listener, sessionFiles } = twin
  const server = secure
    ? createSecureServer(await localCertificate(join(directory, 'certificate')), listener)
    : createServer(listener)
  const arrivals = new EventEmitter()
  // After the twin's own listener, which has begun with the request by then.
  server.on('request', (request) => arrivals.emit(request.url ?? ''))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = secure ? `https://app.shop.localhost:${port}` : `http://localhost:${port}`
  const client = attackerClient({ url })
  return {
    name,
    url,
    cookieName: (at = url) => twin.cookieName(at),
    begin: { path: '/theme', fields: { theme: 'dark' } },
    change: { path: '/profile', fields: { email: 'mallory@evil.example' } },
    isChanged: async () => application.emails.get('admin') === 'mallory@evil.example',
    slow: { path: '/note', fields: { note: 'written late' } },
    hold: () => application.pause.hold(),
    parallel: {
      arrival: (path) => once(arrivals, path),
      give: { path: '/voucher', fields: {} },
      spend: { path: '/redeem', fields: {} },
      paid: () => application.credit.get('admin') ?? 0,
    },
    puzzle: [{ path: '/forgot', fields: { username: 'admin' } }],
    async inject(script) {
      await client.post({ path: '/notes', fields: { note: `<script>${script}</script>` } })
      return '/notes'
    },
    async upload(content) {
      await client.post({ path: '/upload', fields: { name: 'photo', content } })
      return '../uploads/photo'
    },
    whoIs: async (cookieHeader, at = url) => twin.whoIs(cookieHeader, at),
    sessionsOf: async (userId) => twin.sessionsOf(userId),
    dump: () => filesIn(sessionFiles),
    async populate(count) {
      let cookie = ''
      for (let number = 0; number < count; number++) cookie = await twin.signIn(`user${number}`, url)
      return cookie
    },
    async stop() {
      application.pause.release()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await twin.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export function filesIn(directory: string): { path: string; text: string }[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path: relative(directory, path), text: readFileSync(path, 'utf8') }))
}
