import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files of a folder and its folders: relative path and text. */
export function filesOf(directory: string): { readonly path: string; readonly text: string }[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => existsSync(path))
    .map((path) => ({ path: path.slice(directory.length + 1), text: readFileSync(path, 'latin1') }))
}
