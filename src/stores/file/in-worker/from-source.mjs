// Starts the worker from its source: made JavaScript once per change, as few Node versions read TypeScript in threads and
// making it takes longer than most tests. Not part of the package.
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, renameSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const source = new URL('../../../', import.meta.url)
const changes = readdirSync(source, { recursive: true, encoding: 'utf8' }).map(
  (name) => statSync(new URL(name, source), { throwIfNoEntry: false })?.mtimeMs ?? 0,
)
const made = new URL(`../node_modules/.cache/coatcheck/file-store-worker-${Math.max(...changes)}.mjs`, source)
if (!existsSync(made)) {
  const { buildSync } = await import('esbuild')
  const outfile = fileURLToPath(new URL(randomUUID(), made))
  const entryPoints = [fileURLToPath(new URL('file-store-worker.ts', import.meta.url))]
  buildSync({ entryPoints, outfile, bundle: true, sourcemap: 'inline', format: 'esm', platform: 'node' })
  renameSync(outfile, made)
}
await import(made.href)
