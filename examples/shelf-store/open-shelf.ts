// How other processes open the store: one directory for each name.
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from 'coatcheck'
import { shelfStore } from './shelf-store.ts'

export default function open(space: string): Store {
  return shelfStore(directoryOf(space))
}

export function remove(space: string): void {
  rmSync(directoryOf(space), { recursive: true, force: true })
}

function directoryOf(space: string): string {
  return join(tmpdir(), `shelf-${space}`)
}
