/**
 * Whether two values are the same to every eye: types, prototypes, order of keys and entries, -0, NaN, invalid dates, and which parts of
 * a value are one and the same object.
 */
export function isSameValue(one: unknown, other: unknown, pairs: Map<object, object> = new Map()): boolean {
  if (Object.is(one, other)) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (pairs.has(one)) return pairs.get(one) === other
  pairs.set(one, other)
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false
  const same = (ones: readonly unknown[], others: readonly unknown[]): boolean =>
    ones.length === others.length && ones.every((part, index) => isSameValue(part, others[index], pairs))
  if (one instanceof Date) return Object.is(one.getTime(), (other as Date).getTime())
  if (one instanceof Map) return same([...one].flat(), [...(other as typeof one)].flat())
  if (one instanceof Set) return same([...one], [...(other as typeof one)])
  if (one instanceof ArrayBuffer) return Buffer.from(one).equals(Buffer.from(other as ArrayBuffer))
  if (ArrayBuffer.isView(one)) return bytesOf(one).equals(bytesOf(other as ArrayBufferView))
  return same(Object.entries(one).flat(), Object.entries(other).flat())
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
