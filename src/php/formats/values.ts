/**
 * The key of a PHP array. PHP has two kinds, integers and strings, and turns a string such as `'5'` into the integer 5
 * (`toPhpKey` does the same). Integers beyond ±2^53 are bigints. A string that is not UTF-8 has each byte that doesn't
 * fit as a lone surrogate, U+DC80 to U+DCFF, as in Python.
 */
export type PhpKey = string | number | bigint

/**
 * What a PHP session can hold, as JavaScript has it:
 *
 * | PHP | here |
 * |---|---|
 * | `null`, `true`, `'text'` | `null`, `true`, `'text'` |
 * | a string that is not UTF-8 | `Uint8Array` |
 * | `5` | `5`; beyond ±2^53 a bigint |
 * | `0.5`, `-0.0`, `1e25`, `NAN` | `0.5`, `-0`, `1e25`, `NaN` |
 * | `5.0` | `PhpFloat(5)`, which counts as 5: JavaScript has no other way to tell it from `5` |
 * | `['a', 'b']`, `[]`: keys 0, 1, 2 … in this order | `['a', 'b']`, `[]` |
 * | `['name' => 'x']`: string keys | `{ name: 'x' }`, a key `__proto__` included |
 * | any other array, such as `[7 => 'x']` | `Map { 7 => 'x' }` |
 * | an object · an enum's case · a `Serializable` | `PhpObject` · `PhpEnum` · `PhpCustom` |
 * | `$a = &$b` | the same `PhpReference` in both places |
 *
 * The same table holds for writing. A Map may hold any keys, an object's keys such as `'5'` are integers to PHP, and an
 * empty object is an empty array. Arrays are values in PHP: one that stands in two places is written twice.
 */
export type PhpValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PhpFloat
  | PhpValue[]
  | Map<PhpKey, PhpValue>
  | { [key: string]: PhpValue }
  | PhpObject
  | PhpEnum
  | PhpCustom
  | PhpReference

/**
 * A float without a fraction: PHP tells 5.0 from 5, JavaScript doesn't. Arithmetic and JSON see the number.
 *
 * @example
 * session.get('price') * 2   // PHP stored 5.0: 10
 * session.set('price', new PhpFloat(10))   // PHP reads 10.0, where 10 would be an int
 */
export class PhpFloat {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }

  valueOf(): number {
    return this.value
  }

  toString(): string {
    return String(this.value)
  }

  toJSON(): number {
    return this.value
  }
}

/** Who may see a property of an object: PHP's words. */
export type PhpVisibility = 'public' | 'protected' | 'private'

/**
 * An object of a PHP class, of which nothing is known here but what PHP wrote: nothing is called or created. The same
 * object in two places is the same `PhpObject`, here and for PHP.
 *
 * @example
 * const user = session.get('user') as PhpObject
 * user.className                 // 'App\\User'
 * user.get('name')               // whatever its visibility
 * user.set('name', 'Ada')        // keeps the visibility; a new property is public
 */
export class PhpObject {
  readonly className: string
  /**
   * By the names that PHP writes: `name` is public, `\0*\0name` protected, `\0App\User\0name` private of that class.
   * What `__serialize()` returned may have integer keys too.
   */
  readonly properties: Map<PhpKey, PhpValue>

  constructor(className: string, properties: Iterable<readonly [PhpKey, PhpValue]> = []) {
    this.className = className
    this.properties = new Map(properties)
  }

  /** The value of the property as its own class sees it; `undefined` when there is none. */
  get(name: string): PhpValue | undefined {
    const key = this.#keyOf(name)
    return key === undefined ? undefined : this.properties.get(key)
  }

  set(name: string, value: PhpValue): void {
    if (name.startsWith('\0')) throw new TypeError('a property name must not start with NUL')
    this.properties.set(this.#keyOf(name) ?? name, value)
  }

  /** `undefined` when there is no such property. A private one of a parent class is not seen. */
  visibilityOf(name: string): PhpVisibility | undefined {
    const key = this.#keyOf(name)
    if (key === undefined) return undefined
    return key === name ? 'public' : key.startsWith('\0*') ? 'protected' : 'private'
  }

  #keyOf(name: string): string | undefined {
    const keys = [name, `\0*\0${name}`, `\0${this.className}\0${name}`]
    return keys.find((key) => this.properties.has(key))
  }
}

/** A case of a PHP enum: `Suit::Hearts` is `new PhpEnum('Suit', 'Hearts')`. */
export class PhpEnum {
  readonly className: string
  readonly caseName: string

  constructor(className: string, caseName: string) {
    this.className = className
    this.caseName = caseName
  }
}

/**
 * An object whose class writes itself, by PHP's old interface `Serializable`. When what it wrote is a value in PHP's
 * own format, as most such classes do, it is `{ serialized }`; else it is `{ bytes }`.
 */
export class PhpCustom {
  readonly className: string
  readonly payload: { readonly serialized: PhpValue } | { readonly bytes: Uint8Array }

  constructor(className: string, payload: { readonly serialized: PhpValue } | { readonly bytes: Uint8Array }) {
    this.className = className
    this.payload = payload
  }
}

/**
 * A PHP reference, `$a = &$b`: the same `PhpReference` stands in each place that shares the value, so that a change of
 * `value` is seen in all of them, here and in PHP.
 */
export class PhpReference {
  value: PhpValue

  constructor(value: PhpValue) {
    this.value = value
  }
}
