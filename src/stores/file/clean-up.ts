import fs from 'node:fs'
import type { StoreOptions } from '../../core/store.ts'
import { hasEnded } from '../shared/process-identity.ts'
import { addExpiryEntry, dueEntries, type ExpiryEntry, expiryEntryPath, namesOneByOne } from './expiry-index.ts'
import { errorCode } from './file-system.ts'
import { recordPath } from './layout.ts'
import type { LeaseLocks } from './lease-lock.ts'
import { type RecordDirectory, readIntactRecord, timeSlices } from './record-directory.ts'
import { discard, inFreeSlot } from './slot.ts'
import { leaveUser, removeEmptyGeneration } from './user-index.ts'

/**
 * Removes what has expired, and what processes that were killed have left. Visits only sessions whose entry in the expiry index is
 * due; of one that has been used since, the entry moves on. So a live session is visited about once per idle time.
 */
export async function deleteExpired(
  directory: RecordDirectory,
  locks: LeaseLocks,
  { now, batch, signal }: StoreOptions & { readonly batch: number },
): Promise<number> {
  const nextSlice = timeSlices()
  for (const name of namesOneByOne(directory.layout.preparation)) {
    if (hasEnded(name) || isForgotten(`${directory.layout.preparation}/${name}`)) discard(directory, name)
    await nextSlice()
  }
  let removed = 0
  if (batch <= 0) return removed
  for (const entry of dueEntries(directory.layout, now)) {
    signal.throwIfAborted()
    if (entry && visitReadable(directory, locks, entry, now)) removed += 1
    if (removed >= batch) break
    await nextSlice()
  }
  return removed
}

/** As `visit`; what this process may not read, it leaves. */
function visitReadable(directory: RecordDirectory, locks: LeaseLocks, entry: ExpiryEntry, now: number): boolean {
  try {
    return visit(directory, locks, entry, now)
  } catch (error) {
    if (errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM') return false
    throw error
  }
}

/** True when it removed an expired session. One that is being changed at this moment is left for the next time. */
function visit(directory: RecordDirectory, locks: LeaseLocks, entry: ExpiryEntry, now: number): boolean {
  const { fs: files, layout } = directory
  const file = recordPath(layout, entry.id)
  let removed = false
  let userId: string | undefined
  const isGone = inFreeSlot(directory, file, (held) => {
    const record = readIntactRecord(directory, entry.id)
    if (record && record.expiresAt > now) {
      const path = expiryEntryPath(layout, entry.id, record.expiresAt)
      if (path === entry.path) return false
      addExpiryEntry(files, path)
      held.remove(entry.path)
      return false
    }
    held.remove(file)
    removed ||= record !== undefined
    userId = record?.userId
    if (userId !== undefined) leaveUser(directory.fs, layout, held, userId, entry.id)
    held.remove(entry.path)
    return true
  })
  if (userId !== undefined) removeEmptyGeneration(files, layout, userId)
  if (isGone) locks.clear(file)
  return removed
}

/** Milliseconds after which a preparation is taken for abandoned, whoever made it. Its owner, should it live, prepares again. */
const FORGOTTEN_AFTER = 60_000

function isForgotten(path: string): boolean {
  const stats = fs.lstatSync(path, { throwIfNoEntry: false })
  return stats !== undefined && Date.now() - stats.mtimeMs > FORGOTTEN_AFTER
}
