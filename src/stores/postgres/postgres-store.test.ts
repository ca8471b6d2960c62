import { after, before } from 'node:test'
import pg from 'pg'
import { postgres } from '../../../test/needs.ts'
import { type PostgresServer, startPostgres } from '../../../test/servers/postgres.ts'
import { testStore } from '../../testing/index.ts'
import { type PostgresStore, postgresStore } from './index.ts'

const { skip } = postgres()
let server: PostgresServer
let pool: pg.Pool
let tables = 0

before(async () => {
  if (skip) return
  server = await startPostgres()
  process.env.COATCHECK_TEST_POSTGRES = server.connectionString
  pool = new pg.Pool({ connectionString: server.connectionString })
})
after(async () => {
  await pool?.end()
  await server?.stop()
})

async function open(): Promise<PostgresStore> {
  const store = postgresStore(pool, { table: `sessions_${++tables}` })
  await store.ensureSchema()
  return store
}

const processes = new URL('../../../test/servers/postgres-open.ts', import.meta.url)
testStore('postgresStore', open, { skip, processes })
