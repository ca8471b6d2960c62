import fs from 'node:fs'
import { errorCode } from './file-system.ts'
import type { Layout } from './layout.ts'

/**
 * Makes the directories, 0700, or throws an Error that names the fix when others could add, replace or redirect files in them:
 * who can write there can sign in as anyone. Windows has no such modes; there the directory's access list must see to it.
 */
export function makeSafeDirectories(layout: Layout): void {
  try {
    makeSafe(layout.root, true)
    for (const path of [layout.records, layout.users, layout.expiry, layout.preparation]) makeSafe(path, false)
    fs.accessSync(layout.preparation, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK)
  } catch (cause) {
    const code = errorCode(cause)
    if (code === undefined) throw cause
    throw new Error(
      `fileStore: this process can't write to ${layout.root} (${code}); give it a directory of its own, on a file system that is not read-only`,
      { cause },
    )
  }
}

function makeSafe(path: string, recursive: boolean): void {
  let stats = fs.lstatSync(path, { throwIfNoEntry: false })
  if (!stats) {
    fs.mkdirSync(path, { recursive, mode: 0o700 })
    stats = fs.lstatSync(path)
    // Whatever the umask.
    if (stats.isDirectory() && !isWindows) fs.chmodSync(path, 0o700)
    stats = fs.lstatSync(path)
  }
  if (stats.isSymbolicLink()) {
    throw new Error(
      `fileStore: ${path} is a symbolic link, which can be pointed elsewhere; pass the directory it leads to`,
    )
  }
  if (!stats.isDirectory())
    throw new Error(`fileStore: ${path} is not a directory; pass one, or a path where it can make one`)
  if (isWindows) return
  const user = process.geteuid?.() ?? 0
  if (stats.uid !== user && stats.uid !== 0) {
    throw new Error(
      `fileStore: ${path} belongs to user ${stats.uid}, and this process is user ${user}; run: chown ${user} ${path}`,
    )
  }
  if ((stats.mode & 0o022) !== 0) {
    const mode = (stats.mode & 0o777).toString(8)
    throw new Error(
      `fileStore: others can write to ${path} (mode ${mode}) and so sign in as anyone; run: chmod 700 ${path}`,
    )
  }
}

const isWindows = process.platform === 'win32'
