import pg from 'pg'
import { type Need, postgres, redisServer } from '../needs.ts'
import { startPostgres } from '../servers/postgres.ts'
import { startRedis } from '../servers/redis.ts'
import type { StoreAddress } from './opened-store.ts'

/** A real server that keeps what it has acknowledged when it is killed, and the ways in which it can fail. */
export interface Engine {
  readonly kind: 'redis' | 'postgres'
  readonly port: number
  /** Where it is, or where it is to be reached through another port. */
  address(port?: number): StoreAddress
  /** It keeps its connections and answers nothing, until it is resumed. */
  pause(): void
  resume(): void
  /** kill -9. */
  kill(): Promise<void>
  restart(): Promise<void>
  /** Every connection is closed from the server's side. */
  cutClients(): Promise<void>
  stop(): Promise<void>
}

export const engines: {
  readonly [kind in Engine['kind']]: { readonly need: () => Need; readonly start: () => Promise<Engine> }
} = {
  redis: {
    need: redisServer,
    async start() {
      const server = await startRedis({ appendFsync: 'always' })
      return {
        ...server,
        kind: 'redis',
        address: (port = server.port) => ({ kind: 'redis', at: `redis://127.0.0.1:${port}` }),
        async cutClients() {
          await server.command('CLIENT', 'KILL', 'TYPE', 'normal')
          await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
        },
      }
    },
  },
  postgres: {
    need: postgres,
    async start() {
      const server = await startPostgres()
      return {
        ...server,
        kind: 'postgres',
        address: (port = server.port) => ({
          kind: 'postgres',
          at: server.connectionString.replace(`:${server.port}/`, `:${port}/`),
        }),
        async cutClients() {
          const client = new pg.Client({ connectionString: server.connectionString })
          await client.connect()
          await client.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`,
          )
          await client.end()
        },
      }
    },
  },
}
