import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SessionError, Sessions, type SessionsOptions, type Store } from 'coatcheck'
import { coatcheck } from 'coatcheck/adapters/node'
import { csrf } from 'coatcheck/security/csrf'
import { encryption } from 'coatcheck/security/encryption'
import { fingerprint } from 'coatcheck/security/fingerprint'
import { localCertificate } from '../../../demo/certificate.ts'
import { Breaker, type Place } from '../../http/stores.ts'
import { Accounts } from './accounts.ts'
import { options as chosen, configured } from './configuration.ts'
import { atTheMomentOf, now } from './moment.ts'
import { OperatorLog } from './operator-log.ts'
import { bodyOf, Refusal, type Reply } from './replies.ts'
import { type Data, type Parts, type Routes, routesOf } from './routes.ts'
import { testRoutesOf } from './test-routes.ts'
import { serveWebSockets } from './web-sockets.ts'

/** The application under test, at four addresses of this machine. */
export interface Probe {
  /** https. */
  readonly baseUrl: string
  /** Plain http: sends everyone to https. */
  readonly plainUrl: string
  /** Plain http behind a proxy that is trusted, and that the caller plays. */
  readonly trustedUrl: string
  /** Plain http that trusts no proxy. */
  readonly untrustedUrl: string
  stop(): Promise<void>
}

/** What one of the application's authors has got wrong. */
export interface Mistake {
  readonly options?: (options: SessionsOptions<Data>) => SessionsOptions<Data>
  readonly store?: (store: Store) => Store
  readonly routes?: (parts: Parts) => Routes
}

/** A small application with every feature of the library that the checks ask about, its sessions in the given store. */
export async function startProbe(place: Place, mistake: Mistake = {}): Promise<Probe> {
  const breaker = new Breaker()
  const store = breaker.breaking(mistake.store?.(place.store) ?? place.store)
  const log = new OperatorLog()
  const accounts = new Accounts()
  const keys: [Buffer, ...Buffer[]] = [randomBytes(32)]
  const all: Sessions<Data>[] = []
  let serving = begin()

  /** As a server does that is started with these keys. */
  function begin() {
    const settings: SessionsOptions<Data> = {
      store,
      clock: now,
      ...chosen,
      // What has expired must stay shut without it.
      cleanupInterval: false,
      encryption: encryption({ keys }),
      guards: [csrf(), fingerprint({ mode: 'step-up', exempt: isForSigningIn })],
    }
    const options = mistake.options?.(settings) ?? settings
    const sessions = new Sessions<Data>(options)
    const other = new Sessions<Data>({ ...options, cookie: { name: 'other' } })
    all.push(sessions, other)
    const parts: Parts = { sessions, other, accounts, log }
    const routes: Routes = {
      ...routesOf(parts),
      ...mistake.routes?.(parts),
      ...testRoutesOf({
        store: place.store,
        breaker,
        logText: () => log.text,
        recordOf: async (request) => (await sessions.open(request, { mode: 'read-only' })).id,
        configuration: () => configured(options),
        rotateKeys: () => {
          keys.unshift(randomBytes(32))
          serving = begin()
        },
        retireKeys: () => {
          keys.splice(1)
          serving = begin()
        },
      }),
    }
    const listener = (trustProxy: readonly string[]): RequestListener => {
      const answer: RequestListener = (request, response) => handle(routes, request, response)
      const inner = coatcheck(sessions, answer, { trustProxy, onError })
      return coatcheck(other, inner, { trustProxy, onError })
    }
    return { sessions, direct: listener([]), behindProxy: listener(['loopback']) }
  }

  function onError(error: unknown, _request: IncomingMessage, response: ServerResponse): void {
    log.write('error', { message: error instanceof Error ? error.message : String(error) })
    send(response, replyTo(error))
  }

  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-certificate-'))
  const secure = createSecureServer(await localCertificate(folder), (request, response) => {
    response.setHeader('strict-transport-security', 'max-age=63072000; includeSubDomains')
    atTheMomentOf(request, () => serving.direct(request, response))
  })
  serveWebSockets(secure, () => serving.sessions)
  const plain = createServer((request, response) => {
    response.writeHead(308, { location: `https://${address(secure)}${request.url}` }).end()
  })
  const behindProxy = createServer((request, response) => {
    atTheMomentOf(request, () => serving.behindProxy(request, response))
  })
  const untrusting = createServer((request, response) => {
    atTheMomentOf(request, () => serving.direct(request, response))
  })
  const servers = [secure, plain, behindProxy, untrusting]
  for (const server of servers) {
    server.keepAliveTimeout = 60_000
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  }
  return {
    baseUrl: `https://${address(secure)}`,
    plainUrl: `http://${address(plain)}`,
    trustedUrl: `http://${address(behindProxy)}`,
    untrustedUrl: `http://${address(untrusting)}`,
    async stop() {
      for (const server of servers) server.closeAllConnections()
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
      breaker.recover()
      await Promise.all(all.map((sessions) => sessions.close()))
      await place.store.close?.()
      place.remove()
      log.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What a browser that has to sign in again may still do. */
function isForSigningIn(request: IncomingMessage): boolean {
  return ['/login', '/mfa', '/reauth', '/logout'].includes(request.url ?? '')
}

async function handle(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'https://localhost')
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const cut = pathname.lastIndexOf('/')
  const pattern = `${pathname.slice(0, cut)}/:name`
  const route = routes[`${method} ${pathname}`] ?? routes[`${method} ${pattern}`]
  if (!route) {
    const isThere = ['GET', 'POST', 'DELETE'].some(
      (other) => routes[`${other} ${pathname}`] ?? routes[`${other} ${pattern}`],
    )
    return send(response, isThere ? { status: 405, body: 'not that way' } : { status: 404, body: 'not found' })
  }
  const isForm = /^application\/x-www-form-urlencoded/.test(request.headers['content-type'] ?? '')
  const form = new URLSearchParams(isForm ? await bodyOf(request) : '')
  try {
    send(response, await route(request, form, nameIn(pathname.slice(cut + 1))))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    send(response, replyTo(error))
  }
}

function nameIn(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}

function replyTo(error: unknown): Reply {
  if (error instanceof Refusal) return { status: error.status, body: error.message }
  if (error instanceof SessionError) return { status: error.status, body: error.code }
  return { status: 500, body: 'something failed here' }
}

function send(response: ServerResponse, { status = 200, headers = {}, body = '' }: Reply): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}

function address(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
