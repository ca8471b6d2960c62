import { type PhpCustom, type PhpKey, type PhpObject, PhpReference, type PhpValue } from './values.ts'

type Container = PhpValue[] | { [key: string]: PhpValue } | Map<PhpKey, PhpValue>

/** An array or object that is being read: what came so far, in the form that its keys allow so far. */
export class Frame {
  readonly parent: Frame | undefined
  readonly object: PhpObject | undefined
  readonly size: number
  remaining: number
  /** Of the entry that is being read. */
  key: PhpKey = 0
  /** What is being read as this entry's value, when there is something in that. */
  child: Frame | PhpCustom | undefined
  /** Asked for by an `R:` inside of that child. */
  reference: PhpReference | undefined
  #container: Container | undefined

  constructor(parent: Frame | undefined, size: number, object?: PhpObject) {
    this.parent = parent
    this.size = size
    this.remaining = size
    this.object = object
    this.#container = object?.properties
  }

  store(value: PhpValue): void {
    const { key } = this
    const container = this.#container
    if (Array.isArray(container)) {
      if (key === container.length) container.push(value)
      else this.#toMap(container.entries()).set(key, value)
    } else if (container === undefined) this.#container = first(key, value)
    else if (container instanceof Map) container.set(key, value)
    else if (typeof key === 'string') put(container, key, value)
    else this.#toMap(Object.entries(container)).set(key, value)
  }

  /** The value of an entry that was read before, a shared one as what is shared. */
  at(key: PhpKey): PhpValue | undefined {
    const container = this.#container
    if (container instanceof Map) return container.get(key)
    return (container as { [key: string]: PhpValue } | undefined)?.[key as string]
  }

  /**
   * Makes the entry a reference that others can share; one that is still being read gets its value when it is there.
   */
  share(key: PhpKey): PhpReference {
    const isOpen = this.child !== undefined && key === this.key
    const present = isOpen ? this.reference : this.at(key)
    if (present instanceof PhpReference) return present
    const reference = new PhpReference(present ?? null)
    if (isOpen) this.reference = reference
    else this.#replace(key, reference)
    return reference
  }

  /** What has been read, when all of it has. */
  finish(): PhpValue {
    if (this.object) return this.object
    const container = this.#container ?? []
    // A repeated key may have made a list look like none.
    if (!(container instanceof Map) || container.size === this.size) return container
    const keys = [...container.keys()]
    if (keys.every((key, index) => key === index)) this.#container = [...container.values()]
    else if (keys.every((key) => typeof key === 'string')) {
      this.#container = {}
      for (const [key, value] of container) put(this.#container, key as string, value)
    }
    return this.#container as Container
  }

  #toMap(entries: Iterable<readonly [PhpKey, PhpValue]>): Map<PhpKey, PhpValue> {
    const map = new Map(entries)
    this.#container = map
    return map
  }

  #replace(key: PhpKey, value: PhpValue): void {
    const container = this.#container
    if (container instanceof Map) container.set(key, value)
    else if (Array.isArray(container)) container[key as number] = value
    else put(container as { [key: string]: PhpValue }, key as string, value)
  }
}

function first(key: PhpKey, value: PhpValue): Container {
  if (key === 0) return [value]
  if (typeof key !== 'string') return new Map([[key, value]])
  const record: { [key: string]: PhpValue } = {}
  put(record, key, value)
  return record
}

function put(record: { [key: string]: PhpValue }, key: string, value: PhpValue): void {
  if (key !== '__proto__') record[key] = value
  else Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true })
}
