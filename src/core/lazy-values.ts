import type { Values } from './data.ts'

const lazy: unique symbol = Symbol('coatcheck lazy values')
// What console.log calls (Node's documentation of `util.inspect.custom`): it would show accessors for values.
const inspection = Symbol.for('nodejs.util.inspect.custom')

/**
 * Gives an object a property for each key, whose value is read when someone asks for it, and which is an ordinary property
 * from then on. Assigning, deleting, spreading, Object.keys, JSON.stringify, structuredClone and deep comparison all work as on
 * any plain object.
 */
export function defineLazily(values: Values, keys: Iterable<string>, read: (key: string) => unknown): void {
  Object.defineProperty(values, lazy, hidden(new Reader(values, read)))
  Object.defineProperty(values, inspection, hidden(inspectValues))
  for (const key of keys) Object.defineProperty(values, key, accessorOf(key))
}

/** Whether the key is as `defineLazily` made it: nobody has read it or assigned to it. */
export function isUntouched(values: Values, key: string): boolean {
  const { get } = Object.getOwnPropertyDescriptor(values, key) ?? {}
  return get !== undefined && getters.has(get) && !(values as Lazy)[lazy].isKept(key)
}

type Lazy = Values & { [lazy]: Reader }

class Reader {
  readonly #values: Values
  readonly #read: (key: string) => unknown
  /** Values of an object that someone has sealed or frozen. */
  #kept: Map<string, unknown> | undefined

  constructor(values: Values, read: (key: string) => unknown) {
    this.#values = values
    this.#read = read
  }

  get(key: string): unknown {
    if (this.#kept?.has(key)) return this.#kept.get(key)
    const value = this.#read(key)
    this.set(key, value)
    return value
  }

  set(key: string, value: unknown): void {
    const property = { value, writable: true, enumerable: true, configurable: true }
    if (Reflect.defineProperty(this.#values, key, property)) return
    this.#kept ??= new Map()
    this.#kept.set(key, value)
  }

  isKept(key: string): boolean {
    return this.#kept?.has(key) === true
  }
}

const getters = new WeakSet<() => unknown>()
/** Objects with the same keys share their accessors, and so their shape: making them anew costs five times as much. */
const accessors = new Map<string, PropertyDescriptor>()

function accessorOf(key: string): PropertyDescriptor {
  const known = accessors.get(key)
  if (known) return known
  const accessor = {
    enumerable: true,
    configurable: true,
    get(this: Lazy) {
      return this[lazy].get(key)
    },
    set(this: Lazy, value: unknown) {
      this[lazy].set(key, value)
    },
  }
  getters.add(accessor.get)
  // Applications have a few dozen names; one that makes them up as it goes must not fill the memory.
  if (accessors.size >= 1000) accessors.clear()
  accessors.set(key, accessor)
  return accessor
}

function hidden(value: unknown): PropertyDescriptor {
  return { value, writable: true, enumerable: false, configurable: true }
}

function inspectValues(
  this: Values,
  _depth: number,
  options: object,
  inspect: (value: object, options: object) => string,
) {
  return inspect({ ...this }, options)
}
