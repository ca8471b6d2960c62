import { createHash } from 'node:crypto'
import { type PostgresClient, type PostgresPool, type Row, withClient } from './pool.ts'

export interface DatabaseOptions {
  /** False behind a pooler that gives each transaction another connection: it knows no prepared statements. */
  readonly prepares: boolean
  readonly isKept: boolean
}

/** Pools whose server loses data with the power, which has been said. */
const warnedOf = new WeakSet<PostgresPool>()

/** The store's statements, each a round trip of its own, on connections that were found fit for it. */
export class Database {
  readonly pool: PostgresPool
  readonly #options: DatabaseOptions
  readonly #fit = new WeakSet<PostgresClient>()
  readonly #names = new Map<string, string>()

  constructor(pool: PostgresPool, options: DatabaseOptions) {
    this.pool = pool
    this.#options = options
  }

  async run(text: string, values: unknown[], signal: AbortSignal): Promise<readonly Row[]> {
    const attempt = (): Promise<readonly Row[]> =>
      withClient(this.pool, signal, async (client) => {
        if (!this.#fit.has(client)) await this.#check(client)
        const name = this.#options.prepares ? { name: this.#nameOf(text) } : {}
        return (await client.query({ text, values, ...name })).rows
      })
    try {
      return await attempt().catch((error) => {
        // A deadlock's victim, or a serialization failure: it was rolled back for certain.
        if (codeOf(error) !== '40P01' && codeOf(error) !== '40001') throw error
        return attempt()
      })
    } catch (error) {
      throw explained(error)
    }
  }

  #nameOf(text: string): string {
    let name = this.#names.get(text)
    if (!name) {
      name = `coatcheck_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
      this.#names.set(text, name)
    }
    return name
  }

  /** Once per connection, as a pool may reach several servers, one after the other or in turn. */
  async #check(client: PostgresClient): Promise<void> {
    const { rows } = await client.query({
      text: `select pg_is_in_recovery() as "isReplica", current_setting('transaction_isolation') as isolation,
        current_setting('fsync') as fsync`,
    })
    const { isReplica, isolation, fsync } = rows[0] ?? {}
    if (isReplica === true || isReplica === 't') {
      throw new Error(
        'postgresStore must reach the primary, and this is a replica: it may show sessions that have ended',
      )
    }
    if (isolation !== 'read committed') {
      throw new Error(
        `postgresStore needs the isolation level read committed, and gets ${isolation}; set default_transaction_isolation for its role`,
      )
    }
    if (fsync === 'off' && this.#options.isKept && !warnedOf.has(this.pool)) {
      warnedOf.add(this.pool)
      console.warn(
        'coatcheck: this PostgreSQL runs with fsync = off, and a power loss may destroy its data, sessions included',
      )
    }
    this.#fit.add(client)
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code
}

const remedies: { readonly [code: string]: string } = {
  '3F000': 'call `await store.ensureSchema()` at start-up: the tables of the sessions are not there',
  '42P01': 'call `await store.ensureSchema()` at start-up: the tables of the sessions are not there',
  '42883': 'call `await store.ensureSchema()` at start-up: the functions of the sessions are not there',
  '26000': 'a pooler in transaction mode lies between: postgresStore(pool, { pooler: "transaction" })',
  '42P05': 'a pooler in transaction mode lies between: postgresStore(pool, { pooler: "transaction" })',
  '25006': 'postgresStore must reach a primary that takes writes, and this server or role is read-only',
}

/** What the operator can do about it, where that is known. */
function explained(error: unknown): unknown {
  const remedy = remedies[String(codeOf(error))]
  if (!remedy) return error
  return new Error(`${remedy} (${error instanceof Error ? error.message : error})`, { cause: error })
}
