import { type PhpKey, PhpReference, type PhpValue, toPhpKey } from './formats.ts'

/**
 * What `$_SESSION` holds. Say what your application keeps there, and TypeScript knows:
 *
 * @example
 * declare module 'coatcheck/php' {
 *   interface SessionVariables {
 *     cart?: string[]
 *   }
 * }
 */
export interface SessionVariables {
  [name: string]: unknown
}

/**
 * A session's variables as the properties of an object without any others: read, assign, `delete`, `in`, `Object.keys`, spread
 * and `JSON.stringify` see the session's data as it is at that moment. What is assigned is kept as it is, not copied.
 */
export function sessionVariables(data: () => Map<PhpKey, PhpValue>): SessionVariables {
  const inspected = { [Symbol.for('nodejs.util.inspect.custom')]: () => shown(variables) }
  const target = Object.setPrototypeOf(inspected, null) as SessionVariables
  const variables: SessionVariables = new Proxy(target, {
    get: (_target, name) => (typeof name === 'symbol' ? undefined : read(data().get(toPhpKey(name)))),
    has: (_target, name) => typeof name === 'string' && data().has(toPhpKey(name)),
    set(_target, name, value: PhpValue) {
      if (typeof name === 'symbol') return false
      write(data(), toPhpKey(name), value)
      return true
    },
    deleteProperty(_target, name) {
      if (typeof name === 'string') data().delete(toPhpKey(name))
      return true
    },
    ownKeys: () => [...new Set([...data().keys()].map(String))],
    getOwnPropertyDescriptor(_target, name) {
      if (typeof name === 'symbol' || !data().has(toPhpKey(name))) return undefined
      const value = read(data().get(toPhpKey(name)))
      return { value, writable: true, enumerable: true, configurable: true }
    },
    defineProperty(_target, name, { value, ...rest }) {
      if (typeof name === 'symbol' || 'get' in rest || 'set' in rest) return false
      write(data(), toPhpKey(name), value as PhpValue)
      return true
    },
    preventExtensions: () => false,
    setPrototypeOf: () => false,
  })
  return variables
}

/** For `console.log`, which must not throw. */
function shown(variables: SessionVariables): unknown {
  try {
    return { ...variables }
  } catch (error) {
    return error
  }
}

/** PHP's `$_SESSION['a'] = &$b` is a value like any other to those who read and assign it. */
function read(value: PhpValue | undefined): PhpValue | undefined {
  return value instanceof PhpReference ? value.value : value
}

function write(data: Map<PhpKey, PhpValue>, key: PhpKey, value: PhpValue): void {
  const before = data.get(key)
  if (before instanceof PhpReference && !(value instanceof PhpReference)) before.value = value
  else data.set(key, value)
}
