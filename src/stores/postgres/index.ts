export type { PostgresNames } from './names.ts'
export type { PostgresClient, PostgresPool } from './pool.ts'
export { type PostgresStore, type PostgresStoreOptions, postgresStore } from './postgres-store.ts'
export { postgresSchema } from './schema.ts'
