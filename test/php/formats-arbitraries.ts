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
import fc from 'fast-check'

/** Stands for what is shared, until a whole session is there. */
class Shared {
  readonly index: number
  constructor(index: number) {
    this.index = index
  }
}
type Draft = PhpValue | Shared | Draft[] | { [key: string]: Draft } | Map<PhpKey, Draft>

const text = fc.string({ unit: 'binary', maxLength: 12 })
const word = fc.constantFrom('user', 'id', 'ä', '__proto__', 'constructor', '', '05', '-0', '\0*\0x', '\udcff', 'x y')
const integer = fc.oneof(fc.integer(), fc.maxSafeInteger())
const large = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const scalar = fc.oneof(
  fc.constantFrom(null, true, false, -0, Number.NaN, Number.POSITIVE_INFINITY, '', 'i:5;', '";}'),
  integer,
  large,
  fc.double(),
  integer.map((value) => new PhpFloat(value)),
  text,
  fc.uint8Array({ maxLength: 12 }),
)
const enumCase = fc.constantFrom(
  new PhpEnum('Suit', 'Hearts'),
  new PhpEnum('Suit', 'Spades'),
  new PhpEnum('Level', 'Högh'),
)
const key: fc.Arbitrary<PhpKey> = fc.oneof(word, text, integer, large.map(asKey), fc.constantFrom('5', '-7'))
const className = fc.constantFrom('stdClass', 'App\\Unknown', 'Ünknown')

const { tree } = fc.letrec<{ tree: Draft }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    enumCase,
    fc.nat({ max: 3 }).map((index) => new Shared(index)),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(word, text), tie('tree'), { maxKeys: 4 }),
    fc.array(fc.tuple(key, tie('tree')), { maxLength: 4 }).map((entries) => new Map(withoutTwins(entries))),
  ),
}))

/** A name that each of the formats can keep. */
const name = fc.oneof(word, text).filter((one) => !one.includes('|') && typeof toPhpKey(one) === 'string')

/** Sessions of all that PHP can hold, of which some is shared. */
export const sessions: fc.Arbitrary<Map<PhpKey, PhpValue>> = fc
  .tuple(
    fc.uniqueArray(fc.tuple(name, tree), { maxLength: 5, selector: ([one]) => one }),
    // A reference to an object, or to an enum's case, makes references of all its places.
    fc.tuple(scalar, scalar),
    fc.tuple(className, fc.dictionary(word, tree, { maxKeys: 3 })),
    tree,
  )
  .map(([entries, values, [objectClass, properties], payload]) => {
    const object = new PhpObject(objectClass)
    const shared: PhpValue[] = [
      ...values.map((value) => new PhpReference(value)),
      object,
      new PhpCustom('Old', { serialized: 0 }),
    ]
    for (const [one, value] of Object.entries(properties)) object.properties.set(one, settled(value, shared))
    Object.assign(shared[3]!, { payload: { serialized: [settled(payload, shared.slice(0, 3))] } })
    return new Map(entries.map(([one, value]) => [one, settled(value, shared)]))
  })

function settled(draft: Draft, shared: readonly PhpValue[]): PhpValue {
  if (draft instanceof Shared) return shared[draft.index] ?? null
  if (Array.isArray(draft)) return draft.map((one) => settled(one, shared))
  if (draft instanceof Map) return new Map([...draft].map(([one, value]) => [one, settled(value, shared)]))
  if (typeof draft !== 'object' || draft === null) return draft
  // Dictionaries come with the prototype of objects, or with none.
  const prototype = Object.getPrototypeOf(draft)
  if (prototype !== null && prototype !== Object.prototype) return draft as PhpValue
  return Object.fromEntries(Object.entries(draft).map(([one, value]) => [one, settled(value as Draft, shared)]))
}

/** PHP would take '5' and 5 for one key. */
function withoutTwins(entries: readonly (readonly [PhpKey, Draft])[]): (readonly [PhpKey, Draft])[] {
  return entries.filter(([one], index) => entries.findIndex(([other]) => String(other) === String(one)) === index)
}

function asKey(value: bigint): PhpKey {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}
