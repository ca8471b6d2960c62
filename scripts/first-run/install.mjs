// Runs before anything is installed: Node's own modules only.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimes } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'

// What NODE_ENV=production leaves out is needed here, and no dependency needs its install scripts.
const npmArguments = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']

/**
 * Installs the dependencies exactly as locked, unless they are there. Started twice at once, the second waits for the first.
 * With everything in place it reads two files and touches no network.
 *
 * @param {string} root
 */
export async function install(root) {
  if (isInstalled(root)) return
  const release = await takeTurn(root)
  try {
    if (isInstalled(root)) return
    console.error('Installing the dependencies, once …')
    await npm(root)
    if (!isInstalled(root)) stop('npm ci has run, but the dependencies are still not what package-lock.json says.')
  } finally {
    release()
  }
}

/**
 * npm writes `node_modules/.package-lock.json` at the very end of an install, so an interrupted one has none.
 *
 * @param {string} root
 */
export function isInstalled(root) {
  const locked = packagesOf(join(root, 'package-lock.json'))
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'))
  if (!locked || !installed) return false
  const paths = Object.keys(locked).filter((path) => path !== '')
  return (
    paths.every((path) => (installed[path] ? isSame(locked[path], installed[path]) : isElsewhere(locked[path]))) &&
    Object.keys(installed).every((path) => locked[path] && existsSync(join(root, path, 'package.json')))
  )
}

/** @param {string} file */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

function isSame(locked, installed) {
  return locked.version === installed.version && locked.integrity === installed.integrity
}

/** An optional package for another machine. One for this machine is missing where node_modules was copied from another. */
function isElsewhere({ optional, os, cpu, libc }) {
  const fits = (names, name) => !names || names.includes(name)
  return (
    optional === true && !(fits(os, process.platform) && fits(cpu, process.arch) && (!libc || fits(libc, ourLibc())))
  )
}

function ourLibc() {
  process.report.excludeNetwork = true // or the report looks up the names of open connections
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl'
}

/** A folder is the lock: making it is atomic everywhere. Its owner keeps its time fresh, so one left behind is noticed. */
async function takeTurn(root) {
  const lock = join(root, '.install-lock')
  for (let isTold = false; ; ) {
    try {
      mkdirSync(lock)
      break
    } catch (error) {
      if (error.code !== 'EEXIST') {
        stop(
          `The dependencies are not installed, and can't be: ${root} can't be written to (${error.code}). Copy it to where it can.`,
        )
      }
    }
    if (isAbandoned(lock)) {
      discard(lock)
      continue
    }
    if (!isTold) console.error('Waiting for another install in this folder …')
    isTold = true
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  const heartbeat = setInterval(() => utimes(lock, new Date(), new Date(), () => {}), 1000)
  const release = () => {
    clearInterval(heartbeat)
    process.off('exit', release)
    rmSync(lock, { recursive: true, force: true })
  }
  process.on('exit', release)
  return release
}

function isAbandoned(lock) {
  const touched = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
  return touched !== undefined && Date.now() - touched > 10_000
}

/** Renaming first: of several who notice at once, one removes it. */
function discard(lock) {
  const mine = `${lock}-${process.pid}`
  try {
    renameSync(lock, mine)
  } catch {
    return
  }
  rmSync(mine, { recursive: true, force: true })
}

/** @param {string} root */
async function npm(root) {
  // Under `npm start` it is that same npm. Under another package manager, or none, it is the one on the path.
  const running = process.env.npm_execpath ?? ''
  const isNpm = /npm-cli\.js$/.test(running)
  const child = spawn(
    isNpm ? process.execPath : 'npm',
    isNpm ? [running, ...npmArguments] : npmArguments,
    // Its output goes to stderr: stdout belongs to what is started afterwards.
    { cwd: root, stdio: ['ignore', 2, 2], shell: !isNpm && process.platform === 'win32' },
  )
  let interruption
  const pass = (signal) => {
    interruption = signal
    child.kill(signal)
  }
  process.on('SIGINT', pass).on('SIGTERM', pass)
  const code = await new Promise((resolve) => {
    child.on('error', (error) => stop(`npm can't be started: ${error.message}`))
    child.on('close', resolve)
  })
  process.off('SIGINT', pass).off('SIGTERM', pass)
  if (interruption) {
    console.error('The install was interrupted. The next run starts it again.')
    process.exit(128 + constants.signals[interruption])
  }
  if (code !== 0) stop('The install failed; npm says why above. Only the first run needs the network.')
}

/** @param {string} sentence */
function stop(sentence) {
  console.error(sentence)
  process.exit(1)
}
