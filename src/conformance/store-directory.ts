import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Application } from './application.ts'

/** The files below the store's directory, sorted; none where the description names no directory. */
export function recordFiles({ description: { storeDirectory } }: Application): string[] {
  return storeDirectory === undefined ? [] : filesBelow(storeDirectory)
}

export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(directory, entry.name)
      return entry.isDirectory() ? filesBelow(path) : [path]
    })
    .sort()
}
