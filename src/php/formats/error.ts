/**
 * The bytes are no session in this format: truncated, foreign or damaged. Nothing was decoded. PHP destroys such a
 * session; what reads it here leaves it as it is.
 */
export class PhpFormatError extends Error {
  override readonly name = 'PhpFormatError'
  /** Where, counted in bytes from the start. */
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`${message}, at byte ${offset}`)
    this.offset = offset
  }
}
