import {
  PhpCustom,
  PhpEnum,
  PhpFloat,
  type PhpKey,
  PhpObject,
  PhpReference,
  type PhpValue,
  toPhpKey,
} from 'coatcheck/php/formats'
import { valuesIn } from './formats-values.ts'

export type Description = readonly (string | number | boolean | Description)[]

/**
 * A session in the words in which formats.php describes one, so that two descriptions are equal when the sessions are.
 */
export function describeSession(session: ReadonlyMap<PhpKey, PhpValue>): Description {
  const places = new Map<PhpValue, number>()
  for (const value of valuesIn([...session.values()])) places.set(value, (places.get(value) ?? 0) + 1)
  return describeEntries(session, { numbers: new Map(), places, depth: 0 })
}

interface Seen {
  /** To PHP a reference that nobody shares is none. */
  readonly places: ReadonlyMap<PhpValue, number>
  readonly numbers: Map<object, number>
  readonly depth: number
}

function describeValue(value: PhpValue, seen: Seen): Description {
  if (value === null) return ['null']
  if (typeof value === 'boolean') return ['bool', value]
  if (typeof value === 'bigint') return ['int', String(value)]
  if (typeof value === 'string') return ['string', base64(Buffer.from(value))]
  if (value instanceof Uint8Array) return ['string', base64(value)]
  if (value instanceof PhpFloat) return describeFloat(value.value)
  if (typeof value === 'number') {
    const isInteger = Number.isSafeInteger(value) && !Object.is(value, -0)
    return isInteger ? ['int', String(value)] : describeFloat(value)
  }
  if (value instanceof PhpEnum) return ['enum', base64(bytesOf(value.className)), base64(bytesOf(value.caseName))]
  if (value instanceof PhpReference) {
    if (seen.places.get(value) === 1) return describeValue(value.value, seen)
    return numbered('reference', value, seen, () => [describeValue(value.value, seen)])
  }
  if (value instanceof PhpCustom) return numbered('object', value, seen, () => describeCustom(value, seen))
  if (value instanceof PhpObject) {
    return numbered('object', value, seen, () => [
      base64(bytesOf(value.className)),
      describeEntries(asPhpKeys(value.properties), seen),
    ])
  }
  if (Array.isArray(value)) return ['array', describeEntries(value.entries(), seen)]
  if (value instanceof Map) return ['array', describeEntries(asPhpKeys(value), seen)]
  return ['array', describeEntries(asPhpKeys(Object.entries(value)), seen)]
}

function describeCustom({ className, payload }: PhpCustom, seen: Seen): Description {
  const name = base64(bytesOf(className))
  if ('serialized' in payload) return [name, describeValue(payload.serialized, { ...seen, depth: seen.depth + 1 })]
  return [name, ['string', base64(payload.bytes.subarray('raw:'.length))]]
}

/** Properties too: PHP describes them as an array. */
function asPhpKeys(entries: Iterable<readonly [PhpKey, PhpValue]>): (readonly [PhpKey, PhpValue])[] {
  return [...entries].map(([key, value]) => [typeof key === 'string' ? toPhpKey(key) : key, value] as const)
}

function describeEntries(entries: Iterable<readonly [PhpKey, PhpValue]>, seen: Seen): Description {
  if (seen.depth > 60) return ['deep']
  const inside = { ...seen, depth: seen.depth + 1 }
  return [...entries].map(([key, value]) => [describeKey(key), describeValue(value, inside)])
}

function describeKey(key: PhpKey): string {
  return typeof key === 'string' ? `s${base64(bytesOf(key))}` : `i${key}`
}

function describeFloat(value: number): Description {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return ['float', Number.isNaN(value) ? 'nan' : bytes.toString('hex')]
}

function numbered(kind: string, value: object, { numbers }: Seen, rest: () => Description): Description {
  const earlier = numbers.get(value)
  if (earlier !== undefined) return [kind, earlier]
  const number = numbers.size + 1
  numbers.set(value, number)
  return [kind, number, ...rest()]
}

/** Bytes that are no UTF-8 are lone surrogates in keys and names. */
function bytesOf(text: string): Buffer {
  return Buffer.concat(
    [...text].map((character) => {
      const code = character.codePointAt(0)!
      return code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - 0xdc00) : Buffer.from(character)
    }),
  )
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
