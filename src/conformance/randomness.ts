/** What many ids of one server show of how they are made. Black-box: it finds bad sources, and can't prove a good one. */
export interface Randomness {
  readonly count: number
  readonly duplicates: number
  /** What all of them begin and end with. */
  readonly prefix: string
  readonly suffix: string
  /** Bits in an id, position by position: never more than there are, fewer where positions depend on each other. */
  readonly bits: number
  /** How many characters the positions that change are made of. */
  readonly alphabet: number
  /** The bit that is furthest from being one in half of the ids, and how far, in standard deviations. */
  readonly worst: { readonly position: number; readonly sigma: number }
}

const alphabets = [
  '0123456789abcdef',
  '0123456789ABCDEF',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
]

export function randomnessOf(values: readonly string[]): Randomness {
  const ids = values.map(decoded)
  const length = Math.min(...ids.map((id) => id.length))
  const counts = Array.from({ length }, (_, position) => countsAt(ids, position))
  const isFixed = counts.map((count) => count.size === 1)
  const before = isFixed.indexOf(false) === -1 ? length : isFixed.indexOf(false)
  const after = length - 1 - isFixed.lastIndexOf(false)
  const changing = [...counts.keys()].filter((position) => !isFixed[position])
  const used = new Set(changing.flatMap((position) => [...counts[position]!.keys()]))
  return {
    count: ids.length,
    duplicates: ids.length - new Set(ids).size,
    prefix: ids[0]!.slice(0, before),
    suffix: before === length ? '' : ids[0]!.slice(ids[0]!.length - after, ids[0]!.length),
    bits: changing.reduce((sum, position) => sum + entropy(counts[position]!, ids.length), 0),
    alphabet: used.size,
    worst: worstBit(changing, counts, used, ids.length),
  }
}

/** The characters that an id of this server is made of, position by position, for forging one that it never issued. */
export function likeOneOf(values: readonly string[], random: () => number = Math.random): string {
  const ids = values.map(decoded)
  const length = Math.min(...ids.map((id) => id.length))
  const all = new Set(ids.flatMap((id) => [...id.slice(0, length)]))
  const positions = Array.from({ length }, (_, position) => [...countsAt(ids, position).keys()])
  const letters = [...all].filter((letter) => /[0-9A-Za-z]/.test(letter))
  const forged = positions.map((seen) =>
    seen.length === 1 ? seen[0]! : letters[Math.floor(random() * letters.length)]!,
  )
  return encodeURIComponent(forged.join(''))
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

function countsAt(ids: readonly string[], position: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (const id of ids) counts.set(id[position]!, (counts.get(id[position]!) ?? 0) + 1)
  return counts
}

/** Shannon's, in bits. */
function entropy(counts: ReadonlyMap<string, number>, total: number): number {
  return [...counts.values()].reduce((sum, count) => sum - (count / total) * Math.log2(count / total), 0)
}

/** Of ids that encode bits. A bit that never changes is none: the last character of base64 carries fewer than six. */
function worstBit(
  positions: readonly number[],
  counts: readonly ReadonlyMap<string, number>[],
  used: ReadonlySet<string>,
  total: number,
): { position: number; sigma: number } {
  const alphabet = alphabets.find((letters) => [...used].every((letter) => letters.includes(letter)))
  let worst = { position: -1, sigma: 0 }
  if (!alphabet) return worst
  const width = Math.log2(alphabet.length)
  for (const position of positions) {
    for (let bit = 0; bit < width; bit++) {
      let ones = 0
      for (const [letter, count] of counts[position]!) if ((alphabet.indexOf(letter) >> bit) & 1) ones += count
      if (ones === 0 || ones === total) continue
      const sigma = Math.abs(ones - total / 2) / Math.sqrt(total / 4)
      if (sigma > worst.sigma) worst = { position: position * width + bit, sigma }
    }
  }
  return worst
}
