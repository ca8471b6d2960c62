import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { testStore } from '../../../testing/index.ts'
import { fileStore } from '../index.ts'

const parent = fs.mkdtempSync(join(tmpdir(), 'coatcheck-file-store-worker-'))
after(() => fs.rmSync(parent, { recursive: true, force: true }))

let count = 0

testStore('file, in a worker', () => fileStore(join(parent, `${++count}`), { thread: 'worker' }), {
  processes: new URL('./open-worker-store.ts', import.meta.url),
})
