/** A system that a schedule drives: made anew for each run, and the same each time for the same choices. */
export interface Run {
  /** The steps that can be taken now, always in the same order. None: the run is over. */
  enabled(): readonly string[]
  take(step: string): Promise<void>
  /** Two runs with one key go on alike. */
  key(): string
  /** What is wrong by now, or, when the run is over, in the end. */
  violation(isOver: boolean): Promise<Violation | undefined>
  readonly trace: readonly string[]
  /** Lets go of whatever still waits. */
  dispose(): Promise<void>
}

export interface Violation {
  readonly guarantee: string
  readonly message: string
  readonly trace: readonly string[]
}

export interface Exploration {
  /** Different orders of steps, from the start to an end. */
  readonly interleavings: number
  readonly states: number
  /** How often the system was made and run: fewer than the interleavings, as ways that meet in one state go on together. */
  readonly runs: number
  /** The shortest trace that was found for each guarantee. */
  readonly violations: readonly Violation[]
}

/**
 * Visits every state that any order of steps leads to. A run can't be copied, so each branch is reached by running again from
 * the start; a branch ends where it meets a state that was visited before. With `merges: false` each goes on to its own end.
 */
export async function explore(start: () => Promise<Run>, { merges = true } = {}): Promise<Exploration> {
  const successors = new Map<string, string[]>()
  const violations = new Map<string, Violation>()
  const open: (readonly string[])[] = [[]]
  let root = ''
  let runs = 0
  for (let prefix = open.pop(); prefix; prefix = open.pop()) {
    runs++
    const run = await start()
    const taken: string[] = []
    const keyOf = (): string => (merges ? run.key() : taken.join())
    let from: string | undefined
    try {
      for (const step of prefix) {
        if (taken.length === prefix.length - 1) from = keyOf()
        await run.take(step)
        taken.push(step)
      }
      for (;;) {
        const key = keyOf()
        if (from === undefined) root = key
        else successors.get(from)!.push(key)
        if (successors.has(key)) break
        const next: string[] = []
        successors.set(key, next)
        const steps = run.enabled()
        const found = await run.violation(steps.length === 0)
        if (found) {
          const shortest = violations.get(found.guarantee)
          if (!shortest || found.trace.length < shortest.trace.length) violations.set(found.guarantee, found)
          break
        }
        if (steps.length === 0) break
        for (const step of steps.slice(1)) open.push([...taken, step])
        from = key
        await run.take(steps[0]!)
        taken.push(steps[0]!)
      }
    } finally {
      await run.dispose()
    }
  }
  return {
    interleavings: countPaths(successors, root),
    states: successors.size,
    runs,
    violations: [...violations.values()],
  }
}

/** The states form no circle, as each step makes some request's history longer. */
function countPaths(successors: ReadonlyMap<string, readonly string[]>, root: string): number {
  const counts = new Map<string, number>()
  const count = (key: string): number => {
    const known = counts.get(key)
    if (known !== undefined) return known
    const next = successors.get(key) ?? []
    const sum = next.length === 0 ? 1 : next.reduce((total, successor) => total + count(successor), 0)
    counts.set(key, sum)
    return sum
  }
  return count(root)
}
