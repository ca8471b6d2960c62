import { PhpCustom, PhpObject, PhpReference, type PhpValue } from 'coatcheck/php/formats'

/** Every value in there, and the value itself: a shared one as often as it stands somewhere, what is in it once. */
export function* valuesIn(root: PhpValue): Generator<PhpValue> {
  const entered = new Set<PhpValue>()
  // Not by calling itself: some are four thousand deep.
  const left = [root]
  while (left.length > 0) {
    const value = left.pop() as PhpValue
    yield value
    if (typeof value !== 'object' || value === null || entered.has(value)) continue
    entered.add(value)
    left.push(...[...partsOf(value)].reverse())
  }
}

function partsOf(value: object): Iterable<PhpValue> {
  if (value instanceof PhpReference) return [value.value]
  if (value instanceof PhpObject) return value.properties.values()
  if (value instanceof PhpCustom) return 'serialized' in value.payload ? [value.payload.serialized] : []
  if (value instanceof Map) return value.values()
  if (Array.isArray(value)) return value
  return Object.getPrototypeOf(value) === Object.prototype ? Object.values(value) : []
}
