export interface Subject {
  /** The file of this folder that serves it. */
  readonly file: string
  /** The head of its column. */
  readonly title: string
  readonly packages: readonly string[]
  /** How it is set up: the footnote of its column. */
  readonly setup: string
  readonly needs?: 'php' | 'redis-server' | 'postgres'
}

const express =
  '`resave: false`, `saveUninitialized: false`, `cookie.secure: true`, `trust proxy`; sign-in as in its README: `regenerate`, then `save`'

/** In the order of the columns. */
export const subjects: readonly Subject[] = [
  {
    file: 'coatcheck-memory',
    title: 'coatcheck memory',
    packages: ['coatcheck'],
    setup:
      "`memoryStore()` under node:http, no options but `trustProxy`; the logout opens its session with `{ mode: 'shared' }`, as in its README",
  },
  {
    file: 'coatcheck-file',
    title: 'coatcheck file',
    packages: ['coatcheck', 'hono', '@hono/node-server'],
    setup: '`fileStore(directory)` under Hono; the rest as above',
  },
  {
    file: 'coatcheck-redis',
    title: 'coatcheck Redis',
    packages: ['coatcheck', 'redis'],
    setup: '`redisStore(client)` on a real Redis server without persistence, under node:http; the rest as above',
    needs: 'redis-server',
  },
  {
    file: 'coatcheck-postgres',
    title: 'coatcheck PostgreSQL',
    packages: ['coatcheck', 'pg'],
    setup: '`postgresStore(pool)` on a real PostgreSQL server, under node:http; the rest as above',
    needs: 'postgres',
  },
  {
    file: 'express-memory',
    title: 'express-session memory',
    packages: ['express', 'express-session'],
    setup: `its \`MemoryStore\`, which it says is not for production; ${express}`,
  },
  {
    file: 'express-file',
    title: 'express-session file',
    packages: ['express', 'express-session', 'session-file-store'],
    setup: 'session-file-store; the rest as above',
  },
  {
    file: 'express-redis',
    title: 'express-session Redis',
    packages: ['express', 'express-session', 'connect-redis', 'redis'],
    setup: 'connect-redis on a real Redis server without persistence; the rest as above',
    needs: 'redis-server',
  },
  {
    file: 'fastify-memory',
    title: '@fastify/session memory',
    packages: ['fastify', '@fastify/session', '@fastify/cookie'],
    setup:
      'its own store, which holds the objects themselves (so what is kept there a real store would lose), and which it says is not for production; `saveUninitialized: false`, `trustProxy`',
  },
  {
    file: 'fastify-redis',
    title: '@fastify/session Redis',
    packages: ['fastify', '@fastify/session', '@fastify/cookie', 'connect-redis', 'redis'],
    setup: 'connect-redis, as its README allows; the rest as above',
    needs: 'redis-server',
  },
  {
    file: 'koa-redis',
    title: 'koa-session Redis',
    packages: ['koa', 'koa-session', 'redis'],
    setup: 'an external store, JSON texts in Redis with the three methods of its README; `secure: true`, `app.proxy`',
    needs: 'redis-server',
  },
  {
    file: 'hono-redis',
    title: '@hono/session Redis',
    packages: ['hono', '@hono/session', 'redis'],
    setup:
      'session storage, JSON texts in Redis with the three methods of its README; `duration.absolute`. Its cookie is the plain session ID of the store, encrypted',
    needs: 'redis-server',
  },
  {
    file: 'remix-file',
    title: 'Remix file',
    packages: ['@remix-run/session', '@remix-run/session-middleware', '@remix-run/fetch-router'],
    setup: '`createFsSessionStorage`, a signed cookie, `regenerateId(true)`',
  },
  {
    file: 'react-router-file',
    title: 'React Router file',
    packages: ['@react-router/node', 'react-router'],
    setup: '`createFileSessionStorage`, a signed cookie with the flags of the guide; each action commits',
  },
  {
    file: 'php',
    title: 'PHP files',
    packages: ['php'],
    setup:
      '`php -S` with 40 workers; `use_strict_mode`, `cookie_httponly`, `cookie_secure` and `cookie_samesite` as the manual advises (all off by default); `session_regenerate_id(true)`: the grace period that the manual asks for is to be written by hand',
    needs: 'php',
  },
]
