export type { SqliteDatabase, SqliteStatement, SqliteValue } from './database.ts'
export { type SqliteStore, type SqliteStoreOptions, sqliteStore } from './sqlite-store.ts'
