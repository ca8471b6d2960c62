import { createRequire } from 'node:module'
import type { SqliteDatabase } from 'coatcheck/stores/sqlite'
import type { Need } from '../needs.ts'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const isThere = major > 22 || (major === 22 && minor >= 13)

/** `node:sqlite`, which no setting gives to an older Node. */
export function nodeSqlite(): Need {
  return {
    path: isThere ? 'node:sqlite' : '',
    ...(!isThere && { skip: 'this Node has no node:sqlite (22.13 or later has)' }),
  }
}

/** Loaded when it is first asked for. */
export function openSqlite(path: string): SqliteDatabase & { close(): void } {
  const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as {
    DatabaseSync: new (path: string) => SqliteDatabase & { close(): void }
  }
  return new DatabaseSync(path)
}
