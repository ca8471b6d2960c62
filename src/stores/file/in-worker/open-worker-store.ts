// Opens one directory in several processes, each in a worker of its own, for the store contract.
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FileStore, fileStore } from '../index.ts'

export default function open(space: string): FileStore {
  return fileStore(directoryOf(space), { thread: 'worker' })
}

export function remove(space: string): void {
  rmSync(directoryOf(space), { recursive: true, force: true })
}

function directoryOf(space: string): string {
  return join(tmpdir(), `coatcheck-worker-store-${space}`)
}
