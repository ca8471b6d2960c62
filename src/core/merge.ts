import { type Codec, encodeKey } from './codec.ts'
import type { Values } from './data.ts'

/**
 * How two changes of one key become one, exactly and without a lock. What was changed since the session was read is applied
 * to what is stored now: `sum` adds the difference, `append` adds the elements that came at the end, `union` adds and removes
 * members of a Set, `max` and `min` keep the greater or the lesser.
 */
export type MergeRule = 'sum' | 'append' | 'union' | 'max' | 'min'

/** The rules that fit each key's type. */
export type MergeRules<Data> = {
  readonly [Key in keyof Data]?: NonNullable<Data[Key]> extends number | bigint
    ? 'sum' | 'max' | 'min'
    : NonNullable<Data[Key]> extends readonly unknown[]
      ? 'append'
      : NonNullable<Data[Key]> extends ReadonlySet<unknown>
        ? 'union'
        : NonNullable<Data[Key]> extends Date
          ? 'max' | 'min'
          : never
}

export interface Merged {
  readonly data: Values
  /** Keys without a rule that both had changed: mine was taken. Equal values too: two `n++` that both made it 1 are one too few. */
  readonly conflicts: readonly string[]
}

/** Applies what changed from `loaded` to `mine` to `theirs`, by top-level key. */
export function merge(
  codec: Codec,
  rules: { readonly [key: string]: MergeRule | undefined },
  { loaded, mine, theirs }: { loaded: Values; mine: Values; theirs: Values },
): Merged {
  const data = { ...theirs }
  const conflicts: string[] = []
  for (const key of new Set([...Object.keys(loaded), ...Object.keys(mine)])) {
    const was = encodeKey(codec, loaded, key)
    const wanted = encodeKey(codec, mine, key)
    if (wanted === was) continue
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined
    const combined =
      rule && wanted !== undefined ? combine[rule](loaded[key], mine[key], theirs[key], codec) : undefined
    if (combined !== undefined) {
      data[key] = combined
      continue
    }
    if (encodeKey(codec, theirs, key) !== was) conflicts.push(key)
    if (wanted === undefined) delete data[key]
    else data[key] = mine[key]
  }
  return { data, conflicts }
}

/** Undefined where the change is not of the rule's kind (an element in the middle, another type): then it is like any other. */
const combine: Record<MergeRule, (loaded: unknown, mine: unknown, theirs: unknown, codec: Codec) => unknown> = {
  sum(loaded, mine, theirs) {
    if (typeof mine === 'bigint') return mine - asBigint(loaded) + asBigint(theirs)
    return typeof mine === 'number' ? mine - asNumber(loaded) + asNumber(theirs) : undefined
  },
  append(loaded, mine, theirs, codec) {
    const before = asArray(loaded)
    const after = asArray(mine)
    if (
      !Array.isArray(mine) ||
      codec.encode({ list: before }) !== codec.encode({ list: after.slice(0, before.length) })
    )
      return undefined
    return [...asArray(theirs), ...after.slice(before.length)]
  },
  union(loaded, mine, theirs) {
    if (!(mine instanceof Set)) return undefined
    const before = asSet(loaded)
    const union = new Set(asSet(theirs))
    for (const member of before) if (!mine.has(member)) union.delete(member)
    for (const member of mine) if (!before.has(member)) union.add(member)
    return union
  },
  max: (_loaded, mine, theirs) => extreme(mine, theirs, (one, other) => one > other),
  min: (_loaded, mine, theirs) => extreme(mine, theirs, (one, other) => one < other),
}

function extreme(mine: unknown, theirs: unknown, wins: (one: number, other: number) => boolean): unknown {
  if (typeof theirs !== typeof mine) return mine
  return wins(theirs as number, mine as number) ? theirs : mine
}

const asNumber = (value: unknown): number => (typeof value === 'number' ? value : 0)
const asBigint = (value: unknown): bigint => (typeof value === 'bigint' ? value : 0n)
const asArray = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const asSet = (value: unknown): ReadonlySet<unknown> => (value instanceof Set ? value : new Set())
