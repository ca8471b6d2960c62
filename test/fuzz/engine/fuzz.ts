import { Worker } from 'node:worker_threads'
import { bundled, type PlantedFault } from './bundle.ts'
import type { Assignment, Finding, Outcome } from './target.ts'

/** What to fuzz, and how long. */
export interface Fuzzing {
  readonly seed: number
  readonly seconds: number
  readonly executions?: number
  readonly inputs?: readonly Uint8Array[]
  /** Messages of failures to pass over. */
  readonly known?: readonly RegExp[]
  /** Put into the library first, to see whether they are found. */
  readonly faults?: readonly PlantedFault[]
  /** How long one input may keep the processor, in seconds, before it is stopped. Default: 5. */
  readonly hangSeconds?: number
}

const currentBytes = 8 + 4 * 1_048_576

/** Runs a target on a thread of its own, so that an input that never ends can be told, kept and stopped. */
export function fuzz(
  target: string,
  { seed, seconds, executions = Infinity, inputs = [], known = [], faults = [], hangSeconds = 5 }: Fuzzing,
): Promise<Outcome> {
  return bundled(target, faults, async (script) => {
    const current = new SharedArrayBuffer(currentBytes)
    const assignment: Assignment = { seed, seconds, executions, inputs, known, current }
    const worker = new Worker(script, {
      workerData: assignment,
      execArgv: ['--enable-source-maps'],
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    })
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<Outcome>((resolve, reject) => {
        const found = (kind: Finding['kind'], message: string) => resolve(stopped(current, kind, message))
        timer = setInterval(hangWatch(current, hangSeconds, found), 100)
        worker.once('message', resolve)
        worker.once('error', (error) => {
          const isMemory = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
          // Before the first input it is the target itself that is broken.
          if (executionsOf(current) === 0) reject(error)
          else found(isMemory ? 'memory' : 'failure', error.stack ?? String(error))
        })
        worker.once('exit', (code) => reject(new Error(`the target ${target} ended with ${code}`)))
      })
    } finally {
      clearInterval(timer)
      await worker.terminate()
    }
  })
}

/** This thread waits, so what the process uses is the worker's: time of the processor, which no other load makes longer. */
function hangWatch(
  current: SharedArrayBuffer,
  hangSeconds: number,
  found: (kind: 'hang', message: string) => void,
): () => void {
  let last = -1
  let since = process.cpuUsage()
  return () => {
    const executions = executionsOf(current)
    const { user, system } = process.cpuUsage(since)
    if (executions !== last || executions === 0) {
      last = executions
      since = process.cpuUsage()
    } else if (user + system > hangSeconds * 1_000_000) {
      found('hang', `did not end within ${hangSeconds} s of the processor`)
    }
  }
}

function executionsOf(current: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(current, 0, 2), 0)
}

/** What is known of a run that could not tell for itself. */
function stopped(current: SharedArrayBuffer, kind: Finding['kind'], message: string): Outcome {
  const length = new Int32Array(current, 0, 2)[1]
  const input = Uint8Array.from(new Uint8Array(current, 8, length))
  const finding: Finding = { kind, message, input }
  return { executions: executionsOf(current), functions: 0, kept: 0, digest: '', finding }
}
