// npm run check:package: packs what would be published and looks at it as its users will.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

interface Manifest {
  readonly name: string
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

class Fault extends Error {}

/** What the core may weigh, minified and gzipped without devalue: no browser loads it, but it must not grow unnoticed. */
const bound = 20.5 * 1024

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.keys(manifest.exports).filter((entry) => entry !== './package.json')
const names = entries.map((entry) => manifest.name + entry.slice(1))
const temporary = mkdtempSync(join(tmpdir(), 'package-'))

try {
  const tarball = pack()
  title('publint and attw')
  tool('publint', 'run', tarball, '--strict')
  run(join(root, 'node_modules', '.bin', 'attw'), [tarball, '--profile', 'esm-only'], { quiet: true })
  title('what is inside')
  checkFiles(tarball)
  title('a blank ESM project')
  const project = blankProject('module', tarball)
  runIn(project, 'index.mjs', importAll())
  runIn(project, 'worker.mjs', useWorker())
  run(join(project, 'node_modules', '.bin', 'coatcheck'), ['audit', '--help'], { quiet: true })
  checkTypes(project)
  title('a blank CommonJS project')
  runIn(blankProject('commonjs', tarball), 'index.cjs', requireAll())
  title('size, minified and gzipped, without devalue')
  await checkSizes(project)
} catch (error) {
  console.error(error instanceof Fault ? error.message : error)
  process.exitCode = 1
} finally {
  rmSync(temporary, { recursive: true, force: true })
}

function pack(): string {
  title('npm pack')
  run('npm', ['pack', '--pack-destination', temporary, '--loglevel=error'])
  const file = readdirSync(temporary).find((name) => name.endsWith('.tgz'))
  if (!file) throw new Fault('npm pack has made no tarball')
  return join(temporary, file)
}

function checkFiles(tarball: string): void {
  const files = run('tar', ['-tzf', tarball], { quiet: true }).split('\n').filter(Boolean)
  const paths = new Set(files.map((file) => file.replace(/^package\//, './')))
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : [target.types, target.default],
  )
  const worker = './dist/stores/file/in-worker/file-store-worker.js'
  const missing = [...targets, worker, './LICENSE', './README.md'].filter((path) => !paths.has(path))
  const unwanted = [...paths].filter((path) => /\.test\.|^\.\/(demo|test|bench|scripts|sessions)\//.test(path))
  if (missing.length) throw new Fault(`The package lacks ${missing.join(', ')}`)
  if (unwanted.length) throw new Fault(`The package should not hold ${unwanted.join(', ')}`)
  console.log(`${paths.size} files; every export is there`)
}

/** An empty project with the tarball and its optional peers. */
function blankProject(type: 'module' | 'commonjs', tarball: string): string {
  const folder = join(temporary, type)
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'blank', private: true, type }))
  const peers = Object.entries(manifest.devDependencies)
    .filter(([name]) => name in manifest.peerDependencies || name === '@types/node')
    .map(([name, version]) => `${name}@${version}`)
  const options = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  run('npm', ['install', ...options, tarball, ...peers], { cwd: folder })
  return folder
}

/** The one entry that starts a file of the package by its path. */
function useWorker(): string {
  return `
  import { fileStore } from 'coatcheck/stores/file'
  const store = fileStore('./sessions', { thread: 'worker' })
  const options = { now: Date.now(), signal: new AbortController().signal }
  const record = { id: 'a'.repeat(64), version: 'one', expiresAt: options.now + 60_000, lastSeenAt: options.now, body: Buffer.from('body') }
  const written = await store.write(record, undefined, options)
  const { version } = await store.read(record.id, options)
  await store.close()
  console.log('a store in a worker', written.ok, version)
  if (!written.ok || version !== 'one') process.exitCode = 1
`
}

function importAll(): string {
  return names
    .map((name) => `console.log('import', '${name}', Object.keys(await import('${name}')).join(' '))`)
    .join('\n')
}

function requireAll(): string {
  return names.map((name) => `console.log('require', '${name}', Object.keys(require('${name}')).join(' '))`).join('\n')
}

function runIn(project: string, file: string, code: string): void {
  writeFileSync(join(project, file), code)
  run(process.execPath, ['--trace-warnings', file], { cwd: project })
}

/** The declarations themselves are checked, as a strict user without `skipLibCheck` would. */
function checkTypes(project: string): void {
  const code = names.map((name, index) => `export * as entry${index} from '${name}'`).join('\n')
  writeFileSync(join(project, 'index.ts'), code)
  const options = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--types', 'node']
  tool('tsc', ...options, join(project, 'index.ts'), '--ignoreConfig')
}

async function checkSizes(project: string): Promise<void> {
  for (const [entry, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'string') continue
    const { outputFiles } = await build({
      entryPoints: [join(project, 'node_modules', manifest.name, target.default)],
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      platform: 'node',
      packages: 'external',
    })
    const size = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
    console.log(`${entry.padEnd(24)}${(size / 1024).toFixed(2).padStart(8)} KB`)
    if (entry === '.' && size > bound) throw new Fault(`The core is ${size} bytes, over the bound of ${bound}`)
  }
}

function tool(name: string, ...args: string[]): void {
  run(join(root, 'node_modules', '.bin', name), args)
}

/** `quiet`: what it prints is returned, and shown when it fails. */
function run(command: string, args: readonly string[], { cwd = root, quiet = false } = {}): string {
  const { status, stdout, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (quiet && status !== 0) console.log(stdout)
  if (error || status !== 0) throw new Fault(`${command} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}`)
  return stdout ?? ''
}

function title(text: string): void {
  console.log(`\n${text}`)
}
