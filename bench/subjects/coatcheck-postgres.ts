import { postgresStore } from 'coatcheck/stores/postgres'
import pg from 'pg'
import { serveStore } from './coatcheck-served.ts'
import type { Serve } from './subject.ts'

export const serve: Serve = async ({ postgresUrl, faults }) => {
  const store = postgresStore(new pg.Pool({ connectionString: postgresUrl }))
  await store.ensureSchema()
  return serveStore(store, faults)
}
