import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { php } from '../needs.ts'
import type { Description } from './formats-description.ts'

export type FormatName = 'php' | 'php_serialize' | 'php_binary'

export type Request =
  | { readonly write: number; readonly format: FormatName }
  | { readonly read: string; readonly format: FormatName }

export interface Answer {
  readonly accepted?: boolean
  /** In base64. */
  readonly bytes?: string
  readonly session?: Description
}

/** All of them to one process of real PHP. With `classes`, it knows those of formats-classes.php. */
export function askPhp(requests: readonly Request[], { classes }: { readonly classes: boolean }): Answer[] {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-php-formats-'))
  try {
    const script = fileURLToPath(new URL('formats.php', import.meta.url))
    const { stdout, stderr, signal } = spawnSync(
      php().path,
      ['-d', 'serialize_precision=-1', script, folder, ...(classes ? ['classes'] : [])],
      {
        input: requests.map((request) => `${JSON.stringify(request)}\n`).join(''),
        maxBuffer: 2 ** 30,
        timeout: 600_000,
      },
    )
    const answers = stdout.toString().split('\n').slice(0, -1)
    if (answers.length !== requests.length) {
      const request = JSON.stringify(requests[answers.length])
      throw new Error(`PHP answered nothing to ${request}: ${signal ?? ''} ${stderr} ${answers.at(-1)?.slice(0, 300)}`)
    }
    return answers.map((line) => JSON.parse(line) as Answer)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
