export { type FileStoreOptions, fileStore } from './file-store.ts'
export type { FileStore } from './store-in.ts'
