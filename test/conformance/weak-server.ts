import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Description } from 'coatcheck/conformance'
import { localCertificate } from '../../demo/certificate.ts'

/** One visitor's session, as a beginner would keep it: nothing but data. */
type Session = Record<string, string>

/** Where it listens, and where it keeps its files. */
export interface WeakServer {
  readonly baseUrl: string
  readonly plainUrl: string
  readonly directory: string
  stop(): Promise<void>
}

/**
 * A server with the mistakes that the checks are about, each of them one that real servers had: ids counted up, taken from
 * visitors and kept through the login, sessions that never end, a cookie without attributes, files named after raw ids, one
 * variable for all requests. It shows that every check can fail.
 */
export async function startWeakServer(): Promise<WeakServer> {
  const sessions = new Map<string, Session>()
  const folder = mkdtempSync(join(tmpdir(), 'weak-server-'))
  const directory = join(folder, 'sessions')
  mkdirSync(directory)
  const log: string[] = []
  let counter = 0
  let current: Session = {}

  const listener: RequestListener = async (request, response) => {
    try {
      await serve(request, response)
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const form = new URLSearchParams(await bodyOf(request))
    const id = idIn(request, url, counter) ?? `${Date.now()}-${++counter}`
    current = read(id)
    log.push(`${request.method} ${decodeURI(url.pathname)} by ${id} as ${form.get('user')}`)
    const isHttps = 'encrypted' in request.socket || request.headers['x-forwarded-proto'] === 'https'
    response.setHeader('set-cookie', `connect.sid=${id}; Path=/; Max-Age=99999999${isHttps ? '; Secure' : ''}`)
    await new Promise(setImmediate)
    const [, first = '', second = ''] = url.pathname.split('/')
    answer(response, first, second, { id, session: current, form, method: request.method ?? 'GET' })
    write(id)
  }

  function read(id: string): Session {
    const file = fileOf(id)
    if (existsSync(file) && statSync(file).size < 10_000_000) sessions.set(id, JSON.parse(readFileSync(file, 'utf8')))
    const session = sessions.get(id) ?? {}
    sessions.set(id, session)
    return session
  }

  function write(id: string): void {
    try {
      writeFileSync(fileOf(id), JSON.stringify(sessions.get(id)))
    } catch {
      // No such folder: an id with a slash in it.
    }
  }

  /** It takes care of paths, it believes. */
  function fileOf(id: string): string {
    return join(
      directory,
      id
        .replaceAll('\0', '')
        .replace(/(\.\.\/)+/g, '../')
        .slice(0, 200),
    )
  }

  function answer(
    response: ServerResponse,
    first: string,
    second: string,
    { id, session, form, method }: { id: string; session: Session; form: URLSearchParams; method: string },
  ): void {
    switch (first) {
      case '':
        response.end('welcome')
        break
      case 'login':
        session.user = form.get('user') ?? ''
        response.end(`signed in, your session is ${id}`)
        break
      case 'logout':
        // The browser forgets; the server doesn't.
        response.setHeader('set-cookie', 'connect.sid=; Path=/account; Max-Age=0')
        response.end('bye')
        break
      case 'forgot':
        session.user = form.get('user') ?? ''
        response.end('look into your mail')
        break
      case 'me':
        response.statusCode = session.user ? 200 : 401
        response.end(session.user ?? 'nobody')
        break
      case 'kv':
        if (method === 'POST' || form.has('value')) session[second] = form.get('value') ?? ''
        response.end(session[second] ?? '')
        break
      case 'json':
        session[second] = 'by-a-form'
        response.end('stored')
        break
      case 'slow': {
        const copy = { ...session }
        setTimeout(
          () => {
            sessions.set(id, copy)
            response.end('done')
          },
          Number(form.get('ms')),
        )
        break
      }
      case 'sessions':
        if (method === 'DELETE') {
          sessions.delete(second)
          rmSync(fileOf(second), { force: true })
        }
        response.end(
          JSON.stringify([...sessions].filter(([, { user }]) => user === session.user).map(([handle]) => handle)),
        )
        break
      case 'token':
        response.end('the-same-for-everyone')
        break
      case 'configuration':
        response.end('{}')
        break
      case 'dump':
        response.end([...sessions].map(([key, data]) => `${key} ${JSON.stringify(data)}`).join('\n'))
        break
      case 'log':
        response.end(log.join('\n'))
        break
      default:
        // Passwords are changed, roles given and sessions ended elsewhere in this application, it believes.
        response.end('done')
    }
  }

  const certificate = await localCertificate(join(folder, 'certificate'))
  const [secure, plain] = [createSecureServer(certificate, listener), createServer(listener)]
  const [securePort, plainPort] = [await listening(secure), await listening(plain)]
  return {
    baseUrl: `https://127.0.0.1:${securePort}`,
    plainUrl: `http://127.0.0.1:${plainPort}`,
    directory,
    async stop() {
      for (const server of [secure, plain]) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Found wherever it may be, and taken as it is. Of two it is now the one, now the other. */
function idIn({ headers }: IncomingMessage, { searchParams }: URL, counter: number): string | undefined {
  const cookies = [...decoded(headers.cookie ?? '').matchAll(/connect\.sid=([^;]*)/gi)].map(([, id]) => id)
  return (
    cookies[(counter + Date.now()) % cookies.length] ?? searchParams.get('sid') ?? headers['x-session-id']?.toString()
  )
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

export function describeWeakServer({ baseUrl, plainUrl, directory }: WeakServer): Description {
  const password = 'any'
  return {
    name: 'a weak server',
    baseUrl,
    plainUrl,
    proxy: { untrustedUrl: plainUrl },
    users: {
      first: { name: 'alice', password },
      many: { name: 'user-{n}', password },
      withSecondFactor: { name: 'carol', password, code: '1' },
      admin: { name: 'admin', password },
    },
    routes: {
      page: { path: '/' },
      anonymousWrite: { method: 'POST', path: '/anon' },
      signIn: { path: '/login', form: { user: '{user}' } },
      secondFactor: { method: 'POST', path: '/mfa' },
      signOut: { method: 'POST', path: '/logout' },
      failingSignOut: { method: 'POST', path: '/logout' },
      changePassword: { method: 'POST', path: '/password' },
      forgotPassword: { path: '/forgot', form: { user: '{user}' } },
      whoAmI: { path: '/me' },
      readValue: { path: '/kv/{key}' },
      writeValue: { path: '/kv/{key}', form: { value: '{value}' } },
      jsonWrite: { path: '/json/{key}', json: { value: '{value}' } },
      slowWrite: { path: '/slow', form: { ms: '{milliseconds}' } },
      listSessions: { path: '/sessions', pattern: '"([^"]+)"' },
      revokeSession: { method: 'DELETE', path: '/sessions/{handle}' },
      adminRevoke: { path: '/revoke', form: { user: '{user}' } },
      sensitiveChange: { method: 'POST', path: '/email' },
      csrfToken: { path: '/token' },
      webSocket: { path: '/' },
      otherApplication: { path: '/me' },
      configure: { path: '/configure', json: '{settings}' },
      configuration: { path: '/configuration' },
      dump: { path: '/dump' },
      log: { path: '/log' },
      breakStore: { method: 'POST', path: '/break' },
      mendStore: { method: 'POST', path: '/mend' },
      corrupt: { method: 'POST', path: '/corrupt' },
      rotateKeys: { method: 'POST', path: '/keys' },
      retireKeys: { method: 'POST', path: '/keys' },
    },
    csrf: { header: 'X-CSRF-Token', needed: 'without-origin' },
    storeDirectory: directory,
    clockHeader: 'X-Test-Clock',
    addressHeader: 'X-Test-Address',
    binding: 'step-up',
    otherCookieName: 'connect.sid',
    limits: {
      idleSeconds: 1_800,
      absoluteSeconds: 7_200,
      rotation: { everySeconds: 900, graceSeconds: 30 },
      sessionsPerUser: { max: 2, whenFull: 'end-oldest' },
      stepUpSeconds: 600,
    },
  }
}
