import { CorruptRecordError } from '../../core/errors.ts'
import type { SessionId, SessionRecord } from '../../core/store.ts'
import { type Layout, recordPath } from './layout.ts'
import { decodeRecord } from './record-file.ts'
import type { Slots } from './slot.ts'

/** What all parts of the store share. */
export interface RecordDirectory extends Slots {
  readonly layout: Layout
  /** A larger file is no record; a larger record is refused. */
  readonly maxFileBytes: number
}

/** What is stored, expired or not. Throws `CorruptRecordError` when that can't be a record. */
export function readRecord({ fs, layout, maxFileBytes }: RecordDirectory, id: SessionId): SessionRecord | undefined {
  const path = recordPath(layout, id)
  try {
    const file = fs.read(path, maxFileBytes)
    return file && decodeRecord(id, file)
  } catch (error) {
    if (!(error instanceof CorruptRecordError)) throw error
    throw new CorruptRecordError(`${path}: ${error.message}`, { cause: error })
  }
}

/** As `readRecord`, for those to whom what can't be a record is absent. */
export function readIntactRecord(directory: RecordDirectory, id: SessionId): SessionRecord | undefined {
  try {
    return readRecord(directory, id)
  } catch (error) {
    if (error instanceof CorruptRecordError) return undefined
    throw error
  }
}

export function isLive(record: SessionRecord | undefined, now: number): record is SessionRecord {
  return record !== undefined && record.expiresAt > now
}

/** Lets others run whenever this call has had the event loop for `SLICE` milliseconds. */
export function timeSlices(): () => Promise<void> | undefined {
  let since = performance.now()
  return () => {
    if (performance.now() - since < SLICE) return undefined
    return new Promise((resolve) => {
      setImmediate(() => {
        since = performance.now()
        resolve()
      })
    })
  }
}

const SLICE = 3
