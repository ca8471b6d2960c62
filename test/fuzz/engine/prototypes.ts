const watched: readonly object[] = [
  Object,
  Array,
  Function,
  String,
  Number,
  Boolean,
  BigInt,
  Symbol,
  Map,
  Set,
  Date,
  RegExp,
  Promise,
  Error,
  Uint8Array,
  Object.getPrototypeOf(Uint8Array),
  ArrayBuffer,
  Buffer,
].flatMap((builtin) => [builtin, builtin.prototype])

type Snapshot = ReadonlyMap<PropertyKey, PropertyDescriptor>

const snapshotOf = (object: object): Snapshot =>
  new Map(Reflect.ownKeys(object).map((key) => [key, Object.getOwnPropertyDescriptor(object, key)!]))

/** What every object of the process inherits: nobody's input may change it. */
export class Prototypes {
  readonly #snapshots = watched.map((object) => [object, snapshotOf(object)] as const)
  readonly #names = new Map(watched.map((object) => [object, Reflect.ownKeys(object).length]))

  /** Names what has been added, removed or replaced, and puts it right; undefined where nothing was. */
  changed(): string | undefined {
    const changes: string[] = []
    for (const [object, before] of this.#snapshots) {
      for (const key of new Set([...before.keys(), ...Reflect.ownKeys(object)])) {
        const [was, is] = [before.get(key), Object.getOwnPropertyDescriptor(object, key)]
        if (was && is && Object.is(was.value, is.value) && was.get === is.get && was.set === is.set) continue
        changes.push(`${nameOf(object)}.${String(key)}`)
        if (was) Object.defineProperty(object, key, was)
        else Reflect.deleteProperty(object, key)
      }
    }
    return changes.length > 0 ? changes.join(', ') : undefined
  }

  /** A first look, cheap enough for every input: whether a property was added to what inherits nearly everywhere. */
  get seemChanged(): boolean {
    for (const _ in {}) return true
    return [Object.prototype, Array.prototype, Function.prototype].some(
      (object) => Reflect.ownKeys(object).length !== this.#names.get(object),
    )
  }
}

function nameOf(object: object): string {
  return typeof object === 'function' ? object.name : `${object.constructor.name}.prototype`
}
