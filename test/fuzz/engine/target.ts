import type { Random } from './random.ts'

/** Something of the library that reads bytes it can't trust, and what must hold whatever they are. */
export interface Target {
  /** Inputs to begin with: valid ones above all, as the rest is made from them by small steps. */
  readonly seeds: readonly (string | Uint8Array)[]
  /** Words of the format, which no small step would find. */
  readonly words: readonly string[]
  /** What parts an input into what may be moved, doubled and left out as a whole. */
  readonly separator: string
  readonly maxBytes: number
  /** Mends what would have an input refused at the door, such as a count or a length. Half of the inputs pass by here. */
  readonly repair?: (input: Uint8Array, random: Random) => Uint8Array
  /** Throws when something is wrong. Says in a few words what has become of the input: whatever brings a new answer is kept. */
  readonly run: (input: Uint8Array) => string | Promise<string>
  /** How long one input may take, in milliseconds of the processor. Default: 100. */
  readonly cpuMs?: number
  /** What one input may leave behind for good, in bytes. Default: 64. */
  readonly keptBytes?: number
  readonly close?: () => void
}

/** What each file in `targets/` exports. */
export type OpenTarget = () => Target | Promise<Target>

/** What went wrong, and with what. */
export interface Finding {
  /** `hang` and `slow`: too much of the processor for one input. `memory`: more of it from input to input. */
  readonly kind: 'failure' | 'pollution' | 'slow' | 'hang' | 'memory'
  readonly message: string
  readonly input: Uint8Array
}

/** How a run went. */
export interface Outcome {
  readonly executions: number
  /** How many functions of the library have run. */
  readonly functions: number
  /** How many inputs are kept for having brought something new. */
  readonly kept: number
  /** A hash of all inputs: the same for the same seed and number of executions. */
  readonly digest: string
  readonly finding?: Finding | undefined
}

/** What a run is told. */
export interface Assignment {
  readonly seed: number
  /** By the clock, the checks at the end included. */
  readonly seconds: number
  /** Ends it earlier. */
  readonly executions: number
  /** From the corpus. */
  readonly inputs: readonly Uint8Array[]
  /** Messages of failures that are known already, and to be passed over. */
  readonly known: readonly RegExp[]
  /** The input that is being run, for whoever must stop it: how many came before it, its length, its bytes. */
  readonly current: SharedArrayBuffer
}
