import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const bench = fileURLToPath(new URL('..', import.meta.url))

/**
 * The servers as JavaScript, in a folder from which Node finds their packages: tsx, which keeps every function's name by a
 * call at run time, would be measured with what it runs.
 */
export async function compile(files: readonly string[]): Promise<string> {
  const cache = join(bench, 'node_modules', '.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'cost-'))
  await build({
    entryPoints: ['process', ...files.map((file) => `servers/${file}`)].map((file) =>
      join(bench, 'cost', `${file}.ts`),
    ),
    outdir: folder,
    outbase: join(bench, 'cost'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
    tsconfig: join(bench, '..', 'tsconfig.json'),
  })
  return folder
}
