import { createHash } from 'node:crypto'

/** What the store's things are called in the database. */
export interface PostgresNames {
  /** The schema they lie in; made if it isn't there. Default `coatcheck`. */
  readonly schema?: string
  /** The table of the sessions; the names of all others begin with it. Default `sessions`. */
  readonly table?: string
}

/** Quoted, and fit to stand in a statement. */
export interface QuotedNames {
  readonly schema: string
  readonly sessions: string
  readonly users: string
  readonly locks: string
  readonly dueIndex: string
  readonly userIndex: string
  readonly usersIndex: string
  readonly write: string
  readonly remove: string
  readonly removeOfUser: string
  readonly lock: string
  readonly unlock: string
  /** Where deletions and turns are told of. Not quoted, and needs no quotes. */
  readonly channel: string
}

// Functions carry the schema's version in their names, so that two versions of an application can run side by side.
export const schemaVersion = 1

export function quotedNames({ schema = 'coatcheck', table = 'sessions' }: PostgresNames): QuotedNames {
  checkName('schema', schema, 63)
  checkName('table', table, 40)
  const inSchema = (suffix: string): string => `${quote(schema)}.${quote(table + suffix)}`
  const hash = createHash('sha256')
    .update(JSON.stringify([schema, table]))
    .digest('hex')
  return {
    schema: quote(schema),
    sessions: inSchema(''),
    users: inSchema('_users'),
    locks: inSchema('_locks'),
    dueIndex: quote(`${table}_due`),
    userIndex: quote(`${table}_of_user`),
    usersIndex: quote(`${table}_users_due`),
    write: inSchema(`_write_v${schemaVersion}`),
    remove: inSchema(`_delete_v${schemaVersion}`),
    removeOfUser: inSchema(`_delete_of_user_v${schemaVersion}`),
    lock: inSchema(`_lock_v${schemaVersion}`),
    unlock: inSchema(`_unlock_v${schemaVersion}`),
    channel: `coatcheck_${hash.slice(0, 16)}`,
  }
}

function checkName(option: string, name: unknown, maxBytes: number): void {
  const isName = typeof name === 'string' && name !== '' && !name.includes('\0')
  // PostgreSQL cuts longer names off, and two of them could become one.
  if (isName && Buffer.byteLength(name) <= maxBytes) return
  throw new TypeError(`${option} must be a name of 1 to ${maxBytes} bytes, got ${JSON.stringify(name)}`)
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text as PostgreSQL's `$tag$text$tag$`, with a tag that doesn't occur in it. */
export function dollarQuoted(text: string): string {
  let tag = 'coatcheck'
  while (text.includes(`$${tag}$`)) tag += '_'
  return `$${tag}$ ${text} $${tag}$`
}
