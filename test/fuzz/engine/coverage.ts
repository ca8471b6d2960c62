import { type Profiler, Session } from 'node:inspector'

/** From, to: places in the source. */
type Range = readonly [start: number, end: number]
/** The parts of each function that did not run, by the function's own place. */
export type Traces = ReadonlyMap<string, readonly Range[]>

/** Which code has run, as the engine itself counts it (the inspector's precise coverage, block by block). */
export class Coverage {
  readonly #session = new Session()
  readonly #url: string
  /** What never ran in each function that has been called. */
  readonly #never = new Map<string, readonly Range[]>()

  constructor(url: string) {
    this.#url = url
    this.#session.connect()
    this.#session.post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  get functions(): number {
    return this.#never.size
  }

  /** What ran since the last call. */
  take(): Traces {
    const traces = new Map<string, Range[]>()
    this.#session.post('Profiler.takePreciseCoverage', (error, coverage) => {
      if (error) throw error
      for (const script of coverage.result) if (script.url === this.#url) addTraces(script, traces)
    })
    return traces
  }

  /** Whether something in it never ran before. */
  isNew(traces: Traces): boolean {
    for (const [place, skipped] of traces) {
      const never = this.#never.get(place)
      if (!never || length(both(never, skipped)) < length(never)) return true
    }
    return false
  }

  learn(traces: Traces): void {
    for (const [place, skipped] of traces) {
      const never = this.#never.get(place)
      this.#never.set(place, never ? both(never, skipped) : skipped)
    }
  }

  close(): void {
    this.#session.disconnect()
  }
}

function addTraces(script: Profiler.ScriptCoverage, traces: Map<string, Range[]>): void {
  for (const { ranges } of script.functions) {
    const [whole, ...blocks] = ranges
    if (!whole || whole.count === 0) continue
    const skipped = blocks.filter(({ count }) => count === 0).map((b): Range => [b.startOffset, b.endOffset])
    traces.set(`${whole.startOffset}-${whole.endOffset}`, disjoint(skipped))
  }
}

function disjoint(ranges: Range[]): Range[] {
  const apart: Range[] = []
  for (const range of ranges.sort(([one], [other]) => one - other)) {
    if (range[1] > (apart.at(-1)?.[1] ?? 0)) apart.push(range)
  }
  return apart
}

/** The places that lie in a range of either list. */
function both(ones: readonly Range[], others: readonly Range[]): readonly Range[] {
  return ones.flatMap(([start, end]) =>
    others.map(([from, to]): Range => [Math.max(start, from), Math.min(end, to)]).filter(([from, to]) => from < to),
  )
}

function length(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [start, end]) => sum + end - start, 0)
}
