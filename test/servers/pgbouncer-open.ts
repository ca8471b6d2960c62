// Opens one store in several processes, through a pooler in transaction mode: a table of its own for each space.
import { type PostgresStore, postgresStore } from 'coatcheck/stores/postgres'
import pg from 'pg'

const pool = new pg.Pool({ connectionString: process.env.COATCHECK_TEST_PGBOUNCER, max: 5 })

export default async function open(space: string): Promise<PostgresStore> {
  const store = postgresStore(pool, { table: space, pooler: 'transaction' })
  await store.ensureSchema()
  return store
}
