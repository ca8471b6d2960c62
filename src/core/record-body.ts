import type { SealNote } from './cipher.ts'
import type { Texts } from './data.ts'
import { CorruptRecordError, SessionError } from './errors.ts'

/** A short message for the next page, such as "Saved". Shown once. */
export interface FlashEntry {
  readonly id: string
  readonly kind: string
  readonly text: string
}

/** What is known of the device that a user signed in with, as an application likes to show it. Coarse: it names nobody. */
export interface Device {
  /** Such as `Firefox 143`. */
  readonly browser?: string | undefined
  /** Such as `Windows` or `Android`. */
  readonly os?: string | undefined
  /** Such as `desktop`, `mobile` or `tablet`. */
  readonly type?: string | undefined
  /** The IP address, or a part of it. */
  readonly address?: string | undefined
}

/** The first of two factors was proved. */
export interface PendingSignIn {
  readonly userId: string
  /** When the request that proved it arrived: "sign out everywhere" since then refuses the second as well. */
  readonly openedAt: number
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
  readonly pending?: PendingSignIn | undefined
  readonly device?: Device | undefined
  /** What each guard keeps, by its name. */
  readonly guards?: { readonly [guard: string]: unknown } | undefined
  /** The name of the codec that wrote the data, where it has one. */
  readonly codec?: string | undefined
}

/**
 * The format that is written. Whatever a server of the version before would misread raises it; a field that it may ignore does not.
 * In every format the first line is JSON with `format` and `current`, so that an older server knows whose a record is.
 */
const format = 1
/** Those that are read: the one before as well, so that servers can be replaced one by one. */
const readable: readonly unknown[] = [format]

/** Stored by a newer version of the library. Nothing of it is understood but whose it is. */
export class NewerRecordError extends CorruptRecordError {
  readonly current: string

  constructor(current: string) {
    super('a newer version of coatcheck has stored this record')
    this.current = current
  }
}

/** The protocol's fields as a line of JSON, then a line for each key of the data: its name, a colon, and what the codec wrote. */
export function formatBody(body: Body, data: Texts): Uint8Array {
  return Buffer.from(formatFields(body, data.size) + formatData(data))
}

/** `sealed`: how the rest of the record is. */
export function formatFields(body: Body & { readonly sealed?: SealNote | undefined }, keys: number): string {
  // Again at the end: a body that was read has brought the format that it was stored in.
  return JSON.stringify(Object.assign({ format }, body, { format, keys }))
}

export function formatData(data: Texts): string {
  let text = ''
  for (const [key, value] of data) {
    if (key === '__proto__') throw new SessionError('ERR_SESSION_DATA', 'a session can’t keep a key named __proto__')
    if (value.includes('\n')) throw new TypeError(`the codec must write data.${key} in one line`)
    text += `\n${nameOf(key)}:${value}`
  }
  return text
}

/** Throws `CorruptRecordError` for anything that `formatBody` can't have made, `NewerRecordError` for a later format. The values are not looked at. */
export function parseBody(bytes: Uint8Array): { readonly body: Body; readonly data: Texts } {
  return orCorrupt(() => {
    const lines = textOf(bytes).split('\n')
    const fields = parseFields(lines[0]!)
    if (fields.sealed !== undefined) throw new TypeError('it is sealed, and there is no key')
    return { body: fields, data: parseData(lines, fields.keys) }
  })
}

/** Throws for bytes that are no UTF-8: read with a substitute, they would be other data. */
export function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  if (text.includes('\ufffd') && Buffer.compare(Buffer.from(text), bytes) !== 0) throw new TypeError('no UTF-8')
  return text
}

/** Throws whatever it likes, but `NewerRecordError` for a later format. */
export function parseFields(line: string): Fields {
  const fields: unknown = JSON.parse(line)
  if (isNewer(fields)) throw new NewerRecordError(fields.current)
  if (!isBody(fields)) throw new TypeError('the protocol’s fields are not as they should be')
  return fields
}

/** The lines after the first one. */
export function parseData(lines: readonly string[], keys: number): Texts {
  const data = new Map<string, string>()
  for (let index = 1; index < lines.length; index++) parseLine(lines[index]!, data)
  // One line too few is a record that was cut off; a key that comes twice counts once.
  if (data.size !== keys || data.size !== lines.length - 1) throw new TypeError('not the keys that were written')
  return data
}

export function orCorrupt<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof NewerRecordError) throw cause
    throw new CorruptRecordError('this record is not one of ours', { cause })
  }
}

/** The one spelling of a key. */
const nameOf = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key))

function parseLine(line: string, data: Map<string, string>): void {
  const name = line.startsWith('"') ? /^"(?:[^"\\]|\\.)*"/.exec(line)?.[0] : line.slice(0, line.indexOf(':'))
  if (name === undefined || line[name.length] !== ':') throw new TypeError('a line without a name')
  const key: unknown = name.startsWith('"') ? JSON.parse(name) : name
  if (typeof key !== 'string' || key === '__proto__') throw new TypeError('a key named __proto__')
  if (nameOf(key) !== name) throw new TypeError('a key in another spelling')
  data.set(key, line.slice(name.length + 1))
}

function isNewer(fields: unknown): fields is Pick<Body, 'current'> {
  const stored = fields as { readonly format?: unknown; readonly current?: unknown } | null
  return Number.isInteger(stored?.format) && Number(stored?.format) > format && isText(stored?.current)
}

/** A first line. */
type Fields = Body & { readonly keys: number; readonly sealed?: SealNote | undefined }

export function isBody(fields: unknown): fields is Fields {
  if (!isObject(fields)) return false
  const {
    format: storedFormat,
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
    pending,
    device,
    guards,
    codec,
    sealed,
    keys,
  } = fields
  return (
    readable.includes(storedFormat) &&
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
    (flash === undefined || (Array.isArray(flash) && flash.every(isFlashEntry))) &&
    (pending === undefined || isPending(pending)) &&
    (device === undefined || isDevice(device)) &&
    (guards === undefined || isObject(guards)) &&
    (codec === undefined || isText(codec)) &&
    (sealed === undefined || isSealNote(sealed)) &&
    typeof keys === 'number'
  )
}

function isPrevious(value: unknown): boolean {
  if (!isObject(value)) return false
  const { hash, salt, confirmedAt } = value
  return isText(hash) && isText(salt) && (confirmedAt === undefined || isTime(confirmedAt))
}

function isFlashEntry(value: unknown): boolean {
  if (!isObject(value)) return false
  const { id, kind, text } = value
  return isText(id) && isText(kind) && typeof text === 'string'
}

function isPending(value: unknown): boolean {
  return isObject(value) && isText(value.userId) && isTime(value.openedAt)
}

function isDevice(value: unknown): boolean {
  return isObject(value) && ['browser', 'os', 'type', 'address'].every((name) => isTextOrNone(value[name]))
}

function isSealNote(value: unknown): boolean {
  if (!isObject(value)) return false
  const { key, own, wraps } = value
  return isText(key) && isTextOrNone(own) && (wraps === undefined || (isObject(wraps) && isText(wraps.current)))
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isTextOrNone = (value: unknown): boolean => value === undefined || typeof value === 'string'
const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
