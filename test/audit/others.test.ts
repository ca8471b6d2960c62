// What an audit finds on servers that others have written, set up by their defaults.
import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import { php } from '../needs.ts'
import { auditedOverHttps, auditOf, credentials, foundIn } from './audited.ts'
import { servedByPhp } from './php.ts'

const benchRequire = createRequire(new URL('../../bench/package.json', import.meta.url))

const form = `<form method="post" action="/login">
  <input name="username"><input name="password" type="password"><button>Log in</button></form>`
const secret = 'a secret of at least thirty-two letters'

describe('express-session', { skip: missing('express-session') }, () => {
  const setsUser: SignIn = (request, done) => {
    request.session.user = credentials.username
    done()
  }
  const asInReadme: SignIn = (request, done) => {
    request.session.regenerate(() => {
      request.session.user = credentials.username
      request.session.save(done)
    })
  }

  it('by its defaults has these weaknesses, where a login sets the user and no more', async (t) => {
    assert.deepEqual(foundIn(await auditedOverHttps(t, express(setsUser))), [
      'high cookie-secure',
      'high id-kept-at-login',
      'high logout-undone',
      'low cookie-name',
      'low cross-site-logout',
      'low doubled-cookie',
      'low early-session',
      'low hsts',
      'medium cookie-cached',
      'medium cookie-prefix',
      'medium cookie-samesite',
      'medium cross-site-login',
      'medium page-cached',
    ])
  })

  it('has these, set up as its README advises and told nothing of cookies', async (t) => {
    const options = { resave: false, saveUninitialized: false }
    assert.deepEqual(foundIn(await auditedOverHttps(t, express(asInReadme, options))), [
      'high cookie-secure',
      'low cookie-name',
      'low cross-site-logout',
      'low doubled-cookie',
      'low hsts',
      'low logout-leaves-cookie',
      'medium cookie-prefix',
      'medium cookie-samesite',
      'medium cross-site-login',
      'medium page-cached',
    ])
  })
})

describe('@fastify/session', { skip: missing('@fastify/session') }, () => {
  it('by its defaults has these weaknesses', async (t) => {
    const app = await fastify()
    t.after(() => app.close())
    assert.deepEqual(foundIn(await auditedOverHttps(t, app.routing)), [
      'high logout-undone',
      'low cookie-name',
      'low cross-site-logout',
      'low doubled-cookie',
      'low early-session',
      'low hsts',
      'medium cookie-cached',
      'medium cookie-prefix',
      'medium cookie-samesite',
      'medium cross-site-login',
      'medium page-cached',
    ])
  })
})

describe('PHP', { skip: php().skip ?? false }, () => {
  const program = (signIn: string, settings = ''): string => `<?php
    ${settings}
    session_start();
    switch ($_SERVER['REQUEST_METHOD'] . ' ' . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH)) {
      case 'POST /login':
        $isRight = $_POST['username'] === '${credentials.username}' && $_POST['password'] === '${credentials.password}';
        if (!$isRight) return http_response_code(401);
        ${signIn}
        $_SESSION['user'] = $_POST['username'];
        return header('Location: /me', true, 303);
      case 'POST /logout':
        session_destroy();
        return header('Location: /', true, 303);
      case 'GET /me':
        if (!isset($_SESSION['user'])) return header('Location: /login', true, 303);
        echo 'Hello, ', htmlspecialchars($_SESSION['user']);
        return;
      default:
        echo '${form}';
    }`
  const strict = "ini_set('session.use_strict_mode', '1');"

  it('by its defaults has these weaknesses', async (t) => {
    assert.deepEqual(foundIn(await auditOf(await servedByPhp(t, php().path, program('')))), [
      'high cookie-httponly',
      'high id-kept-at-login',
      'high made-up-id',
      'low cookie-name',
      'low cross-site-logout',
      'low doubled-cookie',
      'low early-session',
      'low logout-leaves-cookie',
      'medium cookie-samesite',
      'medium cross-site-login',
    ])
  })

  it('adopts made-up ids even where the login makes a new one, until it is told not to', async (t) => {
    const renewing = 'session_regenerate_id(true);'
    const high = async (settings: string): Promise<string[]> => {
      const url = await servedByPhp(t, php().path, program(renewing, settings))
      return foundIn(await auditOf(url)).filter((found) => found.startsWith('high'))
    }
    assert.deepEqual(await high(''), ['high cookie-httponly', 'high made-up-id'])
    assert.deepEqual(await high(strict), ['high cookie-httponly'])
  })

  it('leaves the old id alive where session_regenerate_id is not told otherwise', async (t) => {
    const url = await servedByPhp(t, php().path, program('session_regenerate_id();', strict))
    assert.ok(foundIn(await auditOf(url)).includes('medium old-id-alive'))
  })
})

/** The rivals are installed for the comparison only. */
function missing(name: string): string | false {
  try {
    benchRequire.resolve(name)
    return false
  } catch {
    return 'bench/ is not installed (npm run compare installs it)'
  }
}

interface ExpressRequest {
  readonly method: string
  readonly path: string
  readonly body: Readonly<Record<string, string>>
  session: {
    user?: string
    regenerate(done: () => void): void
    save(done: () => void): void
    destroy(done: () => void): void
  }
}

interface ExpressResponse {
  send(html: string): void
  redirect(status: number, path: string): void
  sendStatus(status: number): void
}

type SignIn = (request: ExpressRequest, done: () => void) => void

/** An application on Express with express-session, which is told its secret, and nothing else by default. */
function express(signIn: SignIn, options: object = {}): RequestListener {
  const express = benchRequire('express')
  const app = express()
  app.use(benchRequire('express-session')({ secret, ...options }), express.urlencoded())
  app.get('/me', ({ session }: ExpressRequest, response: ExpressResponse) =>
    session.user ? response.send(`Hello, ${session.user}`) : response.redirect(303, '/login'),
  )
  app.post('/login', (request: ExpressRequest, response: ExpressResponse) => {
    if (!isRight(request.body)) response.sendStatus(401)
    else signIn(request, () => response.redirect(303, '/me'))
  })
  app.post('/logout', ({ session }: ExpressRequest, response: ExpressResponse) =>
    session.destroy(() => response.redirect(303, '/')),
  )
  app.get(['/', '/login'], (_: ExpressRequest, response: ExpressResponse) => response.send(form))
  return app
}

interface FastifyRequest {
  readonly body: Readonly<Record<string, string>>
  readonly session: { user?: string; regenerate(): Promise<void>; destroy(): Promise<void> }
}

interface FastifyReply {
  type(type: string): FastifyReply
  code(status: number): FastifyReply
  send(text: string): FastifyReply
  redirect(path: string, status: number): FastifyReply
}

/** An application on Fastify with @fastify/session, which is told its secret and nothing else. */
async function fastify() {
  const app = benchRequire('fastify')()
  app.register(benchRequire('@fastify/cookie'))
  app.register(benchRequire('@fastify/session'), { secret })
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_: unknown, body: string) => Object.fromEntries(new URLSearchParams(body)),
  )
  app.get('/me', async ({ session }: FastifyRequest, reply: FastifyReply) =>
    session.user ? reply.send(`Hello, ${session.user}`) : reply.redirect('/login', 303),
  )
  app.post('/login', async (request: FastifyRequest, reply: FastifyReply) => {
    if (!isRight(request.body)) return reply.code(401).send('Wrong.')
    await request.session.regenerate()
    request.session.user = credentials.username
    return reply.redirect('/me', 303)
  })
  app.post('/logout', async ({ session }: FastifyRequest, reply: FastifyReply) => {
    await session.destroy()
    return reply.redirect('/', 303)
  })
  for (const path of ['/', '/login']) {
    app.get(path, async (_: FastifyRequest, reply: FastifyReply) => reply.type('text/html').send(form))
  }
  await app.ready()
  return app as { readonly routing: RequestListener; close(): Promise<void> }
}

function isRight(body: Readonly<Record<string, string>>): boolean {
  return body.username === credentials.username && body.password === credentials.password
}
