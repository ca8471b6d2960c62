import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from '../../../core/store.ts'
import { sqliteStore } from '../index.ts'
import type { Driver } from './drivers.ts'

export type OpenSpace = (space: string) => Store

/** As `testStore` wants it of a module that its processes load. */
export function spaceOpenedBy(driver: Driver): OpenSpace {
  return (space) => {
    const database = driver.open(pathOf(space))
    const store = sqliteStore(database)
    const close = async (): Promise<void> => {
      await store.close()
      database.close()
    }
    return { ...store, close }
  }
}

export function removeSpace(space: string): void {
  for (const suffix of ['', '-wal', '-shm']) fs.rmSync(`${pathOf(space)}${suffix}`, { force: true })
}

function pathOf(space: string): string {
  return join(tmpdir(), `coatcheck-sqlite-${space}.db`)
}
