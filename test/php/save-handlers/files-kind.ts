import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { phpFiles } from 'coatcheck/php/files'
import { php } from '../../needs.ts'
import type { Kind } from './sharing.ts'

export const inFiles: Omit<Kind, 'title' | 'imports' | 'times'> = {
  skip: php().skip,
  async open(test) {
    const files = mkdtempSync(join(tmpdir(), 'coatcheck-php-files-'))
    test.after(() => rmSync(files, { recursive: true, force: true }))
    return { where: { files }, handler: phpFiles({ savePath: files, lockWait: '60s' }) }
  },
}
