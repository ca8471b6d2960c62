import { execFileSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { postgres } from '../needs.ts'
import { freePort, ownDirectory, ServerProcess, unprivileged } from './postgres-process.ts'

/** A PostgreSQL server of this test's own, empty, on the loopback interface. Any name and no password get in; `postgres` is its superuser. */
export interface PostgresServer {
  readonly port: number
  /** To its database `postgres`, as the superuser. */
  readonly connectionString: string
  /** The server's own, then those of its children at this moment. */
  readonly pids: readonly number[]
  /** Stops it where it stands: connections stay open, and nobody answers. */
  pause(): void
  resume(): void
  /** Kills it and all its children at once. */
  kill(): Promise<void>
  /** Starts it again, on the same port and the same data, after a `kill` or instead of what runs. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

export interface PostgresServerOptions {
  /** Whether it waits for the disk. Default true: where tests run in memory, that costs nothing. */
  readonly fsync?: boolean
  /** A replica, which follows that server. */
  readonly replicaOf?: Pick<PostgresServer, 'port'>
  /** More of what `postgresql.conf` takes. */
  readonly settings?: { readonly [name: string]: string }
}

/** Ends by itself when this process does, killed or not. */
export async function startPostgres({
  fsync = true,
  settings = {},
  replicaOf,
}: PostgresServerOptions = {}): Promise<PostgresServer> {
  const path = realpathSync(postgres().path) // its other programs lie beside it, not beside a link to it
  const account = unprivileged()
  const directory = ownDirectory('coatcheck-postgres-', account)
  const data = join(directory, 'data')
  const [program, options] = replicaOf
    ? [
        'pg_basebackup',
        ['-D', data, '-R', '-h', '127.0.0.1', '-p', `${replicaOf.port}`, '-U', 'postgres', '-c', 'fast'],
      ]
    : ['initdb', ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '--encoding=UTF8', '--no-locale']]
  execFileSync(join(dirname(path), program), options, {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...account,
  })

  const port = await freePort()
  const all = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    dynamic_shared_memory_type: 'mmap', // in its own directory, so that a kill leaves nothing behind
    shared_buffers: '32MB',
    fsync: fsync ? 'on' : 'off',
    full_page_writes: fsync ? 'on' : 'off',
    ...settings,
  }
  const server = new ServerProcess(
    directory,
    [path, '-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    account,
    'QUIT',
  )
  const connectionString = `postgres://postgres@127.0.0.1:${port}/postgres`
  const start = (): Promise<void> => server.start(() => isAnswering(connectionString))
  await start()
  return {
    port,
    connectionString,
    get pids() {
      return server.pids
    },
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    kill: () => server.kill(),
    async restart() {
      await server.stop()
      await start()
    },
    stop: () => server.remove(),
  }
}

/** Rejects unless the server at that address takes connections. */
export async function isAnswering(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1_000 })
  client.on('error', () => {})
  await client.connect()
  await client.query('select 1')
  await client.end()
}
