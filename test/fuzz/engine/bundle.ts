import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

/** A fault to put into the library: one piece of one file's text, and what takes its place. */
export interface PlantedFault {
  readonly file: string
  readonly text: string
  readonly instead: string
}

const here = fileURLToPath(new URL('.', import.meta.url))
const root = resolve(here, '../../..')

/** A target, the loop around it and all of the library that it uses as one script: so the engine counts what runs of it in one place. */
export async function bundled<T>(
  target: string,
  faults: readonly PlantedFault[],
  use: (script: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-fuzz-'))
  try {
    const outfile = join(folder, `${target}.mjs`)
    const contents = `
      import { loop } from './loop.ts'
      import { open } from '../targets/${target}.ts'
      await loop(open, import.meta.url)`
    await build({
      stdin: { contents, resolveDir: here, loader: 'ts' },
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
      tsconfig: join(root, 'tsconfig.json'),
      logLevel: 'silent',
      plugins: [planting(faults)],
    })
    return await use(outfile)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function planting(faults: readonly PlantedFault[]): Plugin {
  return {
    name: 'planted faults',
    setup({ onLoad, onEnd }) {
      const isIn = new Set<string>()
      onEnd(() => {
        const missing = faults.find(({ file }) => !isIn.has(file))
        return missing && { errors: [{ text: `${missing.file} is no file that this target uses` }] }
      })
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const planted = faults.filter(({ file }) => join(root, file) === path)
        if (planted.length === 0) return undefined
        for (const { file } of planted) isIn.add(file)
        return { contents: planted.reduce(withFault, readFileSync(path, 'utf8')), loader: 'ts' }
      })
    },
  }
}

function withFault(source: string, { file, text, instead }: PlantedFault): string {
  const [before, after, ...more] = source.split(text)
  if (after === undefined || more.length > 0) {
    throw new Error(`the fault to be planted fits ${file} no longer, which should hold once: ${text}`)
  }
  return `${before}${instead}${after}`
}
