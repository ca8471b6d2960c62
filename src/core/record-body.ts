import { CorruptRecordError } from './errors.ts'

/** A short message for the next page, such as "Saved". Shown once. */
export interface FlashEntry {
  readonly id: string
  readonly kind: string
  readonly text: string
}

/** What the protocol keeps in a record, beside the application's data. Times are milliseconds since 1970. */
export interface Body {
  /** Changes with every change of privilege. A commit that began in another epoch is refused, not merged. */
  readonly epoch: string
  /** Hash of the secret that is valid now. */
  readonly current: string
  /** The secret before a periodic rotation, valid until its successor was seen and the grace is over. */
  readonly previous?: { readonly hash: string; readonly salt: string; readonly confirmedAt?: number } | undefined
  /** Hashes of the last four secrets before that: whoever presents one is recognised, and gets nothing. */
  readonly spent: readonly string[]
  /** Changes with every exclusive commit: it tells an exclusive request that another one came in between. */
  readonly turn: string
  /** No request moves it; only a sign-in sets it anew. */
  readonly deadline: number
  readonly createdAt: number
  readonly rotatedAt: number
  readonly authenticatedAt?: number | undefined
  /** Lives by the longer lifetime, in a cookie that outlives the browser's session. */
  readonly remembered?: true | undefined
  readonly flash?: readonly FlashEntry[] | undefined
}

/** The protocol's fields as a line of JSON, then the data as the codec wrote it. */
export function formatBody(body: Body, data: string): Uint8Array {
  return Buffer.from(`${JSON.stringify({ format: 1, ...body })}\n${data}`)
}

/** Throws `CorruptRecordError` for anything that `formatBody` can't have made, a later format included. */
export function parseBody(bytes: Uint8Array): { readonly body: Body; readonly data: string } {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  const newline = text.indexOf('\n')
  try {
    const fields: unknown = JSON.parse(text.slice(0, newline))
    if (newline === -1 || !isBody(fields)) throw new TypeError('the protocol’s fields are not as they should be')
    return { body: fields, data: text.slice(newline + 1) }
  } catch (cause) {
    throw new CorruptRecordError('this record is not one of ours', { cause })
  }
}

function isBody(fields: unknown): fields is Body {
  if (typeof fields !== 'object' || fields === null) return false
  const {
    format,
    epoch,
    current,
    previous,
    spent,
    turn,
    deadline,
    createdAt,
    rotatedAt,
    authenticatedAt,
    remembered,
    flash,
  } = fields as { [key: string]: unknown }
  return (
    format === 1 &&
    isText(epoch) &&
    isText(current) &&
    isText(turn) &&
    (previous === undefined || isPrevious(previous)) &&
    Array.isArray(spent) &&
    spent.length <= 4 &&
    spent.every(isText) &&
    isTime(deadline) &&
    isTime(createdAt) &&
    isTime(rotatedAt) &&
    (authenticatedAt === undefined || isTime(authenticatedAt)) &&
    (remembered === undefined || remembered === true) &&
    (flash === undefined || (Array.isArray(flash) && flash.every(isFlashEntry)))
  )
}

function isPrevious(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { hash, salt, confirmedAt } = value as { [key: string]: unknown }
  return isText(hash) && isText(salt) && (confirmedAt === undefined || isTime(confirmedAt))
}

function isFlashEntry(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { id, kind, text } = value as { [key: string]: unknown }
  return isText(id) && isText(kind) && typeof text === 'string'
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
