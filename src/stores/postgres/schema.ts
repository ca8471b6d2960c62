import { functions } from './functions.ts'
import { dollarQuoted, type PostgresNames, type QuotedNames, quotedNames, schemaVersion } from './names.ts'
import { type PostgresClient, type PostgresPool, withClient } from './pool.ts'

const label = 'Sessions of coatcheck, schema version '

/**
 * The tables, indices and functions of `postgresStore`, as SQL for migrations of your own. Running it again changes nothing.
 * Whoever runs it owns what it makes; another role that runs the application needs the rights that the guide names.
 *
 * @example
 * writeFileSync('migrations/014-sessions.sql', postgresSchema({ schema: 'app' }))
 */
export function postgresSchema(options: PostgresNames = {}): string {
  const names = quotedNames(options)
  return `${tables(names)}
${functions(names).join('\n')}
comment on table ${names.sessions} is '${label}${schemaVersion}';
`
}

/** Makes what `postgresSchema` says, unless it is there. Several processes may do so at once. */
export async function ensureSchema(pool: PostgresPool, options: PostgresNames, signal: AbortSignal): Promise<void> {
  const { sessions } = quotedNames(options)
  await withClient(pool, signal, async (client) => {
    if (await isThere(client, sessions)) return
    await client.query({ text: 'begin' })
    // One for all names: stores with tables of their own may share a schema, which is made once.
    await client.query({ text: `select pg_advisory_xact_lock(hashtextextended('the schema of coatcheck', 0))` })
    if (!(await isThere(client, sessions))) await client.query({ text: postgresSchema(options) })
    await client.query({ text: 'commit' })
  })
}

async function isThere(client: PostgresClient, sessions: string): Promise<boolean> {
  const { rows } = await client.query({
    text: `select to_regclass($1) is not null as "hasTable", obj_description(to_regclass($1), 'pg_class') as comment`,
    values: [sessions],
  })
  const { hasTable, comment } = rows[0] ?? {}
  if (hasTable !== true) return false
  const version = typeof comment === 'string' && comment.startsWith(label) ? Number(comment.slice(label.length)) : 0
  if (version === schemaVersion) return true
  const reason =
    version > schemaVersion ? `is of a newer coatcheck, schema version ${version}` : 'is none of coatcheck’s'
  throw new Error(`the table ${sessions} ${reason}; name another with the options \`schema\` and \`table\``)
}

/**
 * `due_at` is when the clean-up looks at a record next, and never after `expires_at`. A touch moves `expires_at` alone, which
 * is in no index, so that it stays within its page and enters none (a HOT update); the fill factor leaves room for that.
 */
function tables(names: QuotedNames): string {
  const schema = `'${names.schema.replaceAll("'", "''")}'`
  return `do ${dollarQuoted(`begin
  if to_regnamespace(${schema}) is null then
    create schema ${names.schema};
  end if;
end`)};

create table if not exists ${names.sessions} (
  id bytea primary key check (octet_length(id) = 32),
  version text not null,
  expires_at bigint not null,
  last_seen_at bigint not null,
  due_at bigint not null,
  opened_at bigint,
  user_id bytea,
  body bytea not null
) with (fillfactor = 90);
create index if not exists ${names.dueIndex} on ${names.sessions} (due_at);
create index if not exists ${names.userIndex} on ${names.sessions} (user_id, id) where user_id is not null;

create table if not exists ${names.users} (user_id bytea primary key, not_before bigint not null);
create index if not exists ${names.usersIndex} on ${names.users} (not_before);

-- Whoever has the first place of a session holds its lock. Unlogged: a lock is a lease, and worth no wait for the disk.
create unlogged table if not exists ${names.locks} (
  id bytea not null,
  place bigint generated always as identity,
  token uuid not null,
  until timestamptz not null,
  primary key (id, place)
);
`
}
