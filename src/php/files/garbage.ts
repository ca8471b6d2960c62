import fs from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Flock } from './flock.ts'
import type { SavePath } from './save-path.ts'
import { deleteLocked, openUnlocked } from './session-file.ts'

/** How many files are looked at before others of this process have their turn. */
const batch = 100

/** Deletes the expired files that nobody has locked, and says how many; false where PHP doesn't do it: in a folder with levels, or one that can't be listed. */
export async function collectGarbage(
  { directory, depth, mode }: SavePath,
  maxLifetimeMs: number,
  flock: Flock,
): Promise<number | false> {
  if (depth > 0) return false
  const isExpired = (stats: fs.Stats | undefined): boolean =>
    stats?.isFile() === true && Date.now() - stats.mtimeMs > maxLifetimeMs
  const names = await fs.promises.readdir(directory).catch(() => undefined)
  if (!names) return false
  let deleted = 0
  for (const [index, name] of names.entries()) {
    if (index % batch === batch - 1) await nextTurn()
    if (!name.startsWith('sess_')) continue
    const path = `${directory}/${name}`
    try {
      if (!isExpired(fs.lstatSync(path, { throwIfNoEntry: false }))) continue
      const locked = await openUnlocked({ directory, path, mode }, flock)
      if (!locked) continue
      try {
        if (isExpired(locked.stats)) {
          deleteLocked(locked.file, path)
          deleted++
        }
      } finally {
        fs.closeSync(locked.file)
      }
    } catch {
      // Somebody else's file, which is theirs to collect.
    }
  }
  return deleted
}
