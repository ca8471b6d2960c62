import { chownSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pgbouncer } from '../needs.ts'
import { isAnswering, type PostgresServer } from './postgres.ts'
import { freePort, ownDirectory, ServerProcess, unprivileged } from './postgres-process.ts'

export interface PgbouncerOptions {
  /** When a connection to the server goes back to the pool. Default: after each transaction. */
  readonly mode?: 'session' | 'transaction' | 'statement'
  /** How many connections to the server it keeps. Default 4. */
  readonly size?: number
}

/** A connection pooler in front of a server. Ends by itself when this process does. */
export interface PgbouncerServer {
  readonly port: number
  readonly connectionString: string
  readonly pids: readonly number[]
  pause(): void
  resume(): void
  kill(): Promise<void>
  stop(): Promise<void>
}

export async function startPgbouncer(
  { port: target }: Pick<PostgresServer, 'port'>,
  { mode = 'transaction', size = 4 }: PgbouncerOptions = {},
): Promise<PgbouncerServer> {
  const account = unprivileged()
  const directory = ownDirectory('coatcheck-pgbouncer-', account)
  const port = await freePort()
  const settings = join(directory, 'pgbouncer.ini')
  const text = `
[databases]
* = host=127.0.0.1 port=${target} user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = ${size}
`
  writeFileSync(settings, text)
  if (account.uid !== undefined && account.gid !== undefined) chownSync(settings, account.uid, account.gid)
  const server = new ServerProcess(directory, [pgbouncer().path, settings], account, 'TERM')
  const connectionString = `postgres://postgres@127.0.0.1:${port}/postgres`
  await server.start(() => isAnswering(connectionString))
  return {
    port,
    connectionString,
    get pids() {
      return server.pids
    },
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    kill: () => server.kill(),
    stop: () => server.remove(),
  }
}
