import type { Faults } from './faults.ts'

/** What a subject is given in its process. */
export interface Host {
  /** An empty folder of its own, removed afterwards. */
  readonly directory: string
  /** A Redis database of its own, where the subject asked for one. */
  readonly redisUrl: string
  /** A PostgreSQL database of its own, where the subject asked for one. */
  readonly postgresUrl: string
  /** To be asked before each call to the store. */
  readonly faults: Faults
}

/** What a store holds: how many sessions, and everything it has written, keys and file names included. */
export interface Contents {
  readonly count: number
  readonly text: string
}

export interface Running {
  readonly port: number
  contents(): Contents | Promise<Contents>
}

/** What each file of this folder exports: the application, served on a free loopback port. */
export type Serve = (host: Host) => Promise<Running>
