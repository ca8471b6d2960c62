import { after, before } from 'node:test'
import pg from 'pg'
import { pgbouncer, postgres } from '../../../test/needs.ts'
import { type PgbouncerServer, startPgbouncer } from '../../../test/servers/pgbouncer.ts'
import { type PostgresServer, startPostgres } from '../../../test/servers/postgres.ts'
import { testStore } from '../../testing/index.ts'
import { type PostgresStore, postgresStore } from './index.ts'

const skip = postgres().skip ?? pgbouncer().skip
let server: PostgresServer
let pooler: PgbouncerServer
let pool: pg.Pool
let tables = 0

before(async () => {
  if (skip) return
  server = await startPostgres()
  pooler = await startPgbouncer(server)
  process.env.COATCHECK_TEST_PGBOUNCER = pooler.connectionString
  pool = new pg.Pool({ connectionString: pooler.connectionString })
})
after(async () => {
  await pool?.end()
  await pooler?.stop()
  await server?.stop()
})

async function open(): Promise<PostgresStore> {
  const store = postgresStore(pool, { table: `sessions_${++tables}`, pooler: 'transaction' })
  await store.ensureSchema()
  return store
}

const processes = new URL('../../../test/servers/pgbouncer-open.ts', import.meta.url)
testStore('postgresStore (pgbouncer)', open, { skip, processes })
