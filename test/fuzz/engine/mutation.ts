import type { Random } from './random.ts'
import type { Target } from './target.ts'

type Bytes = Uint8Array
type Step = (input: Bytes, mutator: Mutator) => Bytes

const numbers = [
  '0',
  '-1',
  '1',
  '4294967295',
  '4294967296',
  '9007199254740993',
  '1e999',
  '-1e999',
  '1e-400',
  '-0',
  '0x1',
]

/** Makes new inputs out of others, by a few small steps each. */
export class Mutator {
  readonly random: Random
  readonly separator: Bytes
  readonly words: readonly Bytes[]
  readonly maxBytes: number
  readonly #target: Target
  readonly #corpus: readonly Bytes[]

  /** The corpus may grow meanwhile. */
  constructor(target: Target, corpus: readonly Bytes[], random: Random) {
    this.random = random
    this.separator = Buffer.from(target.separator, 'latin1')
    this.words = [...target.words, ...numbers].map((word) => Buffer.from(word, 'latin1'))
    this.maxBytes = target.maxBytes
    this.#target = target
    this.#corpus = corpus
  }

  /** Mostly short ones, which are soon done, and new ones: what they have reached is least explored. */
  other(): Bytes {
    const [one, another] = [this.#any(), this.#any()]
    return one.length < another.length || this.random.oneIn(4) ? one : another
  }

  #any(): Bytes {
    const { length } = this.#corpus
    const from = this.random.oneIn(2) ? Math.max(0, length - 16) : 0
    return this.#corpus[from + this.random.below(length - from)] ?? new Uint8Array(0)
  }

  mutated(): Bytes {
    let input = this.other()
    const count = 1 + this.random.below(this.random.oneIn(4) ? 8 : 2)
    const { repair } = this.#target
    for (let step = 0; step < count; step++) {
      input = this.random.pick(steps)!(input, this)
      if (input.length > this.maxBytes) input = input.subarray(0, this.maxBytes)
    }
    return repair && this.random.oneIn(2) ? repair(input, this.random) : input
  }

  /** A range that is more often short than long. */
  range(length: number): [start: number, end: number] {
    const start = this.random.below(length + 1)
    const most = this.random.oneIn(3) ? length - start : Math.min(length - start, 8)
    return [start, start + this.random.below(most + 1)]
  }

  /** Where something may be put in: at either end of a word, as often as anywhere. */
  place(input: Bytes): number {
    const at = this.random.below(input.length + 1)
    if (this.random.oneIn(2)) return at
    const step = this.random.oneIn(2) ? 1 : -1
    let end = at
    while (end > 0 && end < input.length && isWordByte(input[end - 1]!) === isWordByte(input[end]!)) end += step
    return end
  }

  word(): Bytes {
    return this.random.pick(this.words) ?? this.separator
  }
}

const tokens = [/[0-9]+(?:\.[0-9]+)?/g, /[A-Za-z_$][\w$]*/g, /"(?:[^"\\]|\\.)*"/g]

/** Of the base64url alphabet. */
function isWordByte(byte: number): boolean {
  const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
  return isLetter || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x5f
}

const join = (...parts: Bytes[]): Bytes => Buffer.concat(parts)

function put(input: Bytes, start: number, end: number, content: Bytes): Bytes {
  return join(input.subarray(0, start), content, input.subarray(end))
}

const steps: readonly Step[] = [
  function flipBit(input, { random }) {
    const changed = Uint8Array.from(input)
    const at = random.below(input.length)
    if (input.length > 0) changed[at]! ^= 1 << random.below(8)
    return changed
  },
  function setByte(input, { random }) {
    const at = random.below(input.length)
    const byte = random.oneIn(2)
      ? random.below(256)
      : random.pick([0, 9, 10, 13, 32, 34, 37, 44, 92, 0x7f, 0xa0, 0xff])!
    return put(input, at, at + random.below(2), Uint8Array.of(byte))
  },
  function insertWord(input, mutator) {
    const at = mutator.place(input)
    return put(input, at, at, mutator.word())
  },
  function replaceByWord(input, mutator) {
    return put(input, ...mutator.range(input.length), mutator.word())
  },
  function replaceToken(input, mutator) {
    // A whole number, name or quoted text.
    const text = Buffer.from(input.subarray(0, 4096)).toString('latin1')
    const token = mutator.random.pick([...text.matchAll(mutator.random.pick(tokens)!)])
    return token ? put(input, token.index, token.index + token[0].length, mutator.word()) : input
  },
  function remove(input, mutator) {
    return put(input, ...mutator.range(input.length), new Uint8Array(0))
  },
  function repeat(input, mutator) {
    const { random } = mutator
    const [start, end] = mutator.range(input.length)
    const part = input.subarray(start, end)
    const times = 1 + random.below(random.oneIn(32) ? 4096 : 4)
    const most = Math.floor((mutator.maxBytes - input.length) / Math.max(1, part.length))
    return put(input, end, end, join(...Array.from({ length: Math.min(times, most) }, () => part)))
  },
  function splice(input, mutator) {
    const other = mutator.other()
    return put(input, ...mutator.range(input.length), other.subarray(...mutator.range(other.length)))
  },
  function takeHalfOfAnother(input, mutator) {
    const other = mutator.other()
    const at = mutator.random.below(Math.min(input.length, other.length) + 1)
    return join(input.subarray(0, at), other.subarray(at))
  },
  moveParts,
  moveParts,
]

/** Parts are swapped, doubled, left out, or taken from another input. */
function moveParts(input: Bytes, mutator: Mutator): Bytes {
  const { random, separator } = mutator
  const parts = partsOf(input, separator)
  const at = random.below(parts.length)
  const part = parts[at]!
  switch (random.below(4)) {
    case 0:
      parts.splice(random.below(parts.length + 1), 0, part)
      break
    case 1:
      parts.splice(at, 1)
      break
    case 2:
      parts.splice(random.below(parts.length + 1), 0, random.pick(partsOf(mutator.other(), separator))!)
      break
    default:
      parts.splice(at, 1)
      parts.splice(random.below(parts.length + 1), 0, part)
  }
  return join(...parts.flatMap((each, index) => (index === 0 ? [each] : [separator, each])))
}

function partsOf(input: Bytes, separator: Bytes): Bytes[] {
  const parts: Bytes[] = []
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  let start = 0
  for (let end = bytes.indexOf(separator); end !== -1 && parts.length < 4096; end = bytes.indexOf(separator, start)) {
    parts.push(bytes.subarray(start, end))
    start = end + separator.length
  }
  return [...parts, bytes.subarray(start)]
}
