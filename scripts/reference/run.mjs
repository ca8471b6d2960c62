// npm run reference: writes docs/reference from the docstrings of every public name. `npm run reference -- --check` writes
// nothing, and fails where the pages are not what the source gives, or a public name has no docstring.
//
// TypeDoc needs a TypeScript with an interface of its own, which version 7 has not: hence a package of its own.
import '../first-run/node-version.mjs'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { install } from '../first-run/install.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(dirname(here))
const folder = join(root, 'docs', 'reference')

await install(here)
const { reference } = await import('./reference.mjs')
const { pages, undocumented } = await reference(root)

const committed = committedPages()
const stale = [...new Set([...pages.keys(), ...committed.keys()])].filter(
  (name) => pages.get(name) !== committed.get(name),
)
const faults = undocumented.map((name) => `${name} has no docstring`)
if (process.argv.includes('--check')) {
  for (const name of stale) faults.push(`docs/reference/${name} is not what the source gives: npm run reference`)
} else if (stale.length > 0) {
  rmSync(folder, { recursive: true, force: true })
  for (const [name, text] of pages) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}
for (const fault of faults) console.error(fault)
console.log(`${pages.size} pages of reference: ${faults.length} faults`)
process.exitCode = faults.length > 0 ? 1 : 0

function committedPages() {
  let names = []
  try {
    names = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.md'))
  } catch {
    // There is none yet.
  }
  return new Map(names.map((name) => [name.replaceAll('\\', '/'), readFileSync(join(folder, name), 'utf8')]))
}
