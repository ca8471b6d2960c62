import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { testStore } from 'coatcheck/testing'
import { shelfStore } from './shelf-store.ts'

const shelves = mkdtempSync(join(tmpdir(), 'shelves-'))
after(() => rmSync(shelves, { recursive: true }))

testStore('shelf', () => shelfStore(mkdtempSync(join(shelves, 'shelf-'))), {
  processes: new URL('./open-shelf.ts', import.meta.url),
})
