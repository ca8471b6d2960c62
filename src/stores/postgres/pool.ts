/** What the store asks of the caller's pool: `Pool` of `pg` 8 has it. */
export interface PostgresPool {
  readonly totalCount: number
  readonly ending?: boolean
  readonly options?: { readonly max?: number | undefined }
  connect(done: (error: Error | undefined, client: PostgresClient | undefined) => void): void
  on?(event: 'remove', listener: () => void): unknown
  removeListener?(event: 'remove', listener: () => void): unknown
}

/** What the store asks of one connection of the pool. */
export interface PostgresClient {
  query(statement: Statement): Promise<{ readonly rows: readonly Row[] }>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'notification', listener: (message: Notification) => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
  /** With an error: it is closed, and does not go back into the pool. */
  release(error?: Error | boolean): void
  ref?(): void
  unref?(): void
}

export interface Statement {
  readonly text: string
  readonly name?: string
  readonly values?: unknown[]
}

export interface Notification {
  readonly channel: string
  readonly payload?: string | undefined
}

export type Row = Readonly<Record<string, unknown>>

/** Throws for what is no pool, in a sentence that names the fix. */
export function checkPool(pool: unknown, name: string): asserts pool is PostgresPool {
  const { connect, totalCount } = (pool ?? {}) as Partial<PostgresPool>
  if (typeof connect === 'function' && typeof totalCount === 'number') return
  throw new TypeError(
    `${name} must be a Pool of the package pg, as in postgresStore(new pg.Pool({ connectionString }))`,
  )
}

/**
 * Takes a client from the pool, and gives it back. Rejects with the signal's reason as soon as it aborts: a client that is
 * still at work then is closed, as it may hang for ever, and one that comes later is given back unused.
 */
export function withClient<T>(
  pool: PostgresPool,
  signal: AbortSignal,
  use: (client: PostgresClient) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let client: PostgresClient | undefined
    let isOver = false
    const finish = (error?: Error): void => {
      isOver = true
      signal.removeEventListener('abort', onAbort)
      client?.release(error)
      client?.removeListener('error', fail)
    }
    const fail = (reason: unknown): void => {
      if (isOver) return
      finish(reason instanceof Error ? reason : new Error('the call was given up'))
      reject(reason)
    }
    const onAbort = (): void => fail(signal.reason)
    if (signal.aborted) return reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    // Not by promise: a connection that dies says so on the client too, and a listener that comes a moment later than the client
    // would let a message that came with the connection end the process.
    pool.connect((error, connected) => {
      if (!connected) return fail(error ?? new Error('the pool gave no connection'))
      if (isOver) return connected.release()
      client = connected
      client.on('error', fail)
      use(client).then((value) => {
        if (isOver) return
        finish()
        resolve(value)
      }, fail)
    })
  })
}
