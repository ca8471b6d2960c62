import { SessionError } from '../../core/errors.ts'
import { bytesOfText, isInt64, toPhpKey } from './keys.ts'
import { classNameBytes, enumNameBytes, maxDepth } from './limits.ts'
import { asNumberIfSafe, floatText, isPhpInteger } from './numbers.ts'
import type { Output } from './output.ts'
import { PhpCustom, PhpEnum, PhpFloat, type PhpKey, PhpObject, PhpReference } from './values.ts'

const [colon, semicolon, quote, open, close] = [58, 59, 34, 123, 125]

/** An array, object or payload that is being written. */
interface Opened {
  readonly parent: Opened | undefined
  readonly value: object
  readonly size: number
  /** `undefined` for a list, whose keys are its indexes. */
  readonly keys: readonly PhpKey[] | undefined
  readonly values: readonly unknown[] | Readonly<Record<string, unknown>>
  /** Where a payload starts. */
  readonly payloadAt: number | undefined
  next: number
}

/** Writes PHP's serialize format, byte for byte as PHP does, over one numbering of slots. Depth costs no stack. */
export class Writer {
  /** Called with each payload that was a value. */
  onPayload: ((custom: PhpCustom, payload: Uint8Array) => void) | undefined
  readonly #output: Output
  #count = 0
  #depth = 0
  #seen: Map<object | string, number> | undefined
  /** Of the value that is being written, for errors; without one it is the session. */
  name: PhpKey | undefined
  #opened: Opened | undefined

  constructor(output: Output) {
    this.#output = output
  }

  write(value: unknown): void {
    let current = value
    for (;;) {
      this.#value(current)
      let opened = this.#opened
      while (opened !== undefined && opened.next === opened.size) opened = this.#close(opened)
      if (opened === undefined) return
      current = this.#entry(opened)
    }
  }

  /** Refuses what is being written. */
  refuse(what: string): never {
    let path = ''
    for (let opened = this.#opened; opened; opened = opened.parent) {
      if (opened.payloadAt !== undefined) continue
      path = step(opened.keys ? opened.keys[opened.next - 1]! : opened.next - 1) + path
    }
    if (this.name !== undefined) path = step(this.name) + path
    throw new SessionError('ERR_SESSION_DATA', `session${path.slice(0, 200)} is ${what}`)
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#count++
        if (!this.#output.string(value))
          this.refuse('text with half a character (a lone surrogate), which PHP has no bytes for')
        return
      case 'number':
        this.#count++
        if (isPhpInteger(value)) this.#output.integer(value)
        else this.#output.ascii(`d:${floatText(value)};`)
        return
      case 'boolean':
        this.#count++
        this.#output.ascii(value ? 'b:1;' : 'b:0;')
        return
      case 'bigint':
        this.#count++
        if (!isInt64(value)) this.refuse("an integer beyond 64 bits, which PHP can't keep")
        this.#output.ascii(`i:${value};`)
        return
      case 'object':
        if (value === null) {
          this.#count++
          this.#output.ascii('N;')
        } else if (value instanceof PhpReference) this.#reference(value)
        else {
          this.#count++
          this.#object(value)
        }
        return
      default:
        this.refuse(`${value === undefined ? 'undefined' : `a ${typeof value}`}, which PHP can't keep`)
    }
  }

  #object(value: object): void {
    if (Array.isArray(value)) this.#array(value)
    else if (isPlain(value)) this.#record(value as Record<string, unknown>)
    else if (value instanceof Map) this.#map(value)
    else if (value instanceof PhpObject || value instanceof PhpEnum || value instanceof PhpCustom) {
      const identity = identityOf(value)
      const earlier = this.#seen?.get(identity)
      if (earlier !== undefined) this.#output.counted(114, earlier, semicolon)
      else {
        this.#remember(identity, this.#count)
        this.#instance(value)
      }
    } else if (value instanceof PhpFloat) this.#output.ascii(`d:${floatText(Number(value.value))};`)
    else if (value instanceof Uint8Array) this.#output.stringOf(value)
    else this.refuse(`a ${value.constructor?.name || 'class instance'}, which PHP can't keep`)
  }

  #instance(value: PhpObject | PhpEnum | PhpCustom): void {
    if (value instanceof PhpEnum) {
      const name = `${value.className}:${value.caseName}`
      this.#quotedName(69, name, enumNameBytes, 'an enum with a name that PHP does not allow')
      this.#output.byte(semicolon)
      return
    }
    const letter = value instanceof PhpObject ? 79 : 67
    this.#quotedName(letter, value.className, classNameBytes, 'of a class with a name that PHP does not allow')
    this.#output.byte(colon)
    if (value instanceof PhpCustom) this.#payload(value)
    else {
      const { properties } = value
      this.#output.ascii(`${properties.size}:{`)
      this.#open(properties, properties.size, [...properties.keys()], [...properties.values()])
    }
  }

  #payload(custom: PhpCustom): void {
    const start = this.#output.length
    if ('serialized' in custom.payload) this.#open(custom, 1, [], [custom.payload.serialized], start)
    else {
      this.#output.bytes(custom.payload.bytes)
      this.#output.embrace(start)
    }
  }

  #quotedName(letter: number, name: string, allowed: RegExp, otherwise: string): void {
    const bytes = bytesOfText(name)
    if (!bytes || !allowed.test(bytes.toString('latin1'))) this.refuse(otherwise)
    this.#output.counted(letter, bytes.length, colon, quote)
    this.#output.bytes(bytes)
    this.#output.byte(quote)
  }

  #array(value: readonly unknown[]): void {
    const { length } = value
    // One that was an empty array to PHP may have got names.
    const names = Object.keys(value)
    if (names.length > length) this.#entries(value, names, value as unknown as Record<string, unknown>)
    else this.#entries(value, undefined, value, length)
  }

  #record(value: Readonly<Record<string, unknown>>): void {
    this.#entries(value, Object.keys(value), value)
  }

  #map(value: ReadonlyMap<unknown, unknown>): void {
    const keys: PhpKey[] = []
    for (const key of value.keys()) {
      const phpKey = this.#mapKey(key)
      if (phpKey !== key && value.has(phpKey)) this.refuse(`a Map with two keys that are one to PHP, ${String(key)}`)
      keys.push(phpKey)
    }
    this.#entries(value, keys, [...value.values()])
  }

  #mapKey(key: unknown): PhpKey {
    if (typeof key === 'string') return toPhpKey(key)
    const number = typeof key === 'bigint' && isInt64(key) ? asNumberIfSafe(key) : key
    if (typeof number === 'bigint' || (typeof number === 'number' && isPhpInteger(number))) return number
    return this.refuse(`a Map with a key that PHP can't have, ${String(key)}`)
  }

  #entries(value: object, keys: Opened['keys'], values: Opened['values'], size: number = keys?.length ?? 0): void {
    this.#output.counted(97, size, colon, open)
    this.#open(value, size, keys, values)
  }

  #open(value: object, size: number, keys: Opened['keys'], values: Opened['values'], payloadAt?: number): void {
    const parent = this.#opened
    const isPayload = payloadAt !== undefined
    // PHP reads an empty array at any depth, an empty object not.
    if (this.#depth >= maxDepth && !isPayload && (size > 0 || value instanceof Map)) {
      this.refuse(`nested more than ${maxDepth} deep${isWithin(value, parent) ? ', as it holds itself' : ''}`)
    }
    if (size === 0) this.#output.byte(close)
    else {
      if (!isPayload) this.#depth++
      this.#opened = { parent, value, size, keys, values, payloadAt, next: 0 }
    }
  }

  #close(opened: Opened): Opened | undefined {
    if (opened.payloadAt === undefined) {
      this.#output.byte(close)
      this.#depth--
    } else {
      this.onPayload?.(opened.value as PhpCustom, this.#output.copy(opened.payloadAt))
      this.#output.embrace(opened.payloadAt)
    }
    this.#opened = opened.parent
    return opened.parent
  }

  /** Writes the key and returns the value. */
  #entry(opened: Opened): unknown {
    const { keys, values } = opened
    const index = opened.next++
    if (keys === undefined) {
      this.#output.integer(index)
      return (values as readonly unknown[])[index]
    }
    if (opened.payloadAt === undefined) this.#key(keys[index]!, opened)
    return Array.isArray(values) && values !== opened.value
      ? values[index]
      : (values as Record<string, unknown>)[keys[index] as string]
  }

  #key(key: PhpKey, { value }: Opened): void {
    // The names of an object's properties are no keys of an array: `5` stays text there.
    const phpKey = typeof key === 'string' && !(value instanceof Map) ? toPhpKey(key) : key
    if (typeof phpKey === 'number') this.#output.integer(phpKey)
    else if (typeof phpKey === 'bigint') this.#output.ascii(`i:${phpKey};`)
    else if (!this.#output.string(phpKey)) {
      this.#output.stringOf(bytesOfText(phpKey) ?? this.refuse('under a key with half a character (a lone surrogate)'))
    }
  }

  #reference(reference: PhpReference): void {
    const { value } = reference
    if (value instanceof PhpReference) this.refuse('a reference to a reference, which PHP does not have')
    const isObject = value instanceof PhpObject || value instanceof PhpEnum || value instanceof PhpCustom
    const identity = isObject ? identityOf(value) : reference
    const earlier = this.#seen?.get(identity)
    if (earlier !== undefined) this.#output.counted(82, earlier, semicolon)
    else {
      if (!isObject) this.#remember(identity, this.#count + 1)
      this.#value(value)
    }
  }

  #remember(identity: object | string, slot: number): void {
    this.#seen ??= new Map()
    this.#seen.set(identity, slot)
  }
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null
}

/** There is one of each case of an enum. */
function identityOf(value: PhpObject | PhpEnum | PhpCustom): object | string {
  return value instanceof PhpEnum ? `${value.className}:${value.caseName}` : value
}

function isWithin(value: object, parent: Opened | undefined): boolean {
  for (let opened = parent; opened; opened = opened.parent) if (opened.value === value) return true
  return false
}

function step(key: PhpKey): string {
  const text = String(key)
  return /^[A-Za-z_$][\w$]*$/.test(text) ? `.${text}` : `[${typeof key === 'string' ? JSON.stringify(key) : text}]`
}
