import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const corpus = fileURLToPath(new URL('../corpus', import.meta.url))

/** What is run again at every run for ever: inputs that have shown a fault once, and some that are worth beginning with. */
export function storedInputs(target: string): Uint8Array[] {
  const folder = join(corpus, target)
  return existsSync(folder)
    ? readdirSync(folder)
        .sort()
        .map((name) => readFileSync(join(folder, name)))
    : []
}

/** Returns where. */
export function storeInput(target: string, input: Uint8Array): string {
  const path = join(corpus, target, createHash('sha256').update(input).digest('hex').slice(0, 16))
  mkdirSync(join(corpus, target), { recursive: true })
  writeFileSync(path, input)
  return path
}
