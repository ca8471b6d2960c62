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

/** The names that there are. */
export const mergeRules: readonly MergeRule[] = ['sum', 'append', 'union', 'max', 'min']

/** Undefined where the change is not of the rule's kind (an element in the middle, another type): then it is like any other. */
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
  union(loaded, mine, theirs, codec) {
    if (!(mine instanceof Set)) return undefined
    // A member that holds the set is another one whenever the set changes.
    if ([loaded, mine, theirs].some((set) => [...asSet(set)].some((member) => holds(member, set)))) return undefined
    // By what they are stored as: the three were decoded apart, and no object of one is an object of another.
    const [before, after, union] = [asSet(loaded), mine, asSet(theirs)].map((set) => byText(set, codec)) as Texts3
    for (const text of before.keys()) if (!after.has(text)) union.delete(text)
    for (const [text, member] of after) if (!before.has(text) && !union.has(text)) union.set(text, member)
    return new Set(union.values())
  },
  max: (_loaded, mine, theirs) => extreme(mine, theirs, (one, other) => one > other),
  min: (_loaded, mine, theirs) => extreme(mine, theirs, (one, other) => one < other),
}

type Texts3 = [Map<string, unknown>, Map<string, unknown>, Map<string, unknown>]

function holds(value: unknown, what: unknown, seen: Set<unknown> = new Set()): boolean {
  if (value === what) return true
  if (typeof value !== 'object' || value === null || seen.has(value)) return false
  seen.add(value)
  const parts = value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.values(value)
  return parts.some((part) => holds(part, what, seen))
}

const byText = (set: ReadonlySet<unknown>, codec: Codec): Map<string, unknown> =>
  new Map([...set].map((member) => [codec.encode(member, 'member'), member]))

/** Of numbers, bigints, texts and dates. */
function extreme(mine: unknown, theirs: unknown, wins: (one: number, other: number) => boolean): unknown {
  if (theirs === undefined) return mine
  if (kindOf(theirs) !== kindOf(mine) || kindOf(mine) === undefined) return undefined
  return wins(theirs as number, mine as number) ? theirs : mine
}

function kindOf(value: unknown): string | undefined {
  if (value instanceof Date) return 'date'
  return ['number', 'bigint', 'string'].includes(typeof value) ? typeof value : undefined
}

const asNumber = (value: unknown): number => (typeof value === 'number' ? value : 0)
const asBigint = (value: unknown): bigint => (typeof value === 'bigint' ? value : 0n)
const asArray = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const asSet = (value: unknown): ReadonlySet<unknown> => (value instanceof Set ? value : new Set())
