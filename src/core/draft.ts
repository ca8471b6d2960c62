import type { Codec } from './codec.ts'
import { noTexts, type Texts, type Values } from './data.ts'
import { SessionError } from './errors.ts'
import { defineLazily, isUntouched } from './lazy-values.ts'

/** A session's data during one request: what was loaded, and what the handler makes of it. */
export class Draft {
  readonly #codec: Codec
  readonly #initial: () => Values
  #base: Texts
  /** The initial value of each key that is not stored. */
  #gaps: Values = {}
  /** How those were written before anyone could change them. */
  #gapTexts: Map<string, string> | undefined
  #data: Values | undefined

  constructor(codec: Codec, initial: () => Values, base: Texts = noTexts) {
    this.#codec = codec
    this.#initial = initial
    this.#base = base
  }

  /** The one object that the handler reads and changes for the whole request. */
  get data(): Values {
    if (!this.#data) {
      this.#data = {}
      this.#expose(this.#data)
    }
    return this.#data
  }

  /** The data as loaded, with initial values where nothing was stored. */
  get loaded(): Texts {
    return this.fill(this.#base)
  }

  /** With initial values where the given texts have none. */
  fill(texts: Texts): Texts {
    void this.data
    return new Map([...Object.keys(this.#gaps).map((key) => [key, this.#gapText(key)] as const), ...texts])
  }

  /** Whether the data, as it would be stored, differs from what was loaded. Looks only at what someone has touched. */
  isChanged(): boolean {
    const data = this.#data
    if (!data) return false
    for (const key of Object.keys(data)) if (this.#isChangedAt(data, key)) return true
    for (const key of this.#base.keys()) if (!Object.hasOwn(data, key)) return true
    return false
  }

  /** The keys that were changed, added or deleted. */
  changedKeys(): string[] {
    const { data } = this
    const changed = Object.keys(data).filter((key) => this.#isChangedAt(data, key))
    return [...changed, ...[...this.#base.keys()].filter((key) => !Object.hasOwn(data, key))]
  }

  /** The data as it would be stored. */
  encode(): Texts {
    const { data } = this
    const text = (key: string) => (isUntouched(data, key) ? this.#loadedText(key)! : this.#codec.encode(data[key], key))
    return new Map(Object.keys(data).map((key) => [key, text(key)]))
  }

  /** The same; undefined where it is what was loaded. In one go: encoding is what a change costs. */
  changed(): Texts | undefined {
    if (!this.#data) return undefined
    const texts = this.encode()
    for (const [key, text] of texts) if (text !== this.#loadedText(key)) return texts
    for (const key of this.#base.keys()) if (!texts.has(key)) return texts
    return undefined
  }

  /** Goes on from what was just stored. The object stays the same, for a handler that holds it. */
  rebase(base: Texts): void {
    this.#base = base
    if (!this.#data) return
    empty(this.#data)
    this.#expose(this.#data)
  }

  /** Empties the data but for the named keys; the initial data fills the gaps. What was loaded stays the base. */
  keepOnly(keys: readonly string[]): void {
    this.#replace(this.#initial(), keys)
  }

  /** The same, as the data of a session that is not stored yet. */
  startAnew(keys: readonly string[]): void {
    const initial = this.#initial()
    const texts = Object.keys(initial).map((key) => [key, this.#codec.encode(initial[key], key)] as const)
    this.#replace(initial, keys)
    this.#base = noTexts
    this.#gaps = initial
    this.#gapTexts = new Map(texts)
  }

  #expose(data: Values): void {
    const initial = this.#initial()
    const gaps = Object.keys(initial).filter((key) => !this.#base.has(key))
    this.#gaps = Object.fromEntries(gaps.map((key) => [key, initial[key]]))
    this.#gapTexts = undefined
    if (this.#base.size + gaps.length > 0) {
      defineLazily(data, [...this.#base.keys(), ...gaps], (key) => this.#read(key))
    }
  }

  #read(key: string): unknown {
    const text = this.#base.get(key)
    if (text !== undefined) return decode(this.#codec, text, key)
    this.#gapText(key)
    return this.#gaps[key]
  }

  #gapText(key: string): string {
    const known = this.#gapTexts?.get(key)
    if (known !== undefined) return known
    const text = this.#codec.encode(this.#gaps[key], key)
    this.#gapTexts ??= new Map()
    this.#gapTexts.set(key, text)
    return text
  }

  #isChangedAt(data: Values, key: string): boolean {
    return !isUntouched(data, key) && this.#codec.encode(data[key], key) !== this.#loadedText(key)
  }

  #loadedText(key: string): string | undefined {
    return this.#base.get(key) ?? (Object.hasOwn(this.#gaps, key) ? this.#gapText(key) : undefined)
  }

  #replace(values: Values, keys: readonly string[]): void {
    const { data } = this
    const kept = Object.keys(data).filter((key) => keys.includes(key))
    const all = { ...values, ...Object.fromEntries(kept.map((key) => [key, data[key]])) }
    empty(data)
    Object.assign(data, all)
  }
}

/** Stored bytes that are not the codec's are an error where they are asked for: the rest of the session is as good as ever. */
export function decode(codec: Codec, text: string, key: string): unknown {
  try {
    return codec.decode(text)
  } catch (cause) {
    throw new SessionError('ERR_SESSION_DATA', `what is stored as data.${key} can't be decoded`, { cause })
  }
}

function empty(values: Values): void {
  for (const key of Object.keys(values)) delete values[key]
}
