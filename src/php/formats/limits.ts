/** As PHP's `unserialize_max_depth`: arrays and objects in each other. Deeper ones are refused, read and written. */
export const maxDepth = 4096

/** `C:` in the payload of another: beyond that a payload is but bytes. */
export const maxCustomDepth = 16

/** In bytes; PHP's default `memory_limit` ends there too. */
export const maxLength: number = 128 * 1024 * 1024

/** The letters, digits and bytes that PHP allows in the name of a class, each as one byte of text. */
export const classNameBytes: RegExp = /^[a-zA-Z0-9_\x80-\xff][a-zA-Z0-9_\\\x80-\xff]*$/

/** `Suit:Hearts`, as only a declared enum and its case can be called. */
export const enumNameBytes: RegExp =
  /^[a-zA-Z_\x80-\xff][a-zA-Z0-9_\\\x80-\xff]*:[a-zA-Z_\x80-\xff][a-zA-Z0-9_\x80-\xff]*$/
