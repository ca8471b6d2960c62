import assert from 'node:assert/strict'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { runNode } from './running.ts'

/** An npm that writes down how it was called, and installs the one package there is. */
const standInNpm = `
  const { appendFileSync, mkdirSync, rmSync, writeFileSync, readFileSync, existsSync } = require('node:fs')
  appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n')
  if (existsSync('fails')) process.exit(7)
  rmSync('node_modules', { recursive: true, force: true })
  mkdirSync('node_modules/a', { recursive: true })
  writeFileSync('node_modules/a/package.json', '{}')
  setTimeout(() => {
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
    delete packages['']
    delete packages['node_modules/for-another-system']
    writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }))
  }, existsSync('is-slow') ? 60_000 : 300)
`
const call = 'ci --include=dev --ignore-scripts --no-audit --no-fund --loglevel=error\n'

describe('the install that npm start and npm test begin with', () => {
  let root: string

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'first-run-'))
    cpSync('scripts/first-run', join(root, 'first-run'), { recursive: true })
    writeFileSync(join(root, 'npm-cli.js'), standInNpm)
    writeLock('1.0.0')
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  it('installs what is missing, and what NODE_ENV=production would leave out', async () => {
    const { code, output } = await install({ NODE_ENV: 'production' }).ended
    assert.equal(code, 0, output)
    assert.equal(calls(), call)
    assert.equal(existsSync(join(root, '.install-lock')), false)
  })

  it('does not call npm when all is there', async () => {
    await install().ended
    assert.deepEqual(await install().ended, { code: 0, signal: null, output: '' })
    assert.equal(calls(), call)
  })

  it('starts again after an interrupted install', async () => {
    mkdirSync(join(root, 'node_modules', 'a'), { recursive: true })
    await install().ended
    assert.equal(calls(), call)
  })

  it('installs again when the lockfile has changed, or a package was removed by hand', async () => {
    await install().ended
    writeLock('1.0.1')
    await install().ended
    assert.equal(calls(), call.repeat(2))
    rmSync(join(root, 'node_modules', 'a'), { recursive: true })
    await install().ended
    assert.equal(calls(), call.repeat(3))
  })

  it('runs once when started twice at the same time', async () => {
    const ended = await Promise.all([install().ended, install().ended])
    assert.deepEqual(
      ended.map(({ code }) => code),
      [0, 0],
    )
    assert.equal(calls(), call)
  })

  it('does not wait for an install that was killed', async () => {
    const lock = join(root, '.install-lock')
    mkdirSync(lock)
    const aMinuteAgo = new Date(Date.now() - 60_000)
    utimesSync(lock, aMinuteAgo, aMinuteAgo)
    assert.equal((await install().ended).code, 0)
    assert.equal(existsSync(lock), false)
  })

  it('passes an interruption on to npm, says so and lets the next one in', { skip: windows() }, async () => {
    writeFileSync(join(root, 'is-slow'), '')
    const running = install()
    await running.printed(/Installing/)
    while (!existsSync(join(root, 'calls'))) await new Promise((resolve) => setImmediate(resolve))
    running.process.kill('SIGTERM')
    const { code, output } = await running.ended
    assert.equal(code, 143)
    assert.match(output, /The install was interrupted\. The next run starts it again\./)
    assert.equal(existsSync(join(root, '.install-lock')), false)
  })

  it('ends with a sentence when npm fails', async () => {
    writeFileSync(join(root, 'fails'), '')
    const { code, output } = await install().ended
    assert.equal(code, 1)
    assert.match(output, /The install failed; npm says why above/)
    assert.equal(existsSync(join(root, '.install-lock')), false)
  })

  it('ends with a sentence where nothing can be written', { skip: windows() }, async () => {
    chmodSync(root, 0o555)
    // The superuser may write to any folder, so a test that runs as root becomes somebody else.
    const { code, output } = await install({}, 'if (process.getuid() === 0) process.setuid(65534)').ended
    assert.equal(code, 1)
    assert.equal(
      output,
      `The dependencies are not installed, and can't be: ${root} can't be written to (EACCES). Copy it to where it can.\n`,
    )
  })

  function install(env: NodeJS.ProcessEnv = {}, beforehand = '') {
    const module = pathToFileURL(join(root, 'first-run', 'install.mjs'))
    const code = `${beforehand}\nconst { install } = await import('${module}')\nawait install(${JSON.stringify(root)})`
    return runNode(['--input-type=module', '--eval', code], {
      cwd: root,
      env: { ...env, npm_execpath: join(root, 'npm-cli.js') },
    })
  }

  function writeLock(version: string): void {
    const packages = {
      '': {},
      'node_modules/a': { version },
      'node_modules/for-another-system': { version: '1.0.0', optional: true, os: ['none'] },
    }
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages }))
  }

  function calls(): string {
    return readFileSync(join(root, 'calls'), 'utf8')
  }
})

function windows(): string | undefined {
  return process.platform === 'win32' ? 'Windows has neither signals nor modes' : undefined
}
