import type { Codec } from './codec.ts'
import type { Values } from './data.ts'

/** A session's data during one request: what was loaded, and what the handler makes of it. */
export class Draft {
  readonly #codec: Codec
  readonly #initial: () => Values
  /** Decoded at once, so that bad bytes show when the session is opened; handed out, and compared, only when asked for. */
  #loaded: Values | undefined
  #data: Values | undefined
  #base: string | undefined

  /** Throws when the text is not the codec's. Undefined: a session that is not stored yet, with the initial data. */
  constructor(codec: Codec, initial: () => Values, text: string | undefined) {
    this.#codec = codec
    this.#initial = initial
    if (text === undefined) return
    this.#loaded = this.#decode(text)
    this.#base = text
  }

  /** The one object that the handler reads and changes for the whole request. */
  get data(): Values {
    if (this.#data) return this.#data
    this.#data = this.#loaded ?? {}
    if (this.#fillGaps(this.#data) || this.#base === undefined) this.#base = this.#codec.encode(this.#data)
    return this.#data
  }

  /** The data as loaded, decoded anew: nobody has changed it since. */
  get loaded(): Values {
    return this.#base === undefined ? {} : this.#decode(this.#base)
  }

  /** Whether the data, as it would be stored, differs from what was loaded. */
  isChanged(): boolean {
    return this.#data !== undefined && this.encode() !== this.#base
  }

  /** The data as it would be stored. */
  encode(): string {
    return this.#data ? this.#codec.encode(this.#data) : (this.#base ?? this.#codec.encode(this.data))
  }

  /** Goes on from what was just stored. The object stays the same, for a handler that holds it. */
  rebase(text: string): void {
    this.#base = text
    this.#loaded = this.#decode(text)
    if (this.#data) this.#replace(this.#loaded)
  }

  /** Empties the data but for the named keys; the initial data fills the gaps. What was loaded stays the base. */
  keepOnly(keys: readonly string[]): void {
    const kept = Object.fromEntries(Object.entries(this.data).filter(([key]) => keys.includes(key)))
    this.#replace({ ...this.#initial(), ...kept })
  }

  /** The same, as the data of a session that is not stored yet. */
  startAnew(keys: readonly string[]): void {
    this.keepOnly(keys)
    this.#base = this.#codec.encode(this.#initial())
  }

  /** Gives keys that are not there their initial value, as a new version of the application may have new keys. */
  #fillGaps(data: Values): boolean {
    const initial = this.#initial()
    let hasGaps = false
    for (const key of Object.keys(initial)) {
      if (Object.hasOwn(data, key)) continue
      data[key] = initial[key]
      hasGaps = true
    }
    return hasGaps
  }

  #replace(values: Values): void {
    const data = this.data
    for (const key of Object.keys(data)) delete data[key]
    Object.assign(data, values)
  }

  #decode(text: string): Values {
    return this.#codec.decode(text)
  }
}
