import type { OpenOptions, Sessions, SessionsOptions, Store } from 'coatcheck'
import type { Context } from 'hono'
import type { LabData } from '../seed-functions.ts'

/** What a row's TypeScript works with, by the names that its text uses. */
export interface LabRequest {
  c: Context
  sessions: Sessions<LabData>
  store: Store
  /** What `options` noted meanwhile. */
  calls: readonly string[]
}

/** One of PHP's `session_*` functions, beside what one writes with coatcheck. */
export interface SessionFunction {
  /** PHP's, and the address of its button: `/functions/session_abort`. */
  name: `session_${string}`
  title: string
  /** A whole script. The value of its last line is shown. */
  php: string
  /** In a few words, for the list. Absent: nothing is needed. */
  native?: string
  /** In a handler with an open `session`; behind a line `// in a handler` where options come first. The value of its last line is shown. */
  typescript?: string
  /** What differs, or why nothing is needed. */
  note: string
  open?: OpenOptions
  /** For a row that is about options: those of the `Sessions` that runs it, on the same record. */
  options?: (store: Store, calls: string[]) => Partial<SessionsOptions<LabData>>
  /** Does what `typescript` says: a test executes the text and compares. Absent where there is none. */
  run?: (lab: LabRequest) => Promise<unknown>
  /** Throwing is what it is about. */
  throws?: true
}

/** Functions that belong together. */
export interface FunctionGroup {
  /** Of the heading, for links. */
  id: string
  title: string
  functions: readonly SessionFunction[]
}
