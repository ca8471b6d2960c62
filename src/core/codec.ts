import { stringify, unflatten } from 'devalue'
import type { Values } from './data.ts'
import { SessionError } from './errors.ts'

/**
 * One value of a session's data, under a top-level key, ↔ text. Keys that nobody touches are never decoded, and what is
 * changed is told by comparing texts: equal values must give equal texts.
 */
export interface Codec {
  /** Say one, and another one when the format changes: records that another codec wrote are then visitors without a session, not errors. */
  readonly name?: string
  /** In one line. Throws `ERR_SESSION_DATA`, naming the place under `key`, for what it can't keep. */
  encode(value: unknown, key: string): string
  /** Throws any error for text that is not its own. */
  decode(text: string): unknown
}

/** Deeper nesting is refused on the way in and on the way out, so that no stored bytes can exhaust the stack. */
const maxDepth = 256

/**
 * The default: plain JSON where JSON keeps the value whole, readable by anyone. What it would lose something of (Date, Map,
 * Set, BigInt, typed arrays, undefined, NaN, -0, cycles) is written in devalue's format, behind a tilde. Identity is kept
 * within one top-level key.
 */
export const codec: Codec = {
  encode(value, key) {
    return isPlain(value, [key]) ? JSON.stringify(value) : `~${stringify(value, views.reducers)}`
  },

  decode(text) {
    const isRich = text.startsWith('~')
    const parsed: unknown = JSON.parse(isRich ? text.slice(1) : text)
    const value: unknown = isRich ? unflatten(parsed as number | unknown[], views.revivers) : parsed
    if (isRich || needsInspection(text)) isPlain(value, ['value'])
    return value
  },
}

/** What JSON.parse returns is plain by itself; only its depth and a `__proto__` key, spelled out or escaped, are left to check. */
function needsInspection(text: string): boolean {
  return text.includes('__proto__') || text.includes('\\u') || nestingOf(text) > maxDepth
}

/** At least as deep as the value; brackets within strings may make it seem deeper. */
function nestingOf(text: string): number {
  // Each level takes a bracket at both ends.
  if (text.length <= 2 * maxDepth) return 0
  let depth = 0
  let deepest = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, ++depth)
    else if ((code === 0x5d || code === 0x7d) && depth > 0) depth--
  }
  return deepest
}

type Path = (string | number)[]

/**
 * Whether plain JSON keeps the value whole. Throws for what devalue would not keep either, and for what it would change.
 * `path` is where the value lies; it is the same array all the way down.
 */
function isPlain(value: unknown, path: Path, seen: Set<object> = new Set()): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
    case 'bigint':
    case 'undefined':
      return false
    case 'function':
    case 'symbol':
      throw refused(path, `a ${typeof value}`)
  }
  if (value === null) return true
  const object = value as object
  if (seen.has(object)) return false
  if (path.length > maxDepth) throw refused(path, `nesting deeper than ${maxDepth}`)
  seen.add(object)
  const prototype = Object.getPrototypeOf(object)
  if (prototype === Object.prototype) return arePlainProperties(object, path, seen)
  if (prototype === Array.prototype) return areElementsPlain(object as unknown[], path, seen)
  if (prototype === null) arePlainProperties(object, path, seen)
  else if (prototype === Map.prototype) {
    for (const [key, entry] of object as Map<unknown, unknown>) {
      isPlainAt('key', key, path, seen)
      isPlainAt(typeof key === 'string' ? key : 'value', entry, path, seen)
    }
  } else if (prototype === Set.prototype) {
    for (const entry of object as Set<unknown>) isPlainAt('entry', entry, path, seen)
  } else if (!keptByDevalue.has(prototype)) {
    throw refused(path, `an instance of ${prototype.constructor?.name || 'a class'}`)
  }
  return false
}

function isPlainAt(step: string | number, value: unknown, path: Path, seen: Set<object>): boolean {
  path.push(step)
  const plain = isPlain(value, path, seen)
  path.pop()
  return plain
}

function arePlainProperties(object: object, path: Path, seen: Set<object>): boolean {
  let plain = true
  for (const key of Object.keys(object)) {
    if (key === '__proto__') throw refused([...path, key], 'a key named __proto__')
    plain = isPlainAt(key, (object as Values)[key], path, seen) && plain
  }
  const isShown = (symbol: symbol) => Object.prototype.propertyIsEnumerable.call(object, symbol)
  if (Object.getOwnPropertySymbols(object).some(isShown)) throw refused(path, 'a key that is a symbol')
  return plain
}

function areElementsPlain(array: unknown[], path: Path, seen: Set<object>): boolean {
  // Neither holes nor named properties have a place in JSON. A stored `[-7, 4294967295]` would be four billion holes.
  if (Object.keys(array).length !== array.length) throw refused(path, 'an array with holes or named properties')
  let plain = true
  for (let index = 0; index < array.length; index++) plain = isPlainAt(index, array[index], path, seen) && plain
  return plain
}

const typedArrays = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
]

/** Exact prototypes, not `instanceof`: a subclass would come back as its base, a Buffer as a Uint8Array. */
const keptByDevalue = new Set<object>([Date, ArrayBuffer, ...typedArrays].map(({ prototype }) => prototype))

/** devalue stores the whole buffer behind a view: up to 8 KB of someone else's memory, where it comes from Node's pool. All views are written so, as equal values must give equal texts. */
const views = {
  reducers: {
    View: (value: unknown) =>
      ArrayBuffer.isView(value) && [
        typedArrays.findIndex(({ prototype }) => prototype === Object.getPrototypeOf(value)),
        // Whole ones keep theirs, so that two views of one buffer still share it.
        value.byteLength === value.buffer.byteLength
          ? value.buffer
          : value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength),
      ],
  },
  revivers: {
    View: ([type, buffer]: [number, unknown]) => {
      if (!(buffer instanceof ArrayBuffer)) throw new TypeError('a view of something else than a buffer')
      if (!Number.isInteger(type)) throw new TypeError('a view of no kind')
      return new typedArrays[type]!(buffer)
    },
  },
}

function refused(path: readonly (string | number)[], what: string): SessionError {
  const name = path.reduce<string>(
    (text, step) => text + (/^[A-Za-z_$][\w$]*$/.test(String(step)) ? `.${step}` : `[${JSON.stringify(step)}]`),
    'data',
  )
  return new SessionError('ERR_SESSION_DATA', `${name.slice(0, 200)} is ${what}, which a session can't keep`)
}
