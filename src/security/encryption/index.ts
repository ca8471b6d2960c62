export { type EncryptionOptions, encryption } from './encryption.ts'
export type { EncryptionKey } from './keys.ts'
