import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

/** The library as it is, and as its next version will be that stores records in a new format and reads the present one. */
export type Name = 'old' | 'new'

export interface Version {
  readonly port: number
  /** Resolves when the process prints this line. To be asked for before it does. */
  printed(line: string): Promise<void>
}

const here = dirname(fileURLToPath(import.meta.url))

/** Where both versions come to lie as programs: built once, as users would get them. */
export async function buildVersions(folder: string): Promise<void> {
  for (const name of ['old', 'new'] as const) {
    await build({
      entryPoints: [join(here, 'application.ts')],
      outfile: join(folder, `${name}.mjs`),
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'warning',
      tsconfig: resolve('tsconfig.json'),
      plugins: name === 'new' ? [nextFormat] : [],
    })
  }
}

/** Raises the record's format by one, and adds a field that the old version knows nothing of. */
const nextFormat: Plugin = {
  name: 'next format',
  setup({ onLoad, onEnd }) {
    let isPatched = false
    onLoad({ filter: /[/\\]core[/\\]record-body\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8')
      const written = replaced(source, /^const format = 1$/gm, 'const format = 2')
      const contents = replaced(written, /(?<=^const readable: .* = )\[format\]$/gm, '[format, format - 1]')
      isPatched = true
      return { contents, loader: 'ts' }
    })
    onEnd(() => {
      if (!isPatched) throw new Error('src/core/record-body.ts was not in the bundle')
    })
  },
}

function replaced(source: string, old: RegExp, replacement: string): string {
  if (source.match(old)?.length === 1) return source.replace(old, replacement)
  throw new Error(`src/core/record-body.ts does not say ${old} once: tell this test how its format is raised now`)
}

/** Runs one version on a store until the test is over. */
export async function start(t: TestContext, programs: string, name: Name, store: string): Promise<Version> {
  const program = spawn(process.execPath, [join(programs, `${name}.mjs`), store], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(program, 'exit')
  t.after(async () => {
    program.stdin.end()
    await exited
  })
  const lines = createInterface(program.stdout)
  const [port] = await once(lines, 'line')
  return {
    port: Number(port),
    printed: (line) =>
      new Promise((done) => {
        lines.on('line', (printed) => printed === line && done())
      }),
  }
}
