import type { Store } from '../../core/store.ts'
import type { Capability } from '../store-cases/store-case.ts'

/** What the process that tests asks of one that holds a store open. */
export interface Call {
  readonly call: number
  /** Which of the stores, that the module opens by this name. */
  readonly space: string
  /** A method of the store, or a job. */
  readonly name: string
  readonly values: readonly unknown[]
  /** The moment to begin at, by the clock that all processes of a machine share: `process.hrtime.bigint()`. */
  readonly begin?: bigint | undefined
}

export type Answer =
  | { readonly ready: true }
  | { readonly failed: string }
  | { readonly call: number; readonly value: unknown }
  | {
      readonly call: number
      readonly error: { readonly name: string; readonly message: string; readonly stack: string }
    }
  /** A job that is under way has something to tell. */
  | { readonly call: number; readonly said: unknown }

/** What a process says of a store that it has opened. */
export interface About {
  readonly durability: Store['durability']
  readonly offers: readonly Capability[]
}

/** How long a call to a store may take in another process. */
export const patience = 8_000
