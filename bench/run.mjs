// npm run compare, npm run bench: installs what is missing, then runs bench/compare or bench/cost in this same process.
import '../scripts/first-run/node-version.mjs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { install } from '../scripts/first-run/install.mjs'
import { stopWithParent } from '../scripts/first-run/stop-with-parent.mjs'

const bench = dirname(fileURLToPath(import.meta.url))
const root = dirname(bench)
const name = process.argv[2] ?? ''
const entries = { compare: 'compare/main.ts', cost: 'cost/main.ts' }
if (!Object.hasOwn(entries, name)) {
  console.error(`Usage: node bench/run.mjs ${Object.keys(entries).join(' | ')}`)
  process.exit(1)
}

stopWithParent()
await install(root)
await install(bench)

process.chdir(root)
const { register } = await import('tsx/esm/api')
register()
await import(pathToFileURL(join(bench, entries[name])).href)
