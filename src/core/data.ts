/** Values that a session keeps exactly: what is read back equals what was put in. */
export type StorableValue =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | Date
  | ArrayBuffer
  | TypedArray
  | Map<StorableValue, StorableValue>
  | Set<StorableValue>
  | StorableValue[]
  | { [key: string]: StorableValue }

type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array

/** `T` where it can be stored, `never` where it can't: functions, symbols, classes with methods, promises. */
export type Storable<T> = unknown extends T
  ? T
  : T extends string | number | boolean | bigint | null | undefined | Date | ArrayBuffer | TypedArray
    ? T
    : T extends symbol | ((...args: never[]) => unknown)
      ? never
      : T extends Map<infer K, infer V>
        ? Map<Storable<K>, Storable<V>>
        : T extends Set<infer V>
          ? Set<Storable<V>>
          : T extends object
            ? { [K in keyof T]: Storable<T[K]> }
            : never

/** The constraint on an application's data: every key storable. A key that isn't does not compile. */
export type StorableData<Data> = { [Key in keyof Data]: Storable<Data[Key]> }

/** `T` as a read-only session shows it: nothing in it can be assigned to. */
export type DeepReadonly<T> = T extends
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | Date
  | ArrayBuffer
  | TypedArray
  ? T
  : T extends Map<infer K, infer V>
    ? ReadonlyMap<DeepReadonly<K>, DeepReadonly<V>>
    : T extends Set<infer V>
      ? ReadonlySet<DeepReadonly<V>>
      : T extends object
        ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
        : T

/** A session's data as core handles it, whatever the application's type for it. */
export type Values = Record<string, unknown>

/** The same as it is stored: each top-level key's value, as the codec wrote it. */
export type Texts = ReadonlyMap<string, string>

export const noTexts: Texts = new Map()
