import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** stdout and stderr, in the order they came. */
  readonly output: string
}

export interface Running {
  readonly process: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when the output so far matches; rejects with all of it when the process ends first. */
  printed(pattern: RegExp): Promise<string>
}

/** Starts Node on the arguments. `NODE_TEST_CONTEXT` would make a test runner inside of a test run nothing. */
export function runNode(args: readonly string[], options: SpawnOptions = {}): Running {
  const { NODE_TEST_CONTEXT: _, ...env } = { ...process.env, ...options.env }
  const child = spawn(process.execPath, args, { ...options, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
      for (const listener of listeners) listener()
    })
  }
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, output }))
  })
  return {
    process: child,
    ended,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => pattern.test(output) && resolve(output)
        listeners.add(look)
        look()
        ended.then(() => reject(new Error(`It ended without printing ${pattern}:\n${output}`)))
      }),
  }
}
