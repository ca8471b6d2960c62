// npm test: installs what is missing, then runs the test files.
//   npm test -- src/core                          those whose path contains one of the words
//   npm test -- --test-name-pattern=destroyed     options go to Node's test runner
import './first-run/node-version.mjs'
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import os from 'node:os'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { install } from './first-run/install.mjs'
import { stopWithParent } from './first-run/stop-with-parent.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const given = process.argv.slice(2)
const words = given.filter((argument) => !argument.startsWith('-'))
const options = given.filter((argument) => argument.startsWith('-'))

stopWithParent()
const files = testFiles(root).filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
if (files.length === 0) {
  console.error(words.length ? `No test file's path contains ${words.join(' or ')}.` : 'There is no test file.')
  process.exit(1)
}
await install(root)
run(files)

/** Node 20's runner finds no TypeScript by itself, and calls that a success. */
function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules' && name !== 'dist')
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return testFiles(path)
      return /\.test\.tsx?$/.test(entry.name) ? [relative(root, path).split(sep).join('/')] : []
    })
    .sort()
}

/** In memory where there is room: a busy disk makes the races of the file store wait for it, and shows nothing more. */
function temporaryFolder() {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm')
    if (bavail * bsize > 2 ** 32) return mkdtempSync('/dev/shm/coatcheck-tests-')
  } catch {
    // No such file system here.
  }
  return mkdtempSync(join(os.tmpdir(), 'coatcheck-tests-'))
}

function run(files) {
  const folder = temporaryFolder()
  chmodSync(folder, 0o711) // some tests look at it as another user
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env // set when a test runs this script: Node would skip our tests
  const watched = watchForLeaks(folder, environment)
  const isGroup = process.platform !== 'win32'
  const runner = spawn(
    process.execPath,
    [
      '--import=tsx',
      '--test',
      `--test-concurrency=${os.availableParallelism()}`,
      '--test-timeout=120000', // on Node 20 it is each file's, later each test's too
      `--test-reporter=${pathToFileURL(join(root, 'scripts', 'test-reporter.mjs'))}`,
      '--test-reporter-destination=stdout',
      ...options,
      ...files,
    ],
    {
      cwd: root,
      env: { ...environment, NODE_ENV: 'test', TMPDIR: folder },
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: isGroup, // a process group of its own: whatever a test has started ends with it
    },
  )
  const kill = (signal) => {
    try {
      isGroup ? process.kill(-runner.pid, signal) : runner.kill(signal)
    } catch {
      // Nobody is left.
    }
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      kill(signal)
      setTimeout(kill, 3000, 'SIGKILL').unref()
    })
  }
  runner.on('exit', async (code, signal) => {
    kill('SIGKILL')
    process.exitCode = signal ? 128 + os.constants.signals[signal] : (code ?? 1)
    if (watched && !(await isFreeOfLeaks(watched))) process.exitCode ||= 1
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
}

/** Has every process of the run write down which tickets it issues, and what it shows (test/leaks/watch.cjs). */
function watchForLeaks(folder, environment) {
  const watch = join(root, 'test', 'leaks', 'watch.cjs')
  // A test that runs this script is watched already; a copy of scripts/ has no tests of ours.
  if (environment.COATCHECK_LEAK_WATCH || !existsSync(watch)) return undefined
  const watched = join(folder, 'leaks')
  mkdirSync(watched)
  environment.COATCHECK_LEAK_WATCH = watched
  environment.NODE_OPTIONS = `${environment.NODE_OPTIONS ?? ''} --require=${JSON.stringify(watch)}`.trim()
  return watched
}

async function isFreeOfLeaks(watched) {
  const { judge, report } = await import('../test/leaks/judge.mjs')
  const { isClean, lines } = report(judge(watched), { isWhole: given.length === 0 })
  for (const line of lines) console.error(line)
  return isClean
}
