import type { SessionId } from 'coatcheck'
import type { RawRecord, Recorder } from 'coatcheck/devtools'

export type { RawRecord } from 'coatcheck/devtools'

/** Who reads the store behind the library's back. */
export interface StoredIn {
  readonly recorder: Recorder
}

/** What is stored, not what the library makes of it. Undefined: there is no record. */
export function readRawRecord({ recorder }: StoredIn, id: SessionId): Promise<RawRecord | undefined> {
  return recorder.readRaw(id)
}
