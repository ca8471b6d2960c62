/** What the table needs of an event of `node:test`'s reporters. */
export interface TestEvent {
  readonly type: string
  readonly data: unknown
}

/** How the tests of one store ended that belong to one guarantee or rule. */
interface Outcome {
  passed: number
  failed: number
  readonly skipped: string[]
}

const SUITE = 'the store contract, kept by '
const CORNER = 'the store contract'
const WIDTH = 100
const GAP = '  '

/**
 * Gathers, from the events of a test run, how each store that `testStore` was called with keeps the contract, guarantee by
 * guarantee, and prints it as a table. For reporters of your own; `coatcheck/testing/reporter` is one that prints nothing else.
 */
export class ContractTable {
  /** By store, then by guarantee, both in the order in which they came. */
  readonly #stores = new Map<string, Map<string, Outcome>>()
  /** The names of the suites that are open. Events come in the order in which tests are written, file after file. */
  readonly #path: string[] = []

  add({ type, data }: TestEvent): void {
    const { name, nesting, skip, details } = data as {
      name: string
      nesting: number
      skip?: string | boolean
      details?: { type?: string }
    }
    if (type === 'test:start') this.#path.splice(nesting, Number.POSITIVE_INFINITY, name)
    if (type !== 'test:pass' && type !== 'test:fail') return
    const depth = this.#path.findIndex((suite) => suite.startsWith(SUITE))
    if (depth < 0 || nesting < depth) return
    const outcome = this.#outcome(this.#path[depth]!.slice(SUITE.length), nesting > depth ? this.#path[depth + 1]! : '')
    if (details?.type === 'suite' || nesting < depth + 2) {
      // A suite fails with its tests; alone, when it could not be set up or cleared away.
      if (type === 'test:fail' && outcome.failed === 0) outcome.failed = 1
    } else if (type === 'test:fail') outcome.failed++
    else if (skip !== undefined && skip !== false) outcome.skipped.push(typeof skip === 'string' ? skip : 'skipped')
    else outcome.passed++
  }

  /** Empty when no store was tested. At most 100 columns wide; more stores than fit get a table of their own. */
  lines(): string[] {
    const stores = [...this.#stores].map(([name, outcomes]) => new Column(name, outcomes))
    if (stores.length === 0) return []
    const rules = [...new Set(stores.flatMap(({ outcomes }) => [...outcomes.keys()]))].filter((rule) => rule !== '')
    const rows = [...rules.filter(isGuarantee).sort(byNumber), ...rules.filter((rule) => !isGuarantee(rule))]
    const reasons = notes(stores)
    return [...tables(stores, rows), ...(reasons.length > 0 ? ['', ...reasons] : [])]
  }

  #outcome(store: string, guarantee: string): Outcome {
    const outcomes = this.#stores.get(store) ?? new Map<string, Outcome>()
    this.#stores.set(store, outcomes)
    const outcome = outcomes.get(guarantee) ?? { passed: 0, failed: 0, skipped: [] }
    if (guarantee !== '' || outcome.failed > 0) outcomes.set(guarantee, outcome)
    return outcome
  }
}

class Column {
  readonly outcomes: ReadonlyMap<string, Outcome>
  readonly heading: readonly string[]
  readonly name: string

  constructor(name: string, outcomes: ReadonlyMap<string, Outcome>) {
    this.name = name
    this.outcomes = outcomes
    this.heading = wrap(name, 16)
  }

  cell(rule: string): string {
    const outcome = this.outcomes.get(rule)
    if (!outcome) return 'not run'
    const { passed, failed, skipped } = outcome
    const all = passed + failed + skipped.length
    if (failed > 0) return `FAILED ${failed} of ${all}`
    if (passed === all) return 'passed'
    if (passed > 0) return `passed ${passed} of ${all}`
    return skipped.some((reason) => !isLack(reason)) ? 'not run' : 'not offered'
  }

  width(rules: readonly string[]): number {
    return Math.max(...this.heading.map(({ length }) => length), ...rules.map((rule) => this.cell(rule).length))
  }
}

function tables(stores: readonly Column[], rules: readonly string[]): string[] {
  const labels = rules.map((rule) => wrap(rule, 44))
  const first = Math.max(CORNER.length, ...labels.flat().map(({ length }) => length))
  const line = (label: string, cells: readonly string[], widths: readonly number[]): string =>
    [label.padEnd(first), ...cells.map((cell, index) => cell.padEnd(widths[index]!))].join(GAP).trimEnd()
  const lines: string[] = []
  for (let rest = stores; rest.length > 0; ) {
    let count = 0
    for (let width = first; count < rest.length; count++) {
      width += GAP.length + rest[count]!.width(rules)
      if (width > WIDTH && count > 0) break
    }
    const columns = rest.slice(0, count)
    rest = rest.slice(count)
    const widths = columns.map((column) => column.width(rules))
    const height = Math.max(...columns.map(({ heading }) => heading.length))
    if (lines.length > 0) lines.push('')
    for (let row = 0; row < height; row++) {
      const words = columns.map(({ heading }) => heading[row] ?? '')
      lines.push(line(row === 0 ? CORNER : '', words, widths))
    }
    for (const [index, rule] of rules.entries()) {
      const [label = '', ...more] = labels[index]!
      const cells = columns.map((column) => column.cell(rule))
      lines.push(line(label, cells, widths), ...more.map((text) => `${GAP}${text}`))
    }
  }
  return lines
}

/** Why tests were skipped, which stores that is true of, and of how many tests. */
function notes(stores: readonly Column[]): string[] {
  const times = new Map<string, Map<string, number>>()
  for (const { name, outcomes } of stores) {
    for (const reason of [...outcomes.values()].flatMap(({ skipped }) => skipped)) {
      const counts = times.get(reason) ?? new Map<string, number>()
      times.set(reason, counts.set(name, (counts.get(name) ?? 0) + 1))
    }
  }
  const reasons = [...times.keys()].sort((one, other) => Number(isLack(other)) - Number(isLack(one)))
  return reasons.flatMap((reason) => {
    const where = [...times.get(reason)!].map(([store, count]) => `${store} (${count})`).join(', ')
    const text = `${/^not (offered|run): /.test(reason) ? reason : `not run: ${reason}`} · ${where}`
    return wrap(text, WIDTH - GAP.length).map((part, index) => (index === 0 ? part : `${GAP}${part}`))
  })
}

/** `whyNot` says so of what a store lacks; anything else is a reason of the machine or of the test. */
function isLack(reason: string): boolean {
  return reason.startsWith('not offered: ')
}

function isGuarantee(rule: string): boolean {
  return /^G\d+: /.test(rule)
}

function byNumber(one: string, other: string): number {
  return Number.parseInt(one.slice(1), 10) - Number.parseInt(other.slice(1), 10)
}

/** Lines of at most so many characters; a longer word is cut. */
function wrap(text: string, width: number): string[] {
  const lines = ['']
  for (let word of text.split(' ')) {
    const last = lines.at(-1)!
    if (last === '' || last.length + 1 + word.length <= width) lines[lines.length - 1] = last ? `${last} ${word}` : word
    else lines.push(word)
    for (word = lines.at(-1)!; word.length > width; word = word.slice(width)) {
      lines.splice(-1, 1, word.slice(0, width), word.slice(width))
    }
  }
  return lines
}
