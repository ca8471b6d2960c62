import type { Codec } from './codec.ts'
import type { Texts } from './data.ts'
import { decode } from './draft.ts'

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
  readonly data: Texts
  /** Keys without a rule that both had changed: mine was taken. Equal values too: two `n++` that both made it 1 are one too few. */
  readonly conflicts: readonly string[]
}

/** Applies what changed from `loaded` to `mine` to `theirs`, by top-level key. Only what a rule combines is decoded. */
export function merge(
  codec: Codec,
  rules: { readonly [key: string]: MergeRule | undefined },
  { loaded, mine, theirs }: { loaded: Texts; mine: Texts; theirs: Texts },
): Merged {
  const data = new Map(theirs)
  const conflicts: string[] = []
  for (const key of new Set([...loaded.keys(), ...mine.keys()])) {
    const wanted = mine.get(key)
    if (wanted === loaded.get(key)) continue
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined
    const value = (texts: Texts) => (texts.has(key) ? decode(codec, texts.get(key)!, key) : undefined)
    const combined =
      rule && wanted !== undefined ? combine[rule](value(loaded), value(mine), value(theirs), codec) : undefined
    if (combined !== undefined) {
      data.set(key, codec.encode(combined, key))
      continue
    }
    if (theirs.get(key) !== loaded.get(key)) conflicts.push(key)
    if (wanted === undefined) data.delete(key)
    else data.set(key, wanted)
  }
  return { data, conflicts }
}

/** Undefined where the change is not of the rule's kind (an element in the middle, another type): then it is like any other. */
/** The names that there are. */
export const mergeRules: readonly MergeRule[] = ['sum', 'append', 'union', 'max', 'min']

const combine: Record<MergeRule, (loaded: unknown, mine: unknown, theirs: unknown, codec: Codec) => unknown> = {
  sum(loaded, mine, theirs) {
    if (typeof mine === 'bigint') return mine - asBigint(loaded) + asBigint(theirs)
    return typeof mine === 'number' ? mine - asNumber(loaded) + asNumber(theirs) : undefined
  },
  append(loaded, mine, theirs, codec) {
    const before = asArray(loaded)
    const after = asArray(mine)
    if (!Array.isArray(mine) || codec.encode(before, 'list') !== codec.encode(after.slice(0, before.length), 'list'))
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
