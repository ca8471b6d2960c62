// Connects, says so, and makes the table of that name once its standard input is closed.
import { once } from 'node:events'
import { postgresStore } from 'coatcheck/stores/postgres'
import pg from 'pg'

const [connectionString, schema = '', table = 'sessions'] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString })
await pool.query('select 1')
process.stdout.write('ready\n')
process.stdin.resume()
await once(process.stdin, 'end')
await postgresStore(pool, { schema, table }).ensureSchema()
await pool.end()
