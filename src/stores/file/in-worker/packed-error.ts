import { CorruptRecordError } from '../../../core/errors.ts'

/** Those that the store throws. What is none of them comes as an `Error`. */
type ClassName = 'Error' | 'TypeError' | 'RangeError' | 'SyntaxError' | 'CorruptRecordError'

/** An error on its way between threads: a structured clone would lose its class, its `code`, and what else Node puts there. */
export interface PackedError {
  readonly class: ClassName
  readonly message: string
  readonly stack: string | undefined
  /** `code`, `syscall`, `path` and the like. */
  readonly fields: Readonly<Record<string, string | number>>
  readonly cause?: PackedError
}

export function packError(thrown: unknown): PackedError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  const known = Object.entries(classes).find(([, Class]) => error.constructor === Class)
  const fields = Object.entries(error).filter(([, value]) => typeof value === 'string' || typeof value === 'number')
  return {
    class: (known?.[0] ?? 'Error') as ClassName,
    message: error.message,
    stack: error.stack,
    fields: Object.fromEntries(fields),
    ...(error.cause !== undefined && { cause: packError(error.cause) }),
  }
}

/** The error as it was thrown. Its stack is that of the thread it was thrown on. */
export function unpackError({ class: name, message, stack, fields, cause }: PackedError): Error {
  const error = new classes[name](message, cause && { cause: unpackError(cause) })
  if (stack !== undefined) error.stack = stack
  return Object.assign(error, fields)
}

const classes: Readonly<Record<ClassName, new (message: string, options?: ErrorOptions) => Error>> = {
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  CorruptRecordError,
}
