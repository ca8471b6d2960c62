import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import { Coverage } from './coverage.ts'
import { Mutator } from './mutation.ts'
import { Prototypes } from './prototypes.ts'
import { Random } from './random.ts'
import type { Assignment, Finding, OpenTarget, Outcome, Target } from './target.ts'

/** Asking for the coverage costs as much as dozens of inputs: so it is asked for after this many. */
const batchSize = 128
/** Enough for every answer that is meant as one; a message with a part of the input in it must not fill the memory. */
const mostAnswers = 500

/** What a worker runs: inputs without end, until the time is up or one of them shows a fault. */
export async function loop(open: OpenTarget, url: string): Promise<void> {
  const target = await open()
  const outcome = await new Run(target, workerData as Assignment, url).outcome()
  target.close?.()
  parentPort?.postMessage(outcome)
}

class Fault extends Error {
  readonly finding: Finding

  constructor(finding: Finding) {
    super(finding.message)
    this.finding = finding
  }
}

class Run {
  readonly #target: Target
  readonly #assignment: Assignment
  readonly #prototypes = new Prototypes()
  readonly #coverage: Coverage
  readonly #corpus: Uint8Array[] = []
  readonly #answers = new Set<string>()
  readonly #mutator: Mutator
  readonly #digest = createHash('sha256')
  readonly #until: number
  readonly #counter: Int32Array
  readonly #current: Uint8Array
  #executions = 0

  constructor(target: Target, assignment: Assignment, url: string) {
    this.#target = target
    this.#assignment = assignment
    this.#coverage = new Coverage(url)
    this.#mutator = new Mutator(target, this.#corpus, new Random(assignment.seed))
    this.#until = performance.now() + assignment.seconds * 1_000
    this.#counter = new Int32Array(assignment.current, 0, 2)
    this.#current = new Uint8Array(assignment.current, 8)
  }

  async outcome(): Promise<Outcome> {
    let finding: Finding | undefined
    try {
      await this.#explore()
      await this.#weigh()
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      finding = error.finding
    }
    const executions = this.#executions
    const { functions } = this.#coverage
    this.#coverage.close()
    if (finding?.kind === 'failure') finding = await this.#smaller(finding)
    const digest = this.#digest.digest('hex')
    return { executions, functions, kept: this.#corpus.length, digest, finding }
  }

  async #explore(): Promise<void> {
    for (const seed of [...this.#target.seeds, ...this.#assignment.inputs]) {
      const input = typeof seed === 'string' ? Buffer.from(seed, 'latin1') : seed
      this.#keep(input, await this.#execute(input))
      await this.#assertNoPollution([input])
    }
    this.#coverage.learn(this.#coverage.take())
    const until = this.#until - Math.max(0, this.#until - performance.now()) / 5
    const executions = this.#assignment.executions * 0.8
    while (this.#executions < executions && performance.now() < until) {
      const batch = Array.from({ length: batchSize }, () => this.#mutator.mutated())
      for (const input of batch) {
        this.#digest.update(input)
        const answer = await this.#execute(input)
        if (!this.#answers.has(answer) && this.#answers.size < mostAnswers) this.#keep(input, answer)
      }
      await this.#assertNoPollution(batch)
      const traces = this.#coverage.take()
      if (!this.#coverage.isNew(traces)) continue
      await this.#seekNew(batch)
      this.#coverage.learn(traces)
    }
  }

  /** Halves by halves, to those inputs that bring something new. */
  async #seekNew(inputs: readonly Uint8Array[]): Promise<void> {
    let answer = ''
    for (const input of inputs) answer = await this.#execute(input)
    const traces = this.#coverage.take()
    if (!this.#coverage.isNew(traces)) return
    if (inputs.length === 1) {
      this.#coverage.learn(traces)
      return this.#keep(inputs[0]!, answer)
    }
    const middle = inputs.length >> 1
    await this.#seekNew(inputs.slice(0, middle))
    await this.#seekNew(inputs.slice(middle))
  }

  #keep(input: Uint8Array, answer: string): void {
    this.#answers.add(answer)
    this.#corpus.push(Uint8Array.from(input))
  }

  async #execute(input: Uint8Array): Promise<string> {
    this.#current.set(input)
    this.#counter[1] = input.length
    Atomics.store(this.#counter, 0, ++this.#executions)
    const startedAt = performance.now()
    let answer: string
    try {
      const running = this.#target.run(input)
      answer = typeof running === 'string' ? running : await running
    } catch (error) {
      const message = textOf(error)
      if (!this.#assignment.known.some((known) => known.test(message)))
        throw new Fault({ kind: 'failure', message, input })
      answer = 'a known fault'
    }
    if (this.#prototypes.seemChanged) await this.#assertNoPollution([input])
    const limit = this.#target.cpuMs ?? 100
    // By the clock it may be the machine that is slow.
    if (performance.now() - startedAt > limit) await this.#assertFast(input, limit)
    return answer
  }

  async #assertFast(input: Uint8Array, limit: number): Promise<void> {
    let least = Infinity
    for (let time = 0; time < 5 && least > limit; time++) {
      const before = process.cpuUsage()
      await this.#repeat(input)
      const { user, system } = process.cpuUsage(before)
      least = Math.min(least, (user + system) / 1_000)
    }
    if (least <= limit) return
    const message = `${input.length} bytes took ${Math.round(least)} ms of the processor, five times over`
    throw new Fault({ kind: 'slow', message, input })
  }

  async #assertNoPollution(inputs: readonly Uint8Array[]): Promise<void> {
    const changed = this.#prototypes.changed()
    if (changed === undefined) return
    for (const input of inputs) {
      await this.#repeat(input)
      const again = this.#prototypes.changed()
      if (again) throw new Fault({ kind: 'pollution', message: again, input })
    }
    throw new Fault({ kind: 'pollution', message: changed, input: inputs.at(-1)! })
  }

  /** Whether memory grows from input to input, new ones all, in each of five rounds but one: else it is a cache that fills, or noise. */
  async #weigh(): Promise<void> {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const roundMs = Math.max(0, this.#until - performance.now()) / 6
    const allowed = this.#target.keptBytes ?? 64
    let growing = 0
    for (let round = 0; round < 5; round++) {
      const [before, from] = [await weightAfter(collect), this.#executions]
      await this.#runFor(roundMs)
      const count = this.#executions - from
      if (count >= 300 && (await weightAfter(collect)) - before > count * allowed + 8_192) growing += 1
    }
    if (growing < 4) return
    const message = `more than ${allowed} bytes are kept of each input`
    throw new Fault({ kind: 'memory', message, input: this.#mutator.mutated() })
  }

  /** New inputs, without looking at what they bring: a twenty-fifth of all, at most. */
  async #runFor(ms: number): Promise<void> {
    const until = performance.now() + ms
    const last = this.#executions + this.#assignment.executions / 25
    while (this.#executions < last && performance.now() < until) await this.#execute(this.#mutator.mutated())
  }

  /** Leaves out what the same failure does not need, for two seconds. */
  async #smaller(finding: Finding): Promise<Finding> {
    let smallest = finding
    const until = performance.now() + 2_000
    for (let size = finding.input.length >> 1; size >= 1; size >>= 1) {
      for (let start = 0; start < smallest.input.length && performance.now() < until; ) {
        const { input } = smallest
        const shorter = Buffer.concat([input.subarray(0, start), input.subarray(start + size)])
        const found = await this.#failureOf(shorter)
        if (found && placeOf(found.message) === placeOf(finding.message)) smallest = found
        else start += size
      }
    }
    return smallest
  }

  /** Runs it once more. */
  async #repeat(input: Uint8Array): Promise<void> {
    try {
      await this.#target.run(input)
    } catch {
      // Whatever it shows has been seen.
    }
  }

  async #failureOf(input: Uint8Array): Promise<Finding | undefined> {
    try {
      await this.#execute(input)
      return undefined
    } catch (error) {
      return error instanceof Fault && error.finding.kind === 'failure' ? error.finding : undefined
    }
  }
}

async function weightAfter(collect: () => void): Promise<number> {
  await nextTurn()
  collect()
  await nextTurn()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}\n${framesOf(error)}` : String(error)
}

function framesOf({ stack = '' }: Error): string {
  return stack.slice(Math.max(0, stack.search(/^ {4}at /m)))
}

function placeOf(message: string): string {
  return `${/^\w*/.exec(message)?.[0]} ${/^ {4}at .*/m.exec(message)?.[0]}`
}
