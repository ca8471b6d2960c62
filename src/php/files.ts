import fs from 'node:fs'
import { type Duration, milliseconds } from '../core/lifetime.ts'
import { fileError } from './files/file-error.ts'
import { loadFlock } from './files/flock.ts'
import { collectGarbage } from './files/garbage.ts'
import { OpenFile } from './files/open-file.ts'
import { parseSavePath, pathOf } from './files/save-path.ts'
import { openLocked, type Place } from './files/session-file.ts'
import { Patience } from './patience.ts'
import { isLegalSessionId, type SaveHandler } from './save-handler.ts'
import { Turns } from './turns.ts'

/** What `phpFiles()` is told: what PHP's own configuration says. */
export interface PhpFilesOptions {
  /** PHP's `session.save_path`: `/path`, `N;/path` or `N;MODE;/path`. The empty one is the system's folder for temporary files. */
  readonly savePath: string
  /** PHP's `session.gc_maxlifetime`, which both sides should have alike. Default: 24 minutes, as in PHP. */
  readonly maxLifetime?: Duration
  /** How long a request waits for the lock before it fails with `ERR_SESSION_BUSY` (503). PHP waits for ever. Default: 5 seconds. */
  readonly lockWait?: Duration
}

/**
 * PHP's own session files, for a PHP with `session.save_handler=files` and for Node at the same time: the same names, modes and
 * owners, written in place under the same flock(2).
 *
 * Other than PHP it looks at a session's age when it opens it, deletes a session while it has the lock, so that a PHP that waits
 * for it finds it empty rather than still signed in, never keeps working on a file that was deleted, and has a deadline.
 *
 * PHP and Node have to run as the same user, since the files are that user's alone. With the optional peer `koffi` a free lock
 * costs a microsecond, and a taken one a run of flock(1) (util-linux) that stands in line, in 0.2 ms of this thread's time.
 * Without `koffi` every lock costs such a run, started by `node:child_process`: 1 to 3 ms, and more the more memory the process
 * has. Throws on Windows, which has no flock(2).
 *
 * @example
 * const sessions = new PhpSessions({ saveHandler: phpFiles({ savePath: '/var/lib/php/sessions' }) })
 */
export function phpFiles(options: PhpFilesOptions): SaveHandler {
  if (process.platform === 'win32') throw new Error('phpFiles needs flock(2), which Windows has not')
  const savePath = parseSavePath(options.savePath)
  const maxLifetimeMs = milliseconds('maxLifetime', options.maxLifetime ?? '24m')
  const lockWaitMs = milliseconds('lockWait', options.lockWait ?? '5s')
  const turns = new Turns()

  return {
    name: 'files',
    savePath: options.savePath,

    async open(id, { signal } = {}) {
      const place: Place = { directory: savePath.directory, path: pathOf(savePath, id), mode: savePath.mode }
      const patience = new Patience(lockWaitMs, signal)
      patience.check()
      const flock = await loadFlock()
      const leave = await turns.take(id, patience)
      let file: number | undefined
      try {
        const locked = await openLocked(place, flock, patience)
        file = locked.file
        return new OpenFile(place, locked, maxLifetimeMs, leave)
      } catch (error) {
        if (file !== undefined) fs.closeSync(file)
        leave()
        throw signal?.aborted && error === signal.reason ? error : fileError(savePath.directory, error)
      }
    },

    async exists(id) {
      if (!isLegalSessionId(id) || id.length <= savePath.depth) return false
      try {
        const stats = fs.lstatSync(pathOf(savePath, id), { throwIfNoEntry: false })
        return stats?.isFile() === true && Date.now() - stats.mtimeMs <= maxLifetimeMs
      } catch (error) {
        const told = fileError(savePath.directory, error)
        if (told instanceof TypeError) return false
        throw told
      }
    },

    async collectGarbage() {
      return collectGarbage(savePath, maxLifetimeMs, await loadFlock())
    },
  }
}
